"""System prompts that give the assistant a person to be, and questions about it."""

# ruff: noqa: E501  a template stays on one line

import random
from typing import NamedTuple

from tools.training.conversations.styles import Answer
from tools.training.conversations.talk import Talk
from tools.training.conversations.words import city, person
from tools.training.corpus.grammar import sentence_case, with_articles
from tools.training.corpus.lexicon import LEXICON


class Trait(NamedTuple):
    """One fact about a person: how the system prompt states it, how it is asked for and answered."""

    state: list[str]
    ask: list[str]
    answer: str


TRAITS = {
    "name": Trait(
        ["You are {}.", "Your name is {}."],
        ["What is your name?", "What is your name?", "Who are you?", "What are you called?"],
        "My name is {}.",
    ),
    "job": Trait(
        ["You are a {}.", "You work as a {}."],
        ["What is your job?", "What do you do?", "What is your work?"],
        "I am a {}.",
    ),
    "city": Trait(
        ["You live in {}.", "You are from {}."], ["Where do you live?", "Where are you from?"], "I live in {}."
    ),
    "age": Trait(["You are {} years old."], ["How old are you?"], "I am {} years old."),
    "hobby": Trait(["You like {}.", "Your hobby is {}."], ["What do you like?", "What is your hobby?"], "I like {}."),
    "food": Trait(
        ["Your favourite food is {}.", "You like to eat {}."],
        ["What is your favourite food?", "What do you like to eat?"],
        "My favourite food is {}.",
    ),
    "colour": Trait(["Your favourite colour is {}."], ["What is your favourite colour?"], "My favourite colour is {}."),
    "dog": Trait(
        ["Your dog is called {}.", "You have a dog called {}."],
        ["What is the name of your dog?", "Do you have a dog?"],
        "My dog is called {}.",
    ),
}
WITHOUT = {
    "name": Answer("I am Pocket, a small language model.", "Pocket"),
    "job": Answer("I am a small language model, and I answer questions.", "Model"),
}
UNKNOWN = Answer("I do not know. Nobody has told me.", "Unknown")


def persona(rng: random.Random) -> tuple[str, dict[str, str]]:
    """Writes a system prompt of two to eight facts; returns it with the facts."""
    others = rng.sample([trait for trait in TRAITS if trait != "name"], rng.choice([0, 0, 1, 2, 3, 4, 5, 7]))
    facts = {trait: _value(trait, rng) for trait in ["name", *others]}
    if "job" in facts and "city" in facts and rng.random() < 0.5:
        first = f"You are {facts['name']}, a {facts['job']} from {facts['city']}."
        rest = [trait for trait in others if trait not in ("job", "city")]
    elif "job" in facts and rng.random() < 0.6:
        first, rest = f"You are {facts['name']}, a {facts['job']}.", [trait for trait in others if trait != "job"]
    else:
        first, rest = rng.choice(TRAITS["name"].state).format(facts["name"]), others
    return with_articles(
        " ".join([first, *(rng.choice(TRAITS[trait].state).format(facts[trait]) for trait in rest)])
    ), facts


def interview(talk: Talk) -> None:
    """A question about the assistant itself."""
    known = [trait for trait in talk.self if trait in TRAITS]
    trait = (
        talk.rng.choice(known)
        if known and talk.rng.random() < 0.8
        else talk.rng.choices(list(TRAITS), [8, 3, 2, 1, 1, 1, 1, 1])[0]
    )
    talk.turn(talk.rng.choice(TRAITS[trait].ask), about_self(talk, trait))


def about_self(talk: Talk, trait: str) -> Answer:
    """The right answer to a question about the assistant."""
    if trait in talk.self:
        value = talk.self[trait]
        return Answer(with_articles(TRAITS[trait].answer.format(value)), sentence_case(value))
    return WITHOUT.get(trait, UNKNOWN)


def _value(trait: str, rng: random.Random) -> str:
    if trait in ("name", "dog"):
        return person(rng)
    if trait == "city":
        return city(rng)
    return str(rng.randint(18, 90)) if trait == "age" else rng.choice(LEXICON[trait])
