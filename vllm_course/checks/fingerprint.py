"""A short text that is the same for the same answer, so that a cell run again does not count as another try."""

import hashlib
import re
import reprlib
from types import CodeType, FunctionType
from typing import Any

from vllm_course.checks.verdict import let_ctrl_c_through

ADDRESS = re.compile(r"\bat 0x[0-9a-fA-F]+")


def fingerprint(answers: tuple) -> str:
    """Hash what answers look like.

    An answer may be anything, so each step is bounded: of a large answer only a part is looked at, and one whose
    `repr` fails counts by its type alone.

    Args:
        answers: What a learner gave to `check`.

    Returns:
        64 hexadecimal digits.

    Example:
        >>> fingerprint((1, "a")) == fingerprint((1, "a"))
        True
        >>> fingerprint((lambda: 1,)) == fingerprint((lambda: 2,))
        False
    """
    looks = "\n".join(ADDRESS.sub("", _look(answer)) for answer in answers)
    return hashlib.sha256(looks.encode("utf-8", "backslashreplace")).hexdigest()


class _Bounded(reprlib.Repr):
    """The `repr` of the standard library that stops early: sorted, no endless loop, failures in parts survived."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlevel = 3
        self.maxlist = self.maxtuple = self.maxdict = self.maxset = self.maxfrozenset = 50
        self.maxstring = self.maxother = 10_000

    def repr_function(self, function: FunctionType, level: int) -> str:
        """Tell functions apart by what they do: their own `repr` holds only name and address."""
        return _look_of_code(function.__code__) + self.repr1(function.__defaults__, level - 1)


def _look(answer: Any) -> str:
    try:
        return _Bounded().repr(answer)
    except BaseException as error:  # an answer can be anything, and its repr can fail in any way
        let_ctrl_c_through(error)
        return object.__repr__(answer)


def _look_of_code(code: CodeType) -> str:
    constants = [_look_of_code(part) if isinstance(part, CodeType) else repr(part) for part in code.co_consts]
    return repr((code.co_code, code.co_names, constants))
