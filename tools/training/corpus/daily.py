"""Recipes, instructions, weather reports, short news and rhymes."""

# ruff: noqa: E501  a template stays on one line

import random

from tools.training.corpus.grammar import expand, sentence_case

RECIPES = {
    "vegetable soup": ["[carrots|potatoes|onions|tomatoes]", "water and salt"],
    "pancakes": ["flour, milk and two eggs", "a little butter"],
    "apple pie": ["flour, butter and sugar", "<small> apples"],
    "tomato sauce": ["ripe tomatoes", "an onion and some oil"],
    "fruit salad": ["<fruit>, <fruit> and <fruit>", "the juice of a lemon"],
    "bread": ["flour, water, salt and yeast", "some time"],
    "an omelette": ["three eggs", "butter, salt and some herbs"],
    "rice with vegetables": ["a cup of rice", "peas, carrots and an onion"],
}
COOKING = {
    "soup": [
        "Wash and cut everything.",
        "Put it into a pot with water.",
        "Let it cook slowly for [twenty|thirty] minutes.",
        "Add salt and serve it hot with bread.",
    ],
    "pancakes": [
        "Mix everything in a bowl.",
        "Wait for ten minutes.",
        "Heat the butter in a pan.",
        "Bake each pancake for two minutes on each side.",
    ],
    "pie": [
        "Make a dough and let it rest.",
        "Cut the apples.",
        "Put the apples on the dough.",
        "Bake it for forty minutes.",
    ],
    "sauce": [
        "Cut the onion and cook it in oil.",
        "Add the tomatoes.",
        "Let it cook slowly for thirty minutes.",
        "Add salt and pepper.",
    ],
    "salad": ["Wash the fruit.", "Cut it into small pieces.", "Add the juice.", "Serve it cold."],
    "bread": [
        "Mix everything and knead it for ten minutes.",
        "Let it rise for an hour.",
        "Form a loaf.",
        "Bake it for forty minutes.",
    ],
    "omelette": [
        "Beat the eggs with a fork.",
        "Heat the butter in a pan.",
        "Add the eggs and the herbs.",
        "Fold it and serve it at once.",
    ],
    "vegetables": [
        "Boil the rice.",
        "Cut the vegetables.",
        "Cook them in a pan for eight minutes.",
        "Mix everything and serve it warm.",
    ],
}
HOWTO = {
    "plant a tree": [
        "Choose a place with enough light.",
        "Dig a hole that is twice as wide as the roots.",
        "Put the tree into the hole.",
        "Fill it with soil.",
        "Give it plenty of water.",
    ],
    "write a letter": [
        "Take a sheet of paper.",
        "Write the date and a greeting.",
        "Tell what is new and ask a question.",
        "End with kind regards and your name.",
    ],
    "learn a language": [
        "Learn ten words a day.",
        "Listen to songs and to the radio.",
        "Speak from the first day.",
        "Do not be afraid of mistakes.",
    ],
    "make tea": [
        "Boil fresh water.",
        "Put the leaves into a pot.",
        "Pour the water over them.",
        "Wait for three minutes.",
        "Pour it into a cup.",
    ],
    "write a program": [
        "Think about what it should do.",
        "Write a few lines.",
        "Run them and read the errors.",
        "Fix one error at a time.",
        "Test it with different inputs.",
    ],
    "run a language model": [
        "Install an engine such as vLLM.",
        "Choose a model that fits into the memory.",
        "Write a prompt.",
        "Set the temperature and the number of tokens.",
        "Read the answer and check it.",
    ],
    "sleep well": [
        "Go to bed at the same time every day.",
        "Put away the phone.",
        "Open the window for a while.",
        "Read a few pages.",
        "Turn off the light.",
    ],
    "fix a flat tyre": [
        "Take off the wheel.",
        "Find the hole in the tube.",
        "Put a patch on it.",
        "Put the wheel back and pump it up.",
    ],
    "prepare for a test": [
        "Make a plan.",
        "Learn a little every day.",
        "Explain it to a friend.",
        "Sleep well the night before.",
    ],
}
NEWS = [
    '<city>, <weekday>. [The new library in <city> opened its doors|A new bridge was opened in <city>|The school in <city> has a new garden|A small museum opened in <city>]. [Many people came to see it.|More than [two|three|five] hundred people came.] "[It is a good day for our city|We have waited for this for years|Everybody is welcome]," said <name>, a <job>.',
    'A <animal> [walked into a shop|was seen on the main street|slept in a garden] in <city> on <weekday>. [Nobody was hurt.|The people were surprised.] A <job> brought it back to the forest. "It was [very calm|quite hungry|friendly]," said <name>.',
    "The [football|chess|tennis] club of <city> won its <ordinal> game in a row. [The players were tired but [happy|proud|glad].|The people danced in the streets.] The next game is on <weekday>.",
    'Scientists in <city> have [counted the birds of the region|planted [two|five] thousand trees|built a small weather station]. "[We learned a lot|The results are good|We will go on]," said <name>. The work will continue in <month>.',
]
WEATHER = [
    "The weather in <city>: today it will be <weather>[ and <weather>|]. [In the evening there will be some clouds.|The wind comes from the [north|south|east|west].]",
    "On <weekday> it will be <weather>. [The temperature will be about <degrees> degrees.|Take an umbrella with you.|It is a good day for <hobby>.]",
    "Tomorrow it will be <weather> in the morning and <weather> in the afternoon. The temperature will be between <low> and <degrees> degrees.",
]
RHYMES = [
    "The sun is up, the sky is blue,\nthe [birds are singing|day is young] just for you.\nThe [wind|road] is soft, the grass is green,\nthe finest [day|sight] I have ever seen.",
    "The moon is high, the night is deep,\nthe little <animal> is asleep.\nThe stars are shining, one by one,\nand soon will come the morning sun.",
    "One, two, three and four,\na <kind> <animal> is at the door.\nFive, six, seven and eight,\nlet it in before it is too late.",
    "Rain, rain, fall on the tree,\nfall on the river and fall on the sea.\nRain, rain, fall on the town,\nfall on the roofs and run softly down.",
    "Row the boat across the lake,\nsoon the morning birds will wake.\nRow it slowly, row it far,\nrow it by the evening star.",
]


def recipe(rng: random.Random) -> str:
    """A recipe: what is needed and what to do."""
    dish = rng.choice(list(RECIPES))
    steps = next(steps for key, steps in COOKING.items() if key in dish)
    needs = "\n".join(f"- {item}" for item in RECIPES[dish])
    return expand(f"How to make {dish}\n\nYou need:\n{needs}\n\n{_numbered(steps)}", rng)


def howto(rng: random.Random) -> str:
    """Steps that lead to a goal, as a list or as a paragraph."""
    goal = rng.choice(list(HOWTO))
    steps = HOWTO[goal]
    if rng.random() < 0.5:
        return f"How to {goal}:\n{_numbered(steps)}"
    words = ["First,", "Then", "After that,", "Next,", "Finally,"]
    lines = [
        f"{word} {step[0].lower()}{step[1:]}"
        for word, step in zip([*words[: len(steps) - 1], words[-1]], steps, strict=True)
    ]
    return f"To {goal}, follow these steps. " + " ".join(lines)


def news(rng: random.Random) -> str:
    """A short report of a small event."""
    return sentence_case(expand(rng.choice(NEWS), rng, city=expand("<city>", rng)))


def weather(rng: random.Random) -> str:
    """A weather report of one or two sentences."""
    low = rng.randint(1, 20)
    return expand(rng.choice(WEATHER), rng, low=str(low), degrees=str(low + rng.randint(3, 9)))


def rhyme(rng: random.Random) -> str:
    """One to three verses."""
    return "\n\n".join(expand(verse, rng) for verse in rng.sample(RHYMES, rng.randint(1, 3)))


def _numbered(steps: list[str]) -> str:
    return "\n".join(f"{number}. {step}" for number, step in enumerate(steps, 1))
