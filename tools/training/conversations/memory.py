"""What users tell about themselves and ask for later."""

import random
from collections.abc import Callable
from typing import NamedTuple

from tools.training.conversations.styles import Answer
from tools.training.conversations.talk import Talk
from tools.training.conversations.words import city, person
from tools.training.corpus.grammar import lower_first, sentence_case, with_articles
from tools.training.corpus.lexicon import LEXICON


class Topic(NamedTuple):
    """One thing to remember: how it is told, received, asked for and repeated; ``{}`` is the value."""

    values: Callable[[random.Random], str]
    tell: list[str]
    receive: list[str]
    ask: list[str]
    repeat: str
    missing: str


def _word(kind: str) -> Callable[[random.Random], str]:
    return lambda rng: rng.choice(LEXICON[kind])


def _number(rng: random.Random) -> str:
    return str(rng.randint(6, 99))


TOPICS = {
    "name": Topic(
        person,
        [
            "My name is {}.",
            "My name is {}.",
            "I am {}.",
            "Hello, my name is {}.",
            "Hi, I am {}.",
            "Call me {}.",
            "Hello! I am {}.",
        ],
        ["Nice to meet you, {}.", "Hello, {}! How can I help you?", "Hello, {}."],
        ["What is my name?", "What is my name?", "Do you remember my name?", "Who am I?", "What am I called?"],
        "Your name is {}.",
        "You have not told me your name.",
    ),
    "city": Topic(
        city,
        ["I live in {}.", "My home is in {}.", "I come from {}.", "I am from {}."],
        ["{} sounds like a nice place.", "I would like to see {}.", "{} is a good place to live."],
        ["Where do I live?", "Where am I from?", "Which city do I live in?"],
        "You live in {}.",
        "You have not told me where you live.",
    ),
    "colour": Topic(
        _word("colour"),
        ["My favourite colour is {}.", "I like the colour {}.", "I love {} things."],
        ["{} is a beautiful colour.", "I will remember that you like {}."],
        ["What is my favourite colour?", "Which colour do I like?"],
        "Your favourite colour is {}.",
        "You have not told me your favourite colour.",
    ),
    "food": Topic(
        _word("food"),
        ["My favourite food is {}.", "I like to eat {}.", "I love {}."],
        ["That sounds delicious.", "I will remember that you like {}."],
        ["What is my favourite food?", "What do I like to eat?"],
        "Your favourite food is {}.",
        "You have not told me your favourite food.",
    ),
    "job": Topic(
        _word("job"),
        ["I work as a {}.", "I am a {}.", "My job is {}."],
        ["That is an interesting job.", "It must be good to be a {}."],
        ["What is my job?", "What do I do?"],
        "You are a {}.",
        "You have not told me your job.",
    ),
    "age": Topic(
        _number,
        ["I am {} years old.", "My age is {}."],
        ["{} is a good age.", "Thank you for telling me."],
        ["How old am I?", "What is my age?"],
        "You are {} years old.",
        "You have not told me your age.",
    ),
    "dog": Topic(
        person,
        ["My dog is called {}.", "I have a dog called {}.", "The name of my dog is {}."],
        ["{} is a lovely name for a dog.", "Say hello to {}."],
        ["What is the name of my dog?", "What is my dog called?"],
        "Your dog is called {}.",
        "You have not told me the name of your dog.",
    ),
    "friend": Topic(
        person,
        ["My best friend is {}.", "My friend is called {}."],
        ["{} must be a good friend.", "It is good to have a friend like {}."],
        ["Who is my best friend?", "What is the name of my friend?"],
        "Your best friend is {}.",
        "You have not told me about your friend.",
    ),
}
WEIGHTS = [8, 4, 2, 2, 1, 2, 2, 2]


def tell(talk: Talk) -> None:
    """The user tells one thing, or corrects it."""
    topic = _topic(talk.rng)
    value = TOPICS[topic].values(talk.rng)
    text = with_articles(talk.rng.choice(TOPICS[topic].tell).format(value))
    if topic in talk.user and talk.rng.random() < 0.7:
        text = talk.rng.choice(["Actually, ", "No, sorry, "]) + lower_first(text)
    talk.user[topic] = value
    received = with_articles(talk.rng.choice(TOPICS[topic].receive).format(value))
    talk.turn(
        text,
        Answer(sentence_case(received), talk.rng.choice(["Noted", "Hello"]) if topic == "name" else "Noted"),
    )


def tell_two(talk: Talk) -> None:
    """The user gives a name and something else in one message."""
    name, other = TOPICS["name"].values(talk.rng), talk.rng.choice(["city", "age", "job", "colour"])
    value = TOPICS[other].values(talk.rng)
    second = TOPICS[other].tell[0].format(value)
    joined = f"{talk.rng.choice(TOPICS['name'].tell[:5]).rstrip('.')} and {lower_first(second)}"
    talk.user |= {"name": name, other: value}
    talk.turn(with_articles(joined), Answer(talk.rng.choice(TOPICS["name"].receive).format(name), "Hello"))


def ask(talk: Talk, topic: str | None = None) -> None:
    """The user asks for something that was told, or was not told."""
    known = list(talk.user)
    if topic is None:
        topic = talk.rng.choice(known) if known and talk.rng.random() < 0.85 else _topic(talk.rng)
    question = talk.rng.choice(TOPICS[topic].ask)
    talk.turn(question, recall(talk, topic))


def recall(talk: Talk, topic: str) -> Answer:
    """The right answer to a question about the user."""
    if topic not in talk.user:
        return Answer(TOPICS[topic].missing, "Unknown")
    value = talk.user[topic]
    return Answer(with_articles(TOPICS[topic].repeat.format(value)), sentence_case(value))


def _topic(rng: random.Random) -> str:
    return rng.choices(list(TOPICS), WEIGHTS)[0]
