"""Long system prompts: the notes of a shop, a hotel or a library, and questions that only they answer."""

# ruff: noqa: E501  a template stays on one line

import random
from typing import NamedTuple

from tools.training.conversations.styles import Answer
from tools.training.conversations.talk import Talk
from tools.training.conversations.words import city, made_up, person
from tools.training.corpus.grammar import sentence_case
from tools.training.corpus.lexicon import LEXICON


class Note(NamedTuple):
    """One line of a handbook: how it is written, asked for and answered."""

    state: list[str]
    ask: list[str]
    answer: str


NOTES = {
    "opens": Note(
        ["We open at {}.", "The doors open at {}."],
        ["When do you open?", "At what time do you open?"],
        "We open at {}.",
    ),
    "closes": Note(
        ["We close at {}.", "The doors close at {}."],
        ["When do you close?", "At what time do you close?"],
        "We close at {}.",
    ),
    "free day": Note(
        ["We are closed on {}.", "On {} we are closed."],
        ["On which day are you closed?", "Which day are you closed?"],
        "We are closed on {}.",
    ),
    "tea": Note(
        ["A cup of tea costs {} crowns.", "Tea costs {} crowns."],
        ["How much is a cup of tea?", "What does tea cost?"],
        "A cup of tea costs {} crowns.",
    ),
    "coffee": Note(
        ["A cup of coffee costs {} crowns.", "Coffee costs {} crowns."],
        ["How much is a cup of coffee?", "What does coffee cost?"],
        "A cup of coffee costs {} crowns.",
    ),
    "dish": Note(
        ["The dish of the day is {}.", "Today we serve {}."],
        ["What is the dish of the day?", "What do you serve today?"],
        "The dish of the day is {}.",
    ),
    "manager": Note(
        ["The manager is called {}.", "Our manager is {}."],
        ["Who is the manager?", "What is the name of the manager?"],
        "The manager is called {}.",
    ),
    "street": Note(
        ["You find us in {} Street.", "Our address is {} Street."],
        ["What is your address?", "Where do I find you?", "In which street are you?"],
        "You find us in {} Street.",
    ),
    "phone": Note(
        ["Our phone number is {}.", "The phone number is {}."],
        ["What is your phone number?", "How can I call you?"],
        "Our phone number is {}.",
    ),
    "password": Note(
        ["The wifi password is {}.", "The password of the wifi is {}."],
        ["What is the wifi password?", "How do I get into the wifi?"],
        "The wifi password is {}.",
    ),
    "founder": Note(
        ["{} founded the house.", "The house was founded by {}."],
        ["Who founded the house?", "Who was the founder?"],
        "The house was founded by {}.",
    ),
    "year": Note(
        ["The house is from the year {}.", "We began in the year {}."],
        ["How old is the house?", "When did you begin?"],
        "The house is from the year {}.",
    ),
    "rooms": Note(
        ["There are {} rooms.", "The house has {} rooms."],
        ["How many rooms do you have?", "How many rooms are there?"],
        "There are {} rooms.",
    ),
    "dogs": Note(["Dogs are {}.", "Here dogs are {}."], ["Are dogs allowed?", "Can I bring my dog?"], "Dogs are {}."),
    "door": Note(
        ["The door is {}.", "Our door is {}."],
        ["What colour is the door?", "Which colour has the door?"],
        "The door is {}.",
    ),
    "bus": Note(
        ["Bus {} stops in front of the house.", "Take bus {} to the house."],
        ["Which bus do I take?", "Which bus stops here?"],
        "Take bus {} to the house.",
    ),
}
MISSING = Answer("I do not know. It is not in my notes.", "Unknown")
HOUSES = ["cafe", "hotel", "library", "bookshop", "bakery", "museum", "restaurant"]
CLOSINGS = [
    "",
    "",
    " Use these notes alone.",
    " If something is not in these notes, say that you do not know.",
    " Be polite.",
]


def handbook(rng: random.Random) -> tuple[str, dict[str, str]]:
    """Writes a system prompt of three to sixteen notes; returns it with the values."""
    chosen = rng.sample(list(NOTES), rng.choice([3, 4, 5, 6, 8, 10, 12, 14, 16]))
    values = {note: _value(note, rng) for note in chosen}
    house = f"the {made_up(rng)} {rng.choice(HOUSES)} in {city(rng)}"
    first = rng.choice(
        [f"You are the assistant of {house}.", f"You work at {house}.", f"You answer questions about {house}."]
    )
    notes = [rng.choice(NOTES[note].state).format(values[note]) for note in chosen]
    return " ".join([first, *(sentence_case(note) for note in notes)]) + rng.choice(CLOSINGS), values


def look_up(talk: Talk) -> None:
    """A question whose answer is in the notes, or is not."""
    notes = {note: value for note, value in talk.self.items() if note in NOTES}
    note = talk.rng.choice(list(notes)) if talk.rng.random() < 0.85 else talk.rng.choice(list(NOTES))
    talk.turn(talk.rng.choice(NOTES[note].ask), about_house(talk, note))


def about_house(talk: Talk, note: str) -> Answer:
    """The right answer to a question about the house."""
    if note not in talk.self:
        return MISSING
    value = talk.self[note]
    return Answer(NOTES[note].answer.format(value), sentence_case(value))


def _value(note: str, rng: random.Random) -> str:
    if note in ("opens", "closes"):
        return (
            f"{rng.randint(6, 11) if note == 'opens' else rng.randint(14, 23)}:{rng.choice(['00', '15', '30', '45'])}"
        )
    ranges = {
        "tea": (2, 30),
        "coffee": (2, 30),
        "phone": (1000, 9999),
        "year": (1700, 1999),
        "rooms": (3, 60),
        "bus": (1, 99),
    }
    if note in ranges:
        return str(rng.randint(*ranges[note]))
    if note in ("manager", "founder"):
        return person(rng)
    if note in ("street", "password"):
        return made_up(rng)
    if note == "dogs":
        return rng.choice(["welcome", "not allowed"])
    return rng.choice(LEXICON[{"free day": "weekday", "dish": "food", "door": "colour"}[note]])
