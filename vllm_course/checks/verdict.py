"""How a check says no: `require` ends it with the hint that fits, in words that a learner reads."""

import re
from collections.abc import Callable
from typing import Any

NUMPY = re.compile(r"\bnp\.(?:float|int|uint|bool|str|longdouble|longlong|ulonglong)\w*\(('?)([^()']*)\1\)")
NUMPY_BOOL = re.compile(r"\bnp\.(True|False)_")
COUNTED = re.compile(r"\b(\d+) ([a-z]+)\(s\)")
ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


class Stopped(BaseException):
    """Ends a check from outside, as the time limit of a tool does: no check holds it, no more than Ctrl-C."""


class NotYet(Exception):
    """Raised by `require`: the answer lacks a property, and the message is the hint that fits."""

    def __init__(self, hint_that_fits: str) -> None:
        super().__init__(in_plain_words(hint_that_fits))


def require(condition: bool, hint_that_fits: str | Callable[[], str]) -> None:
    """Go on when the condition holds; otherwise end the check with this hint.

    Args:
        condition: The property.
        hint_that_fits: The hint, or a function that makes it. The function is called only when the hint is needed,
            for example where it formats a value that may be anything.

    Raises:
        NotYet: The condition does not hold.
    """
    if not condition:
        raise NotYet(hint_that_fits() if callable(hint_that_fits) else hint_that_fits)


def in_plain_words(text: str) -> str:
    """Return a text with the numbers of numpy as everybody writes them, and one thing or several as it is said.

    Example:
        >>> in_plain_words("not [np.float64(0.9), np.True_, np.str_('a')]")
        "not [0.9, True, 'a']"
        >>> in_plain_words("called 1 time(s), not 2 time(s)")
        'called 1 time, not 2 times'
    """
    text = COUNTED.sub(lambda m: f"{m[1]} {m[2]}{'' if m[1] == '1' else 's'}", text)
    return NUMPY_BOOL.sub(r"\1", NUMPY.sub(_bare, text))


def _bare(match: re.Match) -> str:
    """Keep quotation marks around a text; those around a number of numpy's widest type go."""
    quote = match[1] if match[0].startswith("np.str") else ""
    return f"{quote}{match[2]}{quote}"


def shown(value: Any, most: int = 80) -> str:
    """Return what an answer looks like, on one line, short, and without an error whatever the answer is.

    Example:
        >>> shown([1, "a"]), shown("a" * 99, most=8)
        ("[1, 'a']", "'aaaaaa…")
    """
    try:
        looks = _size(value) if hasattr(value, "iloc") else repr(value)
    except BaseException as error:
        let_ctrl_c_through(error)
        looks = object.__repr__(value)
    line = in_plain_words(" ".join(ADDRESS.sub("", looks).split()))
    return line if len(line) <= most else f"{line[: most - 1]}…"


def _size(table: Any) -> str:
    return f"a {type(table).__name__} of {len(table)} row{'s' if len(table) != 1 else ''}"


def named(error: BaseException) -> str:
    """Return an exception as a text: its type, and what it says.

    Example:
        >>> named(KeyError("x")), named(ValueError())
        ("KeyError: 'x'", 'ValueError')
    """
    try:
        says = str(error)
    except BaseException as failure:
        let_ctrl_c_through(failure)
        says = ""
    return in_plain_words(f"{type(error).__name__}: {says}".removesuffix(": "))


def let_ctrl_c_through(error: BaseException) -> None:
    """Raise an exception again that ends the check: it holds all others, `sys.exit` too, and says what they were.

    Raises:
        KeyboardInterrupt: It is one.
        Stopped: It is one.
    """
    if type(error) is KeyboardInterrupt or isinstance(error, Stopped):
        raise error
