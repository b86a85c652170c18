"""Documents that begin with the words a learner is likely to type."""

import random

from tools.training.corpus.grammar import expand, some
from tools.training.corpus.sayings import ENDS, MORE


def view(rng: random.Random) -> str:
    """The future of AI, the meaning of life or learning to program: one end and up to four further thoughts."""
    start = rng.choice(list(MORE))
    parts = [f"{start} {rng.choice(ENDS[start])}", *some(MORE[start], rng, at_least=0, at_most=4)]
    return expand(" ".join(parts), rng)


def opening(rng: random.Random) -> str:
    """One of many beginnings with one of its ends, sometimes two of them in a row."""
    starts = rng.sample(list(ENDS), 2 if rng.random() < 0.2 else 1)
    return " ".join(expand(f"{start} {rng.choice(ENDS[start])}", rng) for start in starts)
