"""Sums, counting, lists, opposites, days and months."""

# ruff: noqa: E501  a template stays on one line

import random

from tools.training.corpus.grammar import expand
from tools.training.corpus.lexicon import words

DIGITS = words("zero one two three four five six seven eight nine ten eleven twelve")
WEEK = words("Monday Tuesday Wednesday Thursday Friday Saturday Sunday")
YEAR = words("January February March April May June July August September October November December")
OPPOSITES = (
    "hot cold, big small, day night, up down, fast slow, old new, happy sad, light dark, open closed, full empty, wet dry, "
    "long short, early late, easy hard, rich poor, strong weak, loud quiet, inside outside, first last, clean dirty, "
    "near far, high low, sweet sour, thick thin, left right, true false, always never, begin end, buy sell, give take"
)
PAIRS = [tuple(pair.split()) for pair in OPPOSITES.split(", ")]
LISTS = {
    "Things to buy:": "bread,milk,eggs,<fruit>,butter,tea,rice,salt,soap,paper",
    "Things to do today:": "write a letter,call my <relative>,clean the kitchen,water the flowers,read a chapter,go for a walk,cook <food>",
    "Animals on the farm:": "cows,hens,pigs,sheep,horses,goats,ducks,dogs",
    "Colours of the rainbow:": "red,orange,yellow,green,blue,violet",
    "Things to pack:": "a warm coat,two books,a toothbrush,a camera,a map,good shoes,an umbrella",
    "Parts of a computer:": "the processor,the memory,the disk,the screen,the keyboard,the graphics card",
    "Planets:": "Mercury,Venus,Earth,Mars,Jupiter,Saturn,Uranus,Neptune",
}


def sums(rng: random.Random) -> str:
    """One to six additions or subtractions with numbers up to 20, in figures or in words."""
    return "\n".join(_sum(rng) for _ in range(rng.randint(1, 6)))


def counting(rng: random.Random) -> str:
    """Counting up or down, in figures or in words."""
    start = rng.randint(0, 30)
    figures = [str(number) for number in range(start, start + rng.randint(5, 15))]
    spoken = DIGITS[1 : rng.randint(5, 13)]
    chosen = rng.choice([figures, figures, spoken])
    if rng.random() < 0.2:
        chosen = chosen[::-1]
    return ", ".join(chosen) + "."


def calendar(rng: random.Random) -> str:
    """What comes before or after a day or a month, or the whole row."""
    row, word = rng.choice([(WEEK, "day"), (YEAR, "month")])
    i = rng.randrange(len(row))
    after, before = row[(i + 1) % len(row)], row[i - 1]
    return rng.choice(
        [
            f"The {word} after {row[i]} is {after}.",
            f"The {word} before {row[i]} is {before}.",
            f"{before} comes before {row[i]}, and {after} comes after it.",
            f"Today is {WEEK[i % 7]}. Tomorrow is {WEEK[(i + 1) % 7]}. Yesterday was {WEEK[i % 7 - 1]}.",
            f"The {word}s of the {'week' if word == 'day' else 'year'} are {', '.join(row[:-1])} and {row[-1]}.",
        ]
    )


def opposites(rng: random.Random) -> str:
    """One to five pairs of opposites."""
    lines = []
    for one, two in rng.sample(PAIRS, rng.randint(1, 5)):
        lines.append(rng.choice([f"The opposite of {one} is {two}.", f"The opposite of {two} is {one}."]))
    return " ".join(lines)


def simple_list(rng: random.Random) -> str:
    """A heading and a list, with dashes or numbers."""
    heading = rng.choice(list(LISTS))
    items = LISTS[heading].split(",")
    if heading not in ("Planets:", "Colours of the rainbow:"):
        items = rng.sample(items, rng.randint(3, len(items)))
    numbered = rng.random() < 0.4
    rows = [f"{i}. {item}" if numbered else f"- {item}" for i, item in enumerate(items, 1)]
    return expand("\n".join([heading, *rows]), rng)


def _sum(rng: random.Random) -> str:
    one, two = rng.randint(0, 20), rng.randint(0, 20)
    if rng.random() < 0.3:
        one, two = max(one, two), min(one, two)
        return rng.choice([f"{one} - {two} = {one - two}", f"{one} minus {two} is {one - two}."])
    if one + two <= 12 and rng.random() < 0.3:
        return f"{DIGITS[one]} plus {DIGITS[two]} is {DIGITS[one + two]}.".capitalize()
    return rng.choice([f"{one} + {two} = {one + two}", f"What is {one} + {two}? {one} + {two} = {one + two}"])
