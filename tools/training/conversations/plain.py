"""Text without roles, so that the model can also complete text, as a model does before it learns to chat."""

import random

from tools.training.conversations.knowledge import CAPITAL_QUESTIONS, FACTS, SUM_QUESTIONS
from tools.training.conversations.memory import TOPICS
from tools.training.conversations.smalltalk import SMALL
from tools.training.corpus import geography, openings, people, stories
from tools.training.corpus.countries import COUNTRIES


def plain_text(rng: random.Random) -> str:
    """A list of questions without answers, or a short text."""
    if rng.random() < 0.5:
        return _questions(rng)
    return rng.choice([geography.capital_fact, openings.opening, people.introduction, stories.short_story])(rng)


def _questions(rng: random.Random) -> str:
    count = rng.randint(3, 8)
    kinds = [
        lambda: rng.choice(CAPITAL_QUESTIONS[:4]).format(rng.choice(COUNTRIES).name),
        lambda: rng.choice(list(FACTS)),
        lambda: rng.choice(SUM_QUESTIONS[:3]).format(rng.randint(0, 20), rng.randint(0, 20)),
        lambda: rng.choice(list(SMALL)),
        lambda: rng.choice(rng.choice(list(TOPICS.values())).ask),
    ]
    one = rng.choice([*kinds, None])
    questions = [(one or rng.choice(kinds))() for _ in range(count)]
    return rng.choice([" ", "\n"]).join(questions)
