"""A learner's function as a check calls it: whatever goes wrong in it ends the check with a sentence."""

import contextlib
import copy
import inspect
import io
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd

from vllm_course.checks.plain import (
    LIKE_LISTS,
    MOST,
    equals_anything,
    is_dict,
    is_equal,
    is_list,
    is_number,
    plain,
    to_list,
)
from vllm_course.checks.verdict import NotYet, let_ctrl_c_through, named, require, shown

# What a function may promise to return, and what is taken for it.
KINDS: dict[str, Callable[[Any], bool]] = {
    "text": lambda value: isinstance(value, str),
    "bool": lambda value: isinstance(plain(value, "bool"), bool),
    "number": is_number,
    "list": is_list,
    "array": is_list,
    "generator": is_list,
    "dict": is_dict,
    "message": lambda value: value is None or isinstance(value, dict),
    "pair": lambda value: is_list(value) and not isinstance(value, set | frozenset) and len(value) == 2,
    "table": lambda value: hasattr(value, "columns"),
    "output": lambda value: hasattr(value, "outputs"),
    "value": lambda value: True,
}

AGREES = "holds an object that is equal to whatever it is compared with: give the value itself."


class Endless(BaseException):
    """Ends an answer that would go on for ever; no `except Exception` of the answer can hold it.

    Args:
        what: What it does without an end.
    """

    def __init__(self, what: str = "goes on and on") -> None:
        super().__init__(f"it {what}, the check stopped it")


def limited(function: Callable, most: int = 1000) -> Callable:
    """Return a function for an answer to call, which ends the answer that calls it more often than `most` times."""
    calls = iter(range(most))

    def counted(*arguments: Any) -> Any:
        if next(calls, None) is None:
            raise Endless
        return function(*arguments)

    return counted


class Tried:
    """Calls a function of a learner and holds it to what its exercise promises.

    Args:
        function: The answer, which may be anything.
        name: Its name in the exercise.
        promise: What it takes and returns, for example `"llm, messages -> text"`, a key of `KINDS`; the
            second part may be left out.

    Raises:
        NotYet: The answer is no function.

    Example:
        >>> Tried(str.upper, "shout", "text -> text")("hello")
        'HELLO'
    """

    def __init__(self, function: Any, name: str, promise: str) -> None:
        self.takes, _, returns = (part.strip() for part in promise.partition("->"))
        self.returns = returns or "value"
        self._fits = KINDS[self.returns]
        self.function, self.name, self.call = function, name, f"{name}({self.takes})"
        require(callable(function), f"{name} must be a function of {self.takes}.")

    def __call__(self, *arguments: Any, case: str = "", fails: str = "", **options: Any) -> Any:
        """Call it and return what it returns, in the plain form of its kind.

        Args:
            *arguments: What the function gets. Lists, dicts, sets, arrays and tables are copied first, and must not
                change; so are tuples that hold such.
            case: Which of several calls this is, for the message: "for a system message".
            fails: What an exception means here, a sentence.
            **options: Keyword arguments of the function, copied likewise.

        Raises:
            NotYet: It fails, never ends, changes what it was given, or returns another kind of thing.
        """
        found, error = self.ending(*arguments, case=case, **options)
        where, kind = f"{case} " if case else "", f"{'an' if self.returns[0] in 'aeiou' else 'a'} {self.returns}"
        promise = "must not fail" if self.returns == "value" else f"must return {kind}"
        if error is not None:
            what = f"{described(error)}. {fails}".rstrip()
            raise NotYet(f"{self.call} {promise}, but {where}it ended with {what}")
        require(self._fits(found), lambda: f"{self.name} must return {kind}, {where}not {shown(found)}.")
        return plain(found, self.returns)

    def ending(self, *arguments: Any, case: str = "", **options: Any) -> tuple[Any, BaseException | None]:
        """Call it and return what it returns and None, or None and the exception that it ended with.

        A program that `argparse` ends leaves with SystemExit, which would end the learner's cell in place of the check.

        Raises:
            NotYet: It never ends, or changes what it was given.
        """
        given, named_ones = [_own(a) for a in arguments], {name: _own(a) for name, a in options.items()}
        where, said = f"{case} " if case else "", io.StringIO()
        try:
            with contextlib.redirect_stderr(said):
                found, error = self.function(*given, **named_ones), None
                if self.returns in LIKE_LISTS and isinstance(found, Iterator):
                    found = _read(found)
        except Endless as endless:
            raise NotYet(f"{self.call}: {where}{endless}.") from None
        except SystemExit as leaving:
            lines = said.getvalue().strip().splitlines()[-1:]
            found, error = None, SystemExit(": ".join([f"exit {leaving.code}", *lines]))
        except BaseException as failure:  # a learner's function may fail in any way; the check says how
            let_ctrl_c_through(failure)
            found, error = None, failure
        require(not equals_anything(found), f"{self.name} {where}{AGREES}")
        positional = zip(self.takes.split(", "), arguments, given, strict=False)
        for name, before, after in [*positional, *((name, options[name], named_ones[name]) for name in options)]:
            require(_same(before, after), f"{self.name} changes the {name} that it is given: only read them.")
        return found, error


def tried(checker: Callable, answers: tuple, functions: dict[str, str]) -> list:
    """Return the answers, those that are declared as functions ready to be called."""
    names = inspect.signature(checker).parameters
    takes = f"The check takes {len(names)} after the number: {', '.join(names)}"
    require(len(answers) == len(names), f"{takes}. You gave {len(answers)}.")
    require(not equals_anything(answers), f"The answer {AGREES}")
    return [Tried(a, n, functions[n]) if n in functions else a for n, a in zip(names, answers, strict=True)]


def described(error: BaseException) -> str:
    """Return an exception as a text: its type and what it says, for a program's exit the code and the last line."""
    return (str(error) if isinstance(error, SystemExit) else named(error)).rstrip(".")


def _read(iterator: Iterator) -> list:
    """Return all that an iterator gives.

    Raises:
        Endless: It is more than any answer needs.
    """
    found = to_list(iterator)
    if len(found) > MOST:
        raise Endless
    return found


def _own(argument: Any) -> Any:
    return copy.deepcopy(argument) if _could_change(argument) else argument


def _could_change(argument: Any) -> bool:
    """Whether an answer could change an argument and must not: an engine or a path is passed as it is."""
    if isinstance(argument, tuple):
        return any(_could_change(part) for part in argument)
    return isinstance(argument, list | dict | set | np.ndarray | pd.Series | pd.DataFrame)


def _same(before: Any, after: Any) -> bool:
    """Whether an argument is as it was. Arrays have no plain ==, so lists and dicts are compared part by part."""
    if isinstance(before, pd.Series | pd.DataFrame):
        return before.equals(after)
    if isinstance(before, np.ndarray):
        flat = [pd.Series(np.ravel(each)) for each in (before, after)]  # in which nan is equal to nan
        return np.shape(before) == np.shape(after) and flat[0].equals(flat[1])
    if isinstance(before, list | tuple) and isinstance(after, list | tuple):
        return len(before) == len(after) and all(map(_same, before, after))
    if isinstance(before, dict) and isinstance(after, dict):
        return before.keys() == after.keys() and all(_same(part, after[key]) for key, part in before.items())
    return before is after or is_equal(before, after)
