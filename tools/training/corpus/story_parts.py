"""Parts of stories. Slots: hero, he, him, his, friend (an animal), pal (its name), home, thing, lost (the wish), town."""

# ruff: noqa: E501  a template stays on one line

BEGINNINGS = [
    "Once upon a time, there was a [little|young|<kind>] <child> called <hero>, who lived in <home>. <He> had a <colour> coat, a <kind> heart and one great wish: <he> wanted to find the <thing>.",
    "Once upon a time, in <home>, there lived a <kind> [young <job>|child] whose name was <hero>. Everybody in the place knew <him>, because <he> [sang all day long|helped everyone|asked a thousand questions].",
    "Once upon a time, there was <home>, and in it lived a <child> called <hero>. [<He> had no brother and no sister|Nobody there was as <kind> as <hero>], but the [birds|cats|children] of the place knew <his> voice, because <he> sang all day long.",
    "Once upon a time, a long way from here, a [poor|<kind>] <job> lived with a child called <hero> in <home>. They had [little money|only one cow|no more than a small garden], but they were <mood>, and every evening they told each other stories.",
]
REASONS = [
    'One morning <hero> woke up, and the <thing> of the village was gone. Without it, nobody could [sleep|sing|laugh|find the way home]. "I will bring it back," said <hero>.',
    'One evening <his> grandmother told <him> about the <thing>. "It lies far behind the hills," she said, "and whoever finds it will never be lonely again." <hero> could not sleep that night.',
    'One day a letter came. There was only one line in it: "Find the <thing> before the first snow." Nobody knew who had written it. <hero> read it <small> times and put it into <his> pocket.',
    'Then came a hard <season>. The well was dry, the mill stood still, and the people were sad. "Only the <thing> can help us," said the oldest woman. <hero> stood up and said, "Then I will go and find it."',
]
DEPARTURES = [
    'So <hero> took some bread, <fruit> and a warm coat and set out. At the gate sat a <friend>. "My name is <pal>," said the <friend>. "May I come with you?" "Of course," said <hero>. "Two are better than one."',
    'Early the next day <hero> packed a bag, closed the door and went down the road. <pal> the <friend> ran behind <him>. "You will need a friend," said <pal>. <hero> laughed and said, "Then come along."',
    "Before the sun was up, <hero> and <pal> the <friend> were on their way. They did not know where the road would lead them, but they were not afraid.",
]
SONGS = [
    '"Step by step and day by day, we will surely find the way."',
    '"Over the hill and over the sea, come little friend and walk with me."',
    '"One for the moon and one for the sun, and one for the road till the day is done."',
    '"Sing, little river, sing us a song, the day is short and the road is long."',
    '"Heart be merry and feet be light, we will be home before the night."',
]
SINGING = [
    "And as they walked, they sang: <song>",
    "<hero> began to sing, and <pal> sang too: <song>",
    "They went on, and again they sang their song: <song>",
    "To keep up their courage, they sang: <song>",
    "Then <hero> and <pal> sang as they always did: <song>",
]
SCENES = [
    'After a while they came to a wide river. There was no bridge, and the water was cold. On the bank sat an old fisherman. "Please, can you take us to the other side?" asked <hero>. "I can," said the fisherman, "if you tell me a story." So <hero> told him about the people at home, and the old man [smiled|laughed|listened] and took them across.',
    'In the forest it was [dark|quiet], and the trees stood close together. "I am afraid," said <pal>. "Hold on to my coat," said <hero>. Then they saw a small light between the trees. It was a [firefly|lamp in a window], and it showed them the way until the trees were behind them.',
    'On the third day they met a [giant|bear] who was sitting on a stone and crying. "Why are you crying?" asked <hero>. "Nobody wants to play with me, because I am so big," said the [giant|bear]. <hero> and <pal> played with him until evening, and in return he carried them over the mountain.',
    'At noon they came to a market. There were <colour> cloths, baskets of <fruit> and a man who played the <instrument>. "Have you seen the <thing>?" asked <hero>. "No," said the man, "but ask the owl in the old tower. The owl knows everything."',
    'The owl lived at the top of an old tower with three hundred steps. They climbed and climbed. "Who are you?" asked the owl. "I am <hero>, and this is <pal>." The owl closed one eye. "The <thing> is not far," it said. "But you will only see it when you give something away."',
    'Then it began to rain. It rained all day and all night. They found a small hut, and in the hut there was an old woman. She gave them warm soup and dry blankets. "You are <kind> children," she said. "Take this <colour> thread. It will help you when you are lost."',
    'In the night a [fox|crow] came and stole their bread. <pal> ran after it, and <hero> ran after <pal>. They found the thief in a hollow tree with <small> hungry young ones. <hero> looked at them and said, "Keep the bread. You need it more than we do."',
    'The road went up, and the wind blew cold. Snow lay on the stones. "I cannot go on," said <pal>. So <hero> carried <pal> under <his> coat and counted the steps: one, two, three, four, five, six, seven. At the top they saw the whole land below them, and it was beautiful.',
    "They came to a town where nobody spoke. The people went through the streets and looked at the ground. <hero> said good morning to a child, and the child smiled. Then the child said good morning to a baker, and the baker said good morning to a postman. By evening the whole town was talking and laughing.",
    'On the shore lay an old boat. They pushed it into the water and sailed over the sea. A whale came up beside them. "Where are you going?" asked the whale. "To find the <thing>," said <hero>. "Then follow me," said the whale, and it swam in front of them until they saw land.',
    'Behind a wall there was a garden, and in the garden stood a tree with golden [apples|pears|plums]. A <colour> bird sat in it. "You may take one," said the bird, "but only one." <hero> took one and gave half of it to <pal>, and it was the best thing that they had ever eaten.',
    'In the afternoon they lost their way. Every path looked the same. <pal> smelled the ground and <hero> looked at the sky. "Let us wait for the stars," said <hero>. When it was dark, the stars came out, and the brightest one showed them where north was.',
    'At the foot of a hill they found a door. It was small and <colour>, and it was locked. <hero> knocked three times. "Who is there?" asked a voice. "A friend," said <hero>. "Then come in," said the voice, and the door opened by itself. Inside sat a mole, who was baking a cake.',
    'They slept in a barn on dry hay. In the middle of the night <hero> woke up. The moon shone through the roof. "Are you awake?" asked <pal>. "Yes," said <hero>. "I am thinking of home." "I am thinking of <fruit>," said <pal>. Then they laughed and slept until morning.',
    'A bridge hung over a deep valley, and on the bridge stood a goat. "Only those who can answer my question may pass," said the goat. "What becomes more when you share it?" <hero> thought for a long time. "Joy," <he> said. The goat nodded and let them pass.',
    'They met a tired <worker> who was pulling a heavy cart. "Let us help you," said <hero>. They pushed together, <hero> on the left and <pal> on the right, until the cart was at the top. "Thank you," said the <worker>. "Here is a <look> <treasure>. Perhaps you will need it."',
    'By the lake lived a frog who was a king, or so he said. "Bow before me," said the frog. <pal> laughed, but <hero> bowed. The frog was so pleased that he told them a secret: "Go to the place where the river is born, and look behind the water."',
    'They walked through a field of <colour> flowers. Bees hummed, and the sun was warm. <hero> lay down in the grass and looked at the clouds. "That one looks like a ship," said <hero>. "That one looks like a fish," said <pal>. It was a good day, and they were <mood>.',
    'In the evening they made a small fire and cooked <food>. A stranger came out of the dark. "May I sit with you?" he asked. They gave him a bowl and a place by the fire. In the morning the stranger was gone, but on the stone lay a <look> map.',
]
FINDS = [
    "At last they came to a cave behind a waterfall. Inside it was dark and still. Then something began to shine. It was the <thing>. <hero> held out <his> hands, and the <thing> was warm, as if it had waited for <him>.",
    'And there, under the oldest tree of the world, they found the <thing>. It was smaller than they had thought. "Is that all?" asked <pal>. "It is enough," said <hero>.',
    'On the last day of the journey an old man with a white beard opened a chest. In it lay the <thing>. "I have kept it for somebody who shares," he said. "You shared your bread, your song and your time. It is yours."',
]
ENDINGS = [
    "Then they went home, and the way home was much shorter than the way out. The people came out of their houses and sang. <hero> and <pal> stayed friends for the rest of their lives, and if you walk there on a quiet evening, you can still hear their song.",
    "When they came home, everybody danced, and there was <food> for all. <hero> gave the <thing> to the whole village, so that nobody was lonely any more. And they lived happily ever after.",
    "So <hero> learned that the best part of a journey is the friend who walks beside you. They put the <thing> on the table by the window, and every night it gave a soft light. And they lived happily ever after.",
]
