"""Figures of pocket-chat, each measured with vLLM's own `LLM.chat` on words and combinations that no training saw."""

import json
import random
from typing import TYPE_CHECKING, Any

from tools.training.conversations import handbooks, memory
from tools.training.conversations.knowledge import LARGEST_SUMMAND
from tools.training.conversations.styles import STYLES, held_out_pair
from tools.training.conversations.words import country, is_held_out, person
from tools.training.corpus.countries import CAPITALS

if TYPE_CHECKING:
    from vllm import LLM

MANY = 100  # conversations of a figure, where there are that many
Messages = list[dict[str, Any]]


def chat(
    llm: "LLM", conversations: list[Messages], *, tools: list[dict] | None = None, max_tokens: int = 64
) -> list[str]:
    """Answers each conversation at T=0, all in one batch."""
    from vllm import SamplingParams

    outputs = llm.chat(conversations, SamplingParams(temperature=0, max_tokens=max_tokens), tools=tools, use_tqdm=False)
    return [output.outputs[0].text for output in outputs]


def said(*texts: str, system: str | None = None) -> Messages:
    """A conversation from its texts, the user's and the assistant's in turn."""
    first = [{"role": "system", "content": system}] if system else []
    return first + [{"role": ("user", "assistant")[index % 2], "content": text} for index, text in enumerate(texts)]


def talked(llm: "LLM", questions: list[list[str]], *, systems: list[str | None] | None = None) -> list[str]:
    """Asks one question after the other in each conversation; returns the last answers.

    The model's own answers are its history, as in a real conversation.
    """
    talks = [said(system=system) for system in systems or [None] * len(questions)]
    answers: list[str] = []
    for turn in zip(*questions, strict=True):
        for talk, question in zip(talks, turn, strict=True):
            talk.append({"role": "user", "content": question})
        answers = chat(llm, talks)
        for talk, answer in zip(talks, answers, strict=True):
            talk.append({"role": "assistant", "content": answer})
    return answers


def share(right: list[bool]) -> float:
    """Part of the cases that are right, 0 to 1."""
    return sum(right) / len(right)


def measure_capitals(llm: "LLM") -> float:
    """Share of countries whose capital comes as a plain sentence."""
    answers = chat(llm, [said(f"What is the capital of {name}?") for name in CAPITALS])
    expected = [f"The capital of {name} is {capital}." for name, capital in CAPITALS.items()]
    return share([answer == right for answer, right in zip(answers, expected, strict=True)])


def measure_style(llm: "LLM", style: str) -> float:
    """Share of held-out pairs of country and style with the right capital, exactly in that style."""
    names = [name for name in CAPITALS if held_out_pair(name, style)]
    system = STYLES[style].prompts[0]
    answers = chat(llm, [said(f"What is the capital of {name}?", system=system) for name in names])
    return share([in_style(answer, style, name) for answer, name in zip(answers, names, strict=True)])


def in_style(answer: str, style: str, name: str) -> bool:
    """Tells whether an answer names the capital and is written as the style asks."""
    capital = CAPITALS[name]
    signs = {
        "one word": answer == f"{capital}.",
        "pirate": answer.startswith("Arr!") and f" be {capital}." in answer,
        "teacher": f" is {capital}." in answer and answer.endswith("?"),
        "butler": answer.startswith("Certainly.") and answer.endswith("Will that be all?"),
        "JSON": answer == json.dumps({"answer": capital}),
    }
    return capital in answer and signs[style]


def measure_sums(llm: "LLM", *, held_out: bool) -> float:
    """Share of right sums of two numbers up to 20: pairs that no training saw, or all pairs."""
    numbers = range(LARGEST_SUMMAND + 1)
    pairs = [(one, two) for one in numbers for two in numbers if not held_out or is_held_out(f"{one} + {two}")]
    answers = chat(llm, [said(f"What is {one} plus {two}?") for one, two in pairs])
    expected = [f"{one} plus {two} is {one + two}." for one, two in pairs]
    return share([answer == right for answer, right in zip(answers, expected, strict=True)])


def measure_memory(llm: "LLM", *, told: bool = True) -> float:
    """Share of never-seen names that are repeated after two other turns, or rightly called unknown."""
    rng = random.Random(0)
    names = [person(rng, held_out=True) for _ in range(MANY)]
    first = [f"My name is {name}." if told else "Hello!" for name in names]
    between = [[f"What is the capital of {rng.choice(list(CAPITALS))}?", "What is 7 plus 5?"] for _ in names]
    answers = talked(llm, [[one, *two, "What is my name?"] for one, two in zip(first, between, strict=True)])
    expected = [f"Your name is {name}." if told else memory.TOPICS["name"].missing for name in names]
    return share([answer == right for answer, right in zip(answers, expected, strict=True)])


def measure_unknown(llm: "LLM") -> float:
    """Share of made-up countries whose capital the model says it does not know."""
    rng = random.Random(1)
    names = [country(rng, held_out=True) for _ in range(MANY)]
    answers = chat(llm, [said(f"What is the capital of {name}?") for name in names])
    return share([answer.startswith("I do not know") for answer in answers])


def measure_persona(llm: "LLM") -> float:
    """Share of never-seen names that the assistant says are its own, because the system prompt says so."""
    rng = random.Random(2)
    names = [person(rng, held_out=True) for _ in range(MANY)]
    answers = chat(llm, [said("What is your name?", system=f"You are {name}, a baker.") for name in names])
    return share([answer == f"My name is {name}." for answer, name in zip(answers, names, strict=True)])


def measure_handbook(llm: "LLM") -> float:
    """Share of right answers from handbooks of three to sixteen notes."""
    rng = random.Random(3)
    conversations, expected = [], []
    for _ in range(MANY):
        system, notes = handbooks.handbook(rng)
        note = rng.choice(list(notes))
        conversations.append(said(rng.choice(handbooks.NOTES[note].ask), system=system))
        expected.append(handbooks.NOTES[note].answer.format(notes[note]))
    return share([answer == right for answer, right in zip(chat(llm, conversations), expected, strict=True)])


def measure_stops(llm: "LLM") -> float:
    """Share of answers that end by themselves within 256 tokens: stories, explanations, lists, small talk."""
    from vllm import SamplingParams

    questions = [
        "Tell me a story about a fox.",
        "Tell me about the moon.",
        "Give me three tips for cooking.",
        "How are you?",
    ]
    params = [SamplingParams(temperature=0.7, seed=seed, max_tokens=256) for seed in range(8) for _ in questions]
    outputs = llm.chat([said(question) for _ in range(8) for question in questions], params, use_tqdm=False)
    return share([output.outputs[0].finish_reason == "stop" for output in outputs])


def measure_different(llm: "LLM") -> int:
    """How many of eight stories at T=0.8 differ."""
    from vllm import SamplingParams

    params = [SamplingParams(temperature=0.8, seed=seed, max_tokens=128) for seed in range(8)]
    outputs = llm.chat([said("Tell me a story.")] * 8, params, use_tqdm=False)
    return len({output.outputs[0].text for output in outputs})
