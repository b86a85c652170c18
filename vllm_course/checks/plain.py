"""What an answer is, whatever type it has: numbers of Python and of numpy, lists of any kind, tables with one row."""

import itertools
import math
from collections.abc import Iterable, Mapping
from decimal import Decimal
from numbers import Integral, Real
from typing import Any

import numpy as np
import pandas as pd

LIKE_LISTS = ("list", "array", "generator", "pair")  # kinds that are read as a list
MOST = 100_000  # elements of an iterator that are read; one that has more may never end
PROBES = (object(), "a text that is no answer")


def plain(value: Any, kind: str = "value") -> Any:
    """Return Python's own number or text for one of numpy or of a subclass, and a list for what is to be a list.

    Args:
        value: Anything.
        kind: What it is to be, a key of `KINDS`: an array of one element is taken for a "number" or a "bool".

    Example:
        >>> plain(np.float32(1.6)), plain(np.array([3]), "number"), plain((1, 2), "list")
        (1.6, 3, [1, 2])
    """
    if kind in LIKE_LISTS:
        return to_list(value)
    if kind == "dict":
        return dict(value)
    value = _one_element(value, also_in_an_array=kind in ("number", "bool"))
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, np.floating):
        return float(str(value))  # the decimal number that a narrow float stands for, not its nearest neighbour
    if isinstance(value, Integral):
        return int(value)
    return float(value) if isinstance(value, Real | Decimal) else value


def _one_element(value: Any, *, also_in_an_array: bool) -> Any:
    shape = getattr(value, "shape", None)
    is_one = shape == () or (also_in_an_array and isinstance(shape, tuple) and math.prod(shape) == 1)
    return np.asarray(value).reshape(-1)[0] if is_one and not isinstance(value, pd.DataFrame) else value


def to_list(value: Iterable) -> list:
    """Return the elements of anything that has some, read once; one that never ends is cut after `MOST`."""
    return list(itertools.islice(value, MOST + 1))


def is_number(value: Any) -> bool:
    """Whether a value is one number, in whatever form; truth values are none.

    Example:
        >>> is_number(np.float16(0.5)), is_number(np.array([2])), is_number(True), is_number("2")
        (True, True, False, False)
    """
    value = plain(value, "number")
    return isinstance(value, Real) and not isinstance(value, bool)


def is_list(value: Any) -> bool:
    """Whether a value has elements in an order: a list, a column, a generator, but no text, dict or table."""
    return (
        isinstance(value, Iterable)
        and not isinstance(value, str | bytes | Mapping | pd.DataFrame)
        and getattr(value, "shape", None) != ()  # a single number of numpy calls itself iterable
    )


def is_dict(value: Any) -> bool:
    """Whether a value has keys and values: a dict, or a Series of pandas."""
    return isinstance(value, Mapping | pd.Series)


def equals_anything(value: Any, depth: int = 4) -> bool:
    """Whether a value, or one in it, claims to be equal to whatever it is compared with, as `unittest.mock.ANY` does.

    Example:
        >>> from unittest.mock import ANY
        >>> equals_anything({"a": [1, ANY]}), equals_anything({"a": [1, None]})
        (True, False)
    """
    if depth and any(equals_anything(part, depth - 1) for part in _parts(value)):
        return True
    return any(is_equal(value, probe) for probe in PROBES)


def _parts(value: Any) -> list:
    if isinstance(value, Mapping):
        return list(value.values())
    if isinstance(value, pd.DataFrame):
        return [column for _, column in value.items()]
    holds_anything = isinstance(value, list | tuple | set) or getattr(value, "dtype", None) is np.dtype(object)
    return to_list(value) if holds_anything else []


def is_equal(value: Any, probe: Any) -> bool:
    """Whether `==` says yes; what cannot be compared, as an array with a text, is not equal."""
    try:
        return bool(value == probe)
    except Exception:  # an array, or an object that cannot be compared
        return False
