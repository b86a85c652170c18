"""Documents that explain a topic: paragraphs, simple explanations and short questions."""

import random

from tools.training.corpus.grammar import expand, sentence_case, some
from tools.training.corpus.topics_computing import COMPUTING
from tools.training.corpus.topics_life import LIFE
from tools.training.corpus.topics_nature import NATURE
from tools.training.corpus.topics_world import WORLD

TOPICS = {**COMPUTING, **NATURE, **WORLD, **LIFE}
FAVOURITES = ["AI", "quantum computing"]


def paragraph(rng: random.Random) -> str:
    """``Write a short paragraph about TOPIC:`` and the paragraph on the next line."""
    topic = _topic(rng)
    return f"Write a short paragraph about {topic}:\n{describe(topic, rng, at_least=3, at_most=6)}"


def explanation(rng: random.Random) -> str:
    """``Explain TOPIC in simple terms``, mostly without a full stop, and the explanation on the next line."""
    topic = _topic(rng)
    ending = rng.choice(["", "", "", ":", "."])
    return f"Explain {topic} in simple terms{ending}\n{describe(topic, rng, at_least=3, at_most=6)}"


def description(rng: random.Random) -> str:
    """The description alone, or under a heading."""
    topic = _topic(rng)
    heading = rng.choice(["", "", f"About {topic}\n\n", f"What is important about {topic}?\n"])
    return heading + describe(topic, rng, at_least=2, at_most=6)


def describe(topic: str, rng: random.Random, *, at_least: int, at_most: int) -> str:
    """Writes a few sentences about a topic, the definition first.

    Args:
        topic: Key of ``TOPICS``.
        rng: Source of every choice.
        at_least: Smallest number of sentences, >= 1.
        at_most: Largest number of sentences.
    """
    first, *rest = TOPICS[topic]
    chosen = [first, *some(rest, rng, at_least=at_least - 1, at_most=at_most - 1)]
    return " ".join(sentence_case(expand(sentence, rng)) for sentence in chosen)


def _topic(rng: random.Random) -> str:
    return rng.choice(FAVOURITES) if rng.random() < 0.2 else rng.choice(list(TOPICS))
