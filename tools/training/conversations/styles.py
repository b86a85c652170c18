"""The ways of answering that a system prompt asks for."""

import json
import random
import re
from collections.abc import Callable
from typing import NamedTuple

from tools.training.conversations.words import is_held_out

PIRATE = {
    "is": "be",
    "are": "be",
    "am": "be",
    "you": "ye",
    "your": "yer",
    "You": "Ye",
    "Your": "Yer",
    "my": "me",
    "My": "Me",
}
PIRATE_WORD = re.compile(r"\b(" + "|".join(PIRATE) + r")\b")
TEACHER_STARTS = ["Good question!", "I am glad that you ask."]
TEACHER_ENDS = ["Can you say it in your own words?", "What else would you like to learn?"]


class Answer(NamedTuple):
    """What an assistant says: a sentence, and the one word or number that matters in it."""

    full: str
    short: str | None = None


class Style(NamedTuple):
    """How a style is asked for in a system prompt, and how it changes an answer."""

    prompts: list[str]
    write: Callable[[Answer, random.Random], str]


def plain(answer: Answer, rng: random.Random) -> str:
    """The sentence as it is."""
    return answer.full


def one_word(answer: Answer, rng: random.Random) -> str:
    """The word that matters and a full stop."""
    return f"{answer.short or answer.full.split()[0].strip('.,!?')}."


def pirate(answer: Answer, rng: random.Random) -> str:
    """``Arr!``, the sentence with a few words changed, and sometimes a shout."""
    text = PIRATE_WORD.sub(lambda match: PIRATE[match[0]], answer.full)
    return f"Arr! {text}{rng.choice(['', '', ' Yo ho ho!'])}"


def teacher(answer: Answer, rng: random.Random) -> str:
    """Praise, the sentence, and a question back."""
    return f"{rng.choice(TEACHER_STARTS)} {answer.full} {rng.choice(TEACHER_ENDS)}"


def butler(answer: Answer, rng: random.Random) -> str:
    """A polite frame around the sentence."""
    return f"Certainly. {answer.full} Will that be all?"


def as_json(answer: Answer, rng: random.Random) -> str:
    """An object with one key, ``answer``."""
    return json.dumps({"answer": answer.short or answer.full}, ensure_ascii=False)


PLAIN = Style(
    [
        "You are a helpful assistant.",
        "You are a friendly assistant.",
        "Be helpful.",
        "Answer the questions of the user.",
    ],
    plain,
)
STYLES = {
    "one word": Style(
        [
            "Answer with one word.",
            "Answer in one word only.",
            "Reply with a single word.",
            "Use one word only.",
            "You answer with exactly one word.",
            "Always answer with one word only.",
        ],
        one_word,
    ),
    "pirate": Style(
        [
            "You are a pirate.",
            "Talk like a pirate.",
            "Answer like a pirate.",
            "You are a pirate captain.",
            "You are an old pirate. Always talk like one.",
        ],
        pirate,
    ),
    "teacher": Style(
        [
            "You are a teacher.",
            "You are a patient teacher.",
            "Answer like a teacher.",
            "You are a friendly teacher.",
            "You are a teacher who asks back.",
        ],
        teacher,
    ),
    "butler": Style(["You are a butler.", "You are a polite butler.", "Answer like a butler."], butler),
    "JSON": Style(
        ["Answer in JSON.", "Reply with JSON only.", "Answer with a JSON object.", "Always answer in JSON."], as_json
    ),
}
LONG_ALLOWED = {"pirate", "teacher", "butler"}


def held_out_pair(subject: str, style: str) -> bool:
    """Tells whether a subject is never asked about in a style during training."""
    return is_held_out(f"{subject} / {style}")
