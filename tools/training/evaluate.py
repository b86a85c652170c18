"""Compares the figures of a pocket model with its targets: `python -m tools.training.evaluate models/pocket-base`."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tools.training.evaluate_chat import FIGURES, Figure
from tools.training.measures import (
    CAPITAL_PROMPT,
    NAME_PROMPT,
    PROMPTS,
    STORY_PROMPT,
    complete,
    load,
    measure_broken,
    measure_broken_bytes,
    measure_capitals,
    measure_different,
    measure_entropy,
    measure_perplexity,
    measure_repeatable,
    measure_sensible,
    measure_stops,
    repetition,
    tell_stories,
)

if TYPE_CHECKING:
    from vllm import LLM


class Target(NamedTuple):
    """What a figure must reach, for each model."""

    rule: str
    base: float
    mini: float

    def limit(self, model: str) -> float:
        """The number for one model."""
        return self.mini if model.endswith("-mini") else self.base


class Row(NamedTuple):
    """One line of the table."""

    name: str
    target: str
    measured: float
    passed: bool


TARGETS = {
    "right capitals, share": Target(">=", 0.95, 0.90),
    "real words at T=0 and T=0.8, share": Target(">=", 0.97, 0.95),
    "finished texts that end with a full sentence, share": Target(">=", 0.97, 0.90),
    "entropy after the name prompt, bits": Target(">", 3.0, 3.0),
    "entropy after the capital prompt, bits": Target("<", 0.5, 1.0),
    "different stories of 8 at T=0.8": Target(">=", 6, 6),
    "different introductions of 8 at T=0.8": Target(">=", 6, 6),
    "different texts of 3 at T=0": Target("<=", 1, 1),
    "real words at T=2, share": Target("<", 0.80, 0.80),
    "short prompts that stop within 128 tokens, share": Target(">=", 1.0, 0.75),
    "tokens of the greedy story": Target(">", 300, 300),
    "stories of 8 beyond 300 tokens": Target(">=", 6, 5),
    "heroes in a story at T=0.8 (1 is consistent), mean of 8": Target("<=", 4.0, 10.0),
    "repeated 4-grams in the greedy story, share": Target(">=", 0.10, 0.10),
    "repeated 4-grams removed by repetition_penalty=1.2, share": Target(">=", 0.50, 0.50),
    "texts of 200 with broken bytes": Target("<=", 0, 0),
    "held-out perplexity": Target("<=", 1.6, 1.7),
}


def measure_all(llm: "LLM") -> dict[str, float]:
    """Every figure of ``TARGETS``, by name."""
    words, full = measure_sensible(llm)
    stories = tell_stories(llm)
    plain, penalised = repetition(stories.greedy), repetition(stories.penalised)
    return {
        "right capitals, share": measure_capitals(llm),
        "real words at T=0 and T=0.8, share": words,
        "finished texts that end with a full sentence, share": full,
        "entropy after the name prompt, bits": measure_entropy(llm, NAME_PROMPT),
        "entropy after the capital prompt, bits": measure_entropy(llm, CAPITAL_PROMPT),
        "different stories of 8 at T=0.8": measure_different(llm, STORY_PROMPT),
        "different introductions of 8 at T=0.8": measure_different(llm, NAME_PROMPT),
        "different texts of 3 at T=0": measure_repeatable(llm),
        "real words at T=2, share": measure_broken(llm),
        "short prompts that stop within 128 tokens, share": measure_stops(llm),
        "tokens of the greedy story": len(stories.greedy.token_ids),
        "stories of 8 beyond 300 tokens": stories.long,
        "heroes in a story at T=0.8 (1 is consistent), mean of 8": stories.heroes,
        "repeated 4-grams in the greedy story, share": plain,
        "repeated 4-grams removed by repetition_penalty=1.2, share": 1 - penalised / plain if plain else 0.0,
        "texts of 200 with broken bytes": measure_broken_bytes(llm),
        "held-out perplexity": measure_perplexity(llm),
    }


def evaluate(llm: "LLM", *, model: str) -> list[Row]:
    """Compares every figure with the target of a model.

    Args:
        llm: A running engine, see ``load``.
        model: Name of the model; chooses the column of ``TARGETS``, or the figures of pocket-chat.

    Returns:
        One row for each target.
    """
    if model == "pocket-chat":
        return [_least(name, figure, figure.measure(llm)) for name, figure in FIGURES.items()]
    measured = measure_all(llm)
    return [_row(name, target, measured[name], model) for name, target in TARGETS.items()]


def table(rows: list[Row]) -> str:
    """The rows as a Markdown table."""
    lines = ["| figure | target | measured | passed |", "|---|---|---|---|"]
    lines += [f"| {row.name} | {row.target} | {row.measured:.4g} | {'yes' if row.passed else 'NO'} |" for row in rows]
    return "\n".join(lines)


def samples(llm: "LLM", *, max_tokens: int = 120) -> str:
    """The continuation of every prompt at T=0 and at T=0.8, to be read by a person."""
    greedy = complete(llm, PROMPTS, temperature=0, max_tokens=max_tokens)
    sampled = complete(llm, PROMPTS, seeds=range(1), temperature=0.8, max_tokens=max_tokens)
    blocks = [
        f"{prompt!r}\n  T=0:   {first.text!r}\n  T=0.8: {second.text!r}"
        for prompt, first, second in zip(PROMPTS, greedy, sampled, strict=True)
    ]
    return "\n".join(blocks)


def _row(name: str, target: Target, measured: float, model: str) -> Row:
    limit = target.limit(model)
    holds = {">=": measured >= limit, ">": measured > limit, "<=": measured <= limit, "<": measured < limit}
    return Row(name, f"{target.rule} {limit:g}", measured, holds[target.rule])


def _least(name: str, figure: Figure, measured: float) -> Row:
    return Row(name, f">= {figure.least:g}", measured, measured >= figure.least)


def main() -> None:
    """Prints the table of one model; the exit status is 1 when a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m tools.training.evaluate", description=__doc__)
    parser.add_argument("folder", type=Path, help="model folder, for example models/pocket-base")
    parser.add_argument("--model", help="whose targets to use (default: the folder's name)")
    parser.add_argument("--samples", action="store_true", help="print a text for every prompt as well")
    options = parser.parse_args()
    llm = load(options.folder)
    rows = evaluate(llm, model=options.model or options.folder.name)
    print(table(rows))
    if options.samples:
        print(samples(llm))
    sys.exit(0 if all(row.passed for row in rows) else 1)


if __name__ == "__main__":
    main()
