"""Mixes all kinds of documents into one corpus and holds a part of it out."""

import hashlib
import random
from collections.abc import Callable
from typing import NamedTuple

from tools.training.corpus import daily, geography, numbers, openings, people, questions, stories, topics

HELD_OUT_ONE_IN = 50


class Kind(NamedTuple):
    """How one kind of document is written and how many of them the full corpus asks for."""

    write: Callable[[random.Random], str]
    count: int


class Document(NamedTuple):
    """One document of the corpus."""

    kind: str
    text: str
    held_out: bool


KINDS = {
    "capital": Kind(geography.capital_fact, 9000),
    "country": Kind(geography.country_paragraph, 2500),
    "capital list": Kind(geography.capital_list, 1500),
    "continent": Kind(geography.continent_fact, 1500),
    "earth": Kind(geography.earth_fact, 1200),
    "introduction": Kind(people.introduction, 9000),
    "portrait": Kind(people.portrait, 3500),
    "office": Kind(people.office, 3000),
    "letter": Kind(people.letter, 2000),
    "talk": Kind(people.talk, 2000),
    "view": Kind(openings.view, 6000),
    "opening": Kind(openings.opening, 11000),
    "paragraph": Kind(topics.paragraph, 5000),
    "explanation": Kind(topics.explanation, 5000),
    "description": Kind(topics.description, 4000),
    "numbered question": Kind(questions.numbered_question, 6000),
    "quiz": Kind(questions.quiz, 1500),
    "plain question": Kind(questions.plain_question, 2500),
    "story": Kind(stories.story, 2200),
    "scene": Kind(stories.scene, 600),
    "short story": Kind(stories.short_story, 1500),
    "sums": Kind(numbers.sums, 3000),
    "counting": Kind(numbers.counting, 1000),
    "calendar": Kind(numbers.calendar, 1200),
    "opposites": Kind(numbers.opposites, 1000),
    "list": Kind(numbers.simple_list, 1500),
    "recipe": Kind(daily.recipe, 1200),
    "how-to": Kind(daily.howto, 1500),
    "news": Kind(daily.news, 2500),
    "weather": Kind(daily.weather, 1500),
    "rhyme": Kind(daily.rhyme, 1000),
}


def build_corpus(*, seed: int = 0, scale: float = 1.0) -> list[Document]:
    """Writes the whole corpus.

    Args:
        seed: Fixes every text and their order, >= 0.
        scale: Share of the full number of documents, > 0; 0.01 makes a corpus for a test.

    Returns:
        All documents, shuffled. Equal texts stay, because how often a text comes is part of what the model learns, but
        equal texts are always on the same side of the held-out split.

    Raises:
        ValueError: ``scale`` is not positive.
    """
    if scale <= 0:
        raise ValueError(f"scale must be > 0, got {scale}. Use 1.0 for the full corpus.")
    documents = []
    for name, kind in KINDS.items():
        rng = random.Random(f"{seed} {name}")
        texts = [kind.write(rng) for _ in range(max(1, round(kind.count * scale)))]
        documents += [Document(name, text, is_held_out(text)) for text in texts]
    random.Random(seed).shuffle(documents)
    return documents


def is_held_out(text: str) -> bool:
    """Tells whether a text is kept away from training: one in 50, by its SHA-256, so equal texts never differ."""
    digest = hashlib.sha256(text.encode()).digest()
    return int.from_bytes(digest[:4], "big") % HELD_OUT_ONE_IN == 0
