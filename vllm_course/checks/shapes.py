"""Shapes that many answers have: messages and their roles, a text to the letter, columns of a table, a number."""

import math
import os
from collections.abc import Iterable, Mapping
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd

from vllm_course.checks.plain import MOST, is_dict, is_list, is_number, plain, to_list
from vllm_course.checks.verdict import require, shown


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
    are_messages = isinstance(messages, list | tuple) and all(isinstance(message, dict) for message in messages)
    require(are_messages, lambda: f"Return the list of messages, not {shown(messages)}.")
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
    wanted = f"{what} a DataFrame with {', '.join(names)}."
    require(isinstance(table, pd.DataFrame), wanted)
    for name in names:
        count = [*table.columns].count(name)
        columns_of_it = f"{count} columns" if count else "no column"
        as_index = f"In yours {name} is the index: call reset_index()."
        require(
            count == 1, f"{wanted} {as_index if name in table.index.names else f'Yours has {columns_of_it} {name}.'}"
        )
    narrow = [name for name in names if table[name].dtype in (np.float16, np.float32)]
    return table.assign(**{name: table[name].astype(str).astype(float) for name in narrow}) if narrow else table


def rows(table: Any, wanted: list[dict[str, Any]], by: Iterable[str], why: dict[str, str]) -> None:
    """Require a DataFrame with exactly these rows, in any order; more columns do not matter.

    Args:
        table: The learner's table.
        wanted: The rows, each a dict from column to a text or a number.
        by: The columns that tell the rows apart.
        why: What a column holds, a sentence that follows when its value is wrong, or when no row has it.
    """
    by = list(by)
    given = columns(table, wanted[0]).to_dict("records")
    reasons = " ".join(why[name] for name in by if name in why)
    pairs = []
    for row in wanted:
        place = " and ".join(f"{name} {row[name]!r}" for name in by)
        found = [one for one in given if all(alike(one[name], row[name]) for name in by)]
        require(len(found) == 1, f"There must be one row with {place}, not {len(found)}. {reasons}".rstrip())
        pairs += [(place, name, found[0][name], value) for name, value in row.items()]
    for place, name, cell, value in pairs:
        differs = f"In the row with {place} the column {name} must have {value!r}, not {shown(cell)}."
        require(alike(cell, value), f"{differs} {why.get(name, '')}".rstrip())
    require(len(given) == len(wanted), f"The table must have {len(wanted)} rows, not {len(given)}.")


def keys(answer: Any, names: Iterable[str], what: str = "Give") -> dict[str, Any]:
    """Require a dict, or a Series, with exactly these keys, and return it as a dict."""
    names = list(names)
    fits = is_dict(answer) and set(answer.keys()) == set(names)
    require(fits, f"{what} a dict with {', '.join(map(str, names))}.")
    return plain(answer, "dict")


def alike(value: Any, truth: Any) -> bool:
    """Whether a value is this text or number, in whatever form; anything else is not, and is no error.

    Fractions may differ in the last digits, as those of `numpy.linspace` and of narrow types do.

    Example:
        >>> alike(np.int64(3), 3), alike(np.bool_(True), True), alike(0.1 + 0.2, 0.3), alike([3], 3), alike(None, "3")
        (True, True, True, False, False)
    """
    given, truth = plain(value, "number"), plain(truth)
    if isinstance(truth, Real):
        exact = isinstance(truth, int)
        return isinstance(given, Real) and math.isclose(given, truth, rel_tol=1e-9 if exact else 1e-6, abs_tol=1e-12)
    return isinstance(given, type(truth)) and _equal(given, truth)


def listed(answer: Any, hint: str) -> list[Any]:
    """Require several things one after another, in a list, a tuple, a column or a generator, and return their list."""
    require(is_list(answer), hint)
    found = to_list(answer)
    require(len(found) <= MOST, f"{hint} Yours goes on and on.")
    return found


def number(answer: Any, hint: str) -> float:
    """Require a finite number, of Python or of numpy, and return Python's own.

    Example:
        >>> number(2, "Give a number."), number(np.array([0.5]), "Give a number.")
        (2, 0.5)
    """
    require(is_number(answer) and math.isfinite(plain(answer, "number")), hint)
    return plain(answer, "number")


def exactly(given: Any, truth: Any, hint: str, likely: Mapping[Any, str] | None = None) -> None:
    """Require one value; a wrong one that is likely gets a hint of its own.

    Args:
        given: The learner's value.
        truth: The right one.
        hint: What refuses any other.
        likely: Wrong values, each with the hint that fits it.

    Example:
        >>> exactly(4, 4, "Two and two are 4.", {22: "Add the numbers, not their texts."})
    """
    require(alike(given, truth), next((fits for value, fits in (likely or {}).items() if alike(given, value)), hint))


def _equal(given: Any, value: Any) -> bool:
    try:
        return bool(given == value)
    except ValueError:  # a table or an array in it
        return False


def entries(answer: Any, names: Iterable[str], what: str = "Give") -> Mapping[str, Any]:
    """Require a dict with at least these keys, and return it.

    Example:
        >>> entries({"shared": 0.7, "more": None}, ["shared"])
        {'shared': 0.7, 'more': None}
    """
    names = list(names)
    require(is_dict(answer) and set(names) <= set(answer.keys()), f"{what} a dict with {', '.join(names)}.")
    return plain(answer, "dict")


def close(value: Any, other: float, *, within: float = 1e-6) -> bool:
    """Whether two numbers agree to six digits, or as told; what is no number agrees with none.

    Example:
        >>> close(0.1 + 0.2, 0.3), close(0.76, 0.7606, within=0.005), close("0.3", 0.3)
        (True, True, False)
    """
    given = plain(value, "number")
    return isinstance(given, Real) and abs(given - other) <= within * max(1.0, abs(other))
