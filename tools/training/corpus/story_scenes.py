"""More scenes of stories; the same slots as in ``story_parts``."""

# ruff: noqa: E501  a template stays on one line

MORE_SCENES = [
    'A <colour> balloon hung in a tree, and in its basket sat a [pilot|professor|painter] with a long scarf. "Can you cut the rope?" the stranger called. [<hero> climbed up|<pal> climbed up] and cut it. Then they all flew over the fields, and the houses below looked like toys.',
    'They heard somebody knock under the ground. "Who is there?" asked <hero>. "I am the [mole|badger] of this hill," said a voice, "and a stone lies on my door." They rolled the stone away. "You have good hands," said the animal, and it told them to turn left at the [old oak|broken bridge|mill].',
    'In the middle of the road lay a mirror. <pal> looked into it and saw [a lion|a king|a giant]. <hero> looked into it and saw <his> [grandmother|mother|grandfather], who waved. "It shows what we wish for," said <hero>. They left it there, because other people have wishes too.',
    'An old train stood on the rails, and grass grew between its wheels. "It has not moved for <small> years," said the driver. "What does it need?" asked <hero>. "A song," said the driver. So they sang, and slowly, very slowly, the wheels began to turn.',
    'They came to a school in the forest where a [crow|hedgehog|beaver] was the teacher. "How much is three and four?" asked the teacher. "Seven," said <hero>. "Very good," said the teacher. "And how much is a friend?" <hero> thought about it and said, "That is too much to count."',
    'The next valley was full of fog. They could not see their own feet. "Ring the bell," said a voice. <hero> found a bell and rang it <small> times. The fog rose, and behind it lay [a lake|a village|an orchard] in the sun.',
    'At a well sat a woman with <small> empty buckets. "The rope is too short," she said. <hero> took off <his> scarf and tied it to the rope. Then the rope was long enough, and the water was clear and cold. The woman gave them <food> and her blessing.',
    'A [baker|cook] was angry because his bread would not rise. "Perhaps it is sad," said <pal>. They sat down and told the bread a joke. First the [baker|cook] laughed, then <hero> laughed, and at last the bread rose until it touched the roof.',
    'On a wall slept a cat who had seen the whole world. "What is the best place?" asked <hero>. The cat opened one eye. "A warm stone in the morning," it said, "and somebody who comes home in the evening." Then it slept again.',
    'They had to cross a desert. The sand was hot, and there was no tree. On the second day they shared the last <fruit>. "Look," said <pal>, "a bird!" They followed the bird, and it led them to green grass and a spring.',
    'A child sat by the road with a broken [kite|flute|drum]. "I can mend it," said <hero>. It took the whole afternoon, a little wood and a long thread. When it was done, the child gave <him> a <look> button. "It is all I have," said the child. "Then it is worth a lot," said <hero>.',
    'The king of that land could not sleep. "I have counted all my sheep," he said, "and all my stars." <hero> sat down by his bed and hummed the old song of the road. The king fell asleep at once, and nobody made a noise until noon. When he woke up, he gave them two fast horses.',
    'There was an island where all clocks stood still. "What time is it?" asked <hero>. "It is always now," said the people. They swam, they ate <fruit> and they danced. But in the evening <pal> said, "Somebody is waiting for us," and they went on.',
    'A library stood on the top of a hill, and the wind turned the pages. The librarian was a very old [turtle|owl]. "Every road is written in a book," said the librarian. <hero> read all night. In the last book there was a drawing of the <thing>, and under it the words: not far now.',
    'In the evening they heard music. A [violin|flute|cello] played without a player. "Perhaps it is lonely," said <hero>. <pal> began to dance, and <hero> danced too. When the moon came up, the music stopped, and a soft voice said, "Thank you. Take the path by the river."',
    'A wall of ice closed the way. "We are too late," said <pal>. But <hero> put both hands on the ice and told it about [summer|the sea|the warm kitchen at home]. Drop by drop the ice began to melt, and in the morning there was a gate.',
]
