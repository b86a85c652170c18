"""Documents about people: introductions, offices, letters and small talks."""

# ruff: noqa: E501  a template stays on one line

import random

from tools.training.corpus.grammar import expand, some
from tools.training.corpus.lexicon import LEXICON

NAMES = LEXICON["name"]

OPENINGS = [
    "Hello, my name is <name>[ and I am a <job>|. I am a <job>| and I work as a <job>]"
    "[ from <city>|. I live in <city>|. I come from <city>|].",
    "Hello, my name is <name>[ and I live in <city>|. I am from <city>| and I come from <city>]. "
    "[I work as a <job>.|I am a <job>.|My job is to be a <job>, and I love it.]",
    "Hello, my name is <name>. [Nice to meet you!|It is nice to meet you.|I am happy to meet you.] "
    "[I am a <job> in <city>.|I am new in <city>.|I live in <city> with my <relative>.]",
    "Hello, my name is <name>[ and I am learning <language>| and I am studying <subject> in <city>| and I teach <subject> in <city>].",
]
DETAILS = [
    "I have [one brother|one sister|two brothers|two sisters|a <relative> who lives in <city>|a small family|a dog called Max|two cats].",
    "[I like|I love|I enjoy] <hobby> and <hobby>.",
    "[In my free time|At the weekend|On <weekday>s|After work], I [like|enjoy] <hobby>.",
    "[My favourite colour is <colour>|My favourite food is <food>|My favourite season is <season>|My favourite animal is the <animal>].",
    "[I speak <language> and a little <language>.|At the moment I am learning <language>.|I would like to learn the <instrument>.]",
    "[One day I want to travel to <city>.|Next <season> I will visit <city>.|I dream of a house by the sea.]",
    "[My friends say that I am <kind>.|People say that I am <kind> and <kind>.|I try to be <kind>.]",
]
CLOSINGS = [
    "",
    "",
    "[Nice to meet you!|I look forward to meeting you.|What about you?|What is your name?|How are you today?]",
]

OFFICES = {
    "The president of the United States": [
        "is [the head of state and the head of the government|elected for four years|the head of the executive branch|"
        "chosen in an election that takes place every four years|elected by the people through the Electoral College].",
        "[The president lives and works in the White House in Washington.|The White House in Washington is the president's home and office.]",
        "[A president can be elected only twice.|Nobody may be elected president more than twice.]",
        "[Congress makes the laws, and the president signs them or sends them back.|New laws are passed by Congress and signed by the president.]",
        "[The president is also the commander in chief of the armed forces.|The president also commands the armed forces.]",
        "[The first president was George Washington.|George Washington was the first to hold the office.]",
    ],
    "The prime minister of the United Kingdom": [
        "is the head of the government[ and usually leads the largest party in Parliament|].",
        "[The office is at 10 Downing Street in London.|The prime minister works at 10 Downing Street.]",
        "The head of state is the king or the queen.",
    ],
    "The president of France": [
        "is [the head of state|elected by the people for five years].",
        "[The president works in the Elysee Palace in Paris.|The Elysee Palace in Paris is the president's home.]",
        "The president names the prime minister.",
    ],
    "The mayor of a city": [
        "is [the head of the city|chosen by the people of the city].",
        "[The mayor works in the town hall.|The town hall is the mayor's office.]",
        "[A good mayor listens to everybody.|The mayor looks after schools, roads and parks.]",
    ],
    "The chancellor of Germany": [
        "is the head of the government[ and is elected by the parliament|].",
        "The parliament of Germany is called the Bundestag and sits in Berlin.",
    ],
}

LETTER = [
    "Dear <to>,\n\n[thank you for your letter|thank you very much for the <treasure>|I hope that you are well].",
    "[Here in <city> it is <weather>|The weather in <city> has been <weather>|It is <season> here and the days are <weather>].",
    "[Yesterday I went to the market and bought <fruit>.|Last <weekday> my <relative> came to visit.|I have a new job as a <job>.|We had a big dinner with <food>.]",
    "[In the evenings I spend my time with <hobby>.|I am reading a good book about <subject>.|I have started with <hobby>, and it is fun.]",
    "[Please visit me in <month>.|When will you come to <city>?|I hope to see you in <season>.|Please write soon.]",
]

TALK_TOPICS = [
    (
        "What did you do [yesterday|on <weekday>|at the weekend]?",
        "I [visited my <relative>|was at home and read a book|made <food>|went for a walk by the river].",
    ),
    (
        "[Are you hungry?|Would you like to eat?]",
        "[Yes, I would love some <food>.|Yes, please. Is there any <food>?|No, thank you, I had <food>.]",
    ),
    ("How is the weather[ today|]?", "It is <weather> [and quiet|today|but pleasant]."),
    ("Where is my <treasure>?", "It is [on the table|under the chair|behind the door|next to the window]."),
    ("Do you like <hobby>?", "[Yes, I do. It makes me happy.|A little, but I prefer <hobby>.|Yes, very much!]"),
    ("When does the train to <city> leave?", "It leaves at <small> o'clock[, from platform <small>|]."),
    (
        "Can you help me[ with the garden| with my homework| in the kitchen|]?",
        "[Of course. I am glad to help.|Yes, in a minute.|Of course. What can I do?]",
    ),
]


def introduction(rng: random.Random) -> str:
    """A person says hello and tells one to four things; every name is equally likely."""
    name, job = expand("<name>", rng), expand("<job>", rng)
    parts = [rng.choice(OPENINGS), *rng.sample(DETAILS, rng.randint(1, 4)), rng.choice(CLOSINGS)]
    return expand(" ".join(parts), rng, name=name, job=job)


def portrait(rng: random.Random) -> str:
    """A third person is described; the pronoun and the name stay the same."""
    girl = rng.random() < 0.5
    words = {"he": "she", "his": "her"} if girl else {"he": "he", "his": "his"}
    name = expand("<girl>" if girl else "<boy>", rng)
    parts = [
        "<name> is a <kind> <job> from <city>.",
        "[Every morning|Every <weekday>|In <season>] <he> [makes <food> for <his> <relative>|takes a long walk|reads for an hour].",
        "<His> [favourite hobby is <hobby>|house is small and has a <colour> door|<relative> lives in <city>].",
        "[Everybody likes <name>|People trust <name>], because <he> is <kind>[ and <kind>|].",
        "[One day <he> wants to see <city>.|Next year <he> will learn the <instrument>.|In the evening <he> is tired but <mood>.]",
    ]
    return expand(" ".join(some(parts, rng, at_least=3, at_most=5)), rng, name=name, His=words["his"].title(), **words)


def office(rng: random.Random) -> str:
    """What an office means; timeless statements, never the person who holds it."""
    weights = [6, 1, 1, 1, 1]
    title = rng.choices(list(OFFICES), weights)[0]
    first, *rest = OFFICES[title]
    return expand(" ".join([f"{title} {first}", *some(rest, rng, at_least=0, at_most=4)]), rng)


def letter(rng: random.Random) -> str:
    """A letter between two friends."""
    to, sender = rng.sample(NAMES, 2)
    body = " ".join([LETTER[0], *some(LETTER[1:], rng, at_least=2, at_most=4)])
    end = "\n\n[Best wishes|Yours|With love|Kind regards|See you soon],\n" + sender
    return expand(body + end, rng, to=to)


def talk(rng: random.Random) -> str:
    """A small talk of two to four questions with answers."""
    one, two = rng.sample(NAMES, 2)
    lines = []
    for question, answer in rng.sample(TALK_TOPICS, rng.randint(2, 4)):
        lines += [f"{one}: {expand(question, rng)}", f"{two}: {expand(answer, rng)}"]
    return "\n".join(lines)
