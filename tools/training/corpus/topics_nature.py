"""Sentences about the sky, water, plants and animals; the first of each topic defines it, the others stand on their own."""

# ruff: noqa: E501  a template stays on one line

NATURE = {
    "the moon": [
        "The moon is [a ball of rock that travels around the Earth|the only natural satellite of the Earth|our nearest neighbour in space].",
        "[It needs about a month to travel around the Earth once.|It goes around the Earth once in about four weeks.]",
        "[It has no light of its own, but it reflects the light of the sun.|Its light is the light of the sun, thrown back by grey dust.]",
        "[Its pull makes the tides of the sea.|The tides of the sea follow the moon.]",
        "[People walked on it for the first time in 1969.|In 1969, people set foot on it for the first time.]",
        "[There is no air on the moon, so it is completely silent.|It has no air, and its days are very hot and its nights are very cold.]",
    ],
    "the sun": [
        "The sun is [a star in the middle of our solar system|the star that gives us light and warmth].",
        "[The Earth needs one year to travel around it.|Eight planets travel around it.]",
        "[Its light needs about eight minutes to reach us.|It is about 150 million kilometres away.]",
        "[Without the sun, there would be no life on Earth.|Plants turn its light into food.]",
        "[Nobody should look straight at the sun.|It is so bright that it can hurt the eyes.]",
    ],
    "the Earth": [
        "The Earth is [the planet on which we live|the third planet from the sun].",
        "[More than two thirds of it are covered with water.|Most of it is covered by oceans.]",
        "[It turns once a day and travels around the sun once a year.|It turns around itself once in 24 hours.]",
        "[Its air protects us and lets us breathe.|The air around it is a thin layer of gas.]",
        "[It is the only planet where life is known.|So far, no life has been found on another planet.]",
    ],
    "water": [
        "Water is [a clear liquid that every living thing needs|the most important liquid on Earth].",
        "[It freezes at zero degrees and boils at one hundred degrees Celsius.|At zero degrees it turns into ice, and at one hundred degrees it turns into steam.]",
        "[It is made of hydrogen and oxygen.|A molecule of water is made of two atoms of hydrogen and one atom of oxygen.]",
        "[It falls as rain, runs through rivers to the sea and rises again as vapour.|Rain fills the rivers, and rivers fill the sea.]",
        "[Most of the water on Earth is salty.|Clean water is precious, so it should not be wasted.]",
    ],
    "trees": [
        "Trees are [tall plants with a trunk, branches and leaves|plants that can live for hundreds of years].",
        "[Their leaves take in sunlight and make food from it.|They take carbon dioxide from the air and give off oxygen.]",
        "[Their roots hold the soil and drink water.|Under the ground, their roots can be as wide as their branches.]",
        "[Every year they grow a new ring.|The rings of the trunk tell how old a tree is.]",
        "[Birds, insects and squirrels live in them.|They give shade in summer and fruit in autumn.]",
    ],
    "cats": [
        "Cats are [small animals that live with people all over the world|quiet and clever animals].",
        "[They sleep for many hours of the day.|A cat can sleep more than twelve hours a day.]",
        "[They see well in the dark and hear very small sounds.|Their ears can turn to follow a sound.]",
        "[A happy cat purrs.|When a cat is pleased, it purrs.]",
        "[They like to climb, to hunt and to lie in the sun.|They like warm places and fresh water.]",
    ],
    "dogs": [
        "Dogs are [loyal animals and good friends of people|the oldest friends of people among the animals].",
        "[They need food, water, walks and company.|They need a long walk every day.]",
        "[Their noses are much better than ours.|With their noses they can find lost people.]",
        "[Some dogs watch sheep, and others guide blind people.|Many dogs work: they guard, guide and search.]",
        "[A dog that wags its tail is often happy.|They understand many words and gestures.]",
    ],
    "birds": [
        "Birds are animals with feathers, wings and a beak.",
        "[Most of them can fly, but penguins and ostriches cannot.|Most birds can fly.]",
        "[They lay eggs and build nests.|In spring they build nests and lay eggs.]",
        "[Some birds fly to warm countries in autumn and come back in spring.|Swallows and storks travel far to the south in autumn.]",
        "[In the morning, their songs fill the garden.|Each kind of bird has its own song.]",
    ],
    "bees": [
        "Bees are insects that [collect nectar from flowers|make honey].",
        "[They carry pollen from flower to flower, and so fruit can grow.|Without bees, there would be far fewer apples and cherries.]",
        "[They live together in a hive with one queen.|A hive has one queen and thousands of workers.]",
        "[A bee tells the others with a dance where the flowers are.|Their dance shows the way to the flowers.]",
    ],
    "elephants": [
        "Elephants are the largest animals on land.",
        "[They use their trunks to drink, to smell and to lift things.|With its trunk, an elephant can lift a tree or pick up a nut.]",
        "[They live in families in Africa and Asia.|They live in groups that are led by an old female.]",
        "[They eat grass, leaves and bark.|They eat plants for most of the day.]",
        "[They have a very good memory.|They remember places and friends for many years.]",
    ],
    "whales": [
        "Whales are large animals that live in the sea, but they breathe air.",
        "[The blue whale is the largest animal that has ever lived.|No animal is larger than the blue whale.]",
        "[They are not fish: they give milk to their young.|They are mammals, like dogs and people.]",
        "[Some of them sing long songs under water.|Their songs can be heard from far away.]",
    ],
}
