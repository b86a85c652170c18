"""Shapes that many answers have: messages and their roles, a text to the letter, columns of a table, keys of a dict."""

import os
from collections.abc import Iterable, Mapping
from numbers import Real
from typing import Any

import pandas as pd

from vllm_course.checks.trying import plain
from vllm_course.checks.verdict import require


def user(text: str) -> dict[str, str]:
    """Return a message of the user."""
    return {"role": "user", "content": text}


def assistant(text: str) -> dict[str, str]:
    """Return a message of the assistant."""
    return {"role": "assistant", "content": text}


def system(text: str) -> dict[str, str]:
    """Return a system message."""
    return {"role": "system", "content": text}


def roles(messages: Any, wanted: str, when: str = "") -> None:
    """Require a list of messages with these roles, for example `"user assistant"`."""
    is_list = isinstance(messages, list | tuple) and all(isinstance(message, dict) for message in messages)
    require(is_list, f"Return the list of messages, not {messages!r:.80}.")
    found = " ".join(str(message.get("role")) for message in messages)
    require(found == wanted, f"The roles must be {wanted}{f' {when}' if when else ''}, not {found}.")


def same_text(given: str, truth: str, where: str, remedy: str = "") -> None:
    """Require a text to the letter; white space, which nobody sees, gets a hint of its own.

    Args:
        given: The learner's text.
        truth: The right one.
        where: Which text it is, the beginning of a sentence: "For a system message".
        remedy: What helps where white space alone differs, in place of the usual reminder.
    """
    at = len(os.path.commonprefix([given, truth]))
    before = f"after {truth[max(0, at - 16) : at]!r}" if at else "at the beginning"
    parting = f"{before} must come {truth[at : at + 24]!r}, yours has {given[at : at + 24]!r}"
    breaks = given != truth and given.replace("\n", "") == truth.replace("\n", "")
    everyone = remedy or "every one counts, also inside a message"
    require(not breaks, f"{where} the line breaks differ, {parting}: {everyone}.")
    blanks = given != truth and "".join(given.split()) == "".join(truth.split())
    require(not blanks, f"{where} the blanks differ, {parting}: {remedy or 'those at an edge count too'}.")
    require(given == truth, f"{where} the texts differ, {parting}.")


def columns(table: Any, names: Iterable[str], what: str = "Give") -> pd.DataFrame:
    """Require a DataFrame with at least these columns, and return it.

    Args:
        table: The learner's table; more columns, and their order, do not matter.
        names: The columns that it must have.
        what: The beginning of the sentence that refuses it: "by_temperature must return".
    """
    names = list(names)
    complete = isinstance(table, pd.DataFrame) and set(names) <= set(table.columns)
    require(complete, f"{what} a DataFrame with {', '.join(names)}.")
    return table


def keys(answer: Any, names: Iterable[str], what: str = "Give") -> dict[str, Any]:
    """Require a dict with exactly these keys, and return it."""
    names = list(names)
    require(isinstance(answer, dict) and set(answer) == set(names), f"{what} a dict with {', '.join(names)}.")
    return answer


def entries(answer: Any, names: Iterable[str], what: str = "Give") -> Mapping[str, Any]:
    """Require a dict with at least these keys, and return it.

    Example:
        >>> entries({"shared": 0.7, "more": None}, ["shared"])
        {'shared': 0.7, 'more': None}
    """
    names = list(names)
    complete = isinstance(answer, Mapping) and set(names) <= set(answer)
    require(complete, f"{what} a dict with {', '.join(names)}.")
    return answer


def close(value: Any, other: float, *, within: float = 1e-6) -> bool:
    """Whether two numbers agree to six digits, or as told; what is no number agrees with none.

    Example:
        >>> close(0.1 + 0.2, 0.3), close(0.76, 0.7606, within=0.005), close("0.3", 0.3)
        (True, True, False)
    """
    return isinstance(plain(value), Real) and abs(value - other) <= within * max(1.0, abs(other))
