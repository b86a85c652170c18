"""Exercises that check themselves: `check("1.3", answer)` and `hint("1.3")`.

`exercises` finds the function that checks an answer, `result` shows what it found, `hints` helps on, and
`progress` keeps the tries.
"""

from dataclasses import replace
from typing import Any

from vllm_course import progress
from vllm_course.checks.exercises import Exercise, exercise, find
from vllm_course.checks.fingerprint import fingerprint
from vllm_course.checks.hints import advice, hint
from vllm_course.checks.keeping import STRICT, cell, misfit, not_kept_once, strict
from vllm_course.checks.result import Result
from vllm_course.checks.verdict import NotYet, let_ctrl_c_through, named, require
from vllm_course.errors import CourseError

__all__ = ["STRICT", "CheckFailedError", "Result", "check", "exercise", "find", "hint", "require"]

LONGEST_MESSAGE = 500  # characters of a message that are kept; one that quotes an answer can be of any length

_passed_last: tuple[int | None, str, tuple] = (None, "", ())  # cell, exercise and answers of a graded check


class CheckFailedError(CourseError):
    """Raised by `check` under `VLLM_COURSE_STRICT=1` for every answer that does not pass."""


def check(number: str, *answers: Any) -> Result:
    """Check the answer to an exercise, and keep the try.

    Under `VLLM_COURSE_STRICT=1` nothing is kept, since that is no learner's try. There a grade cell checks twice,
    hidden and shown: the second check of the same objects in the cell is not made again.

    Args:
        number: Lesson and exercise, for example `"1.3"`.
        *answers: What the exercise asks for; `...` (the stub) means not attempted.

    Returns:
        The result. A notebook shows it when the call is the last line of a cell.

    Raises:
        CourseError: There is no such exercise.
        CheckFailedError: The answer does not pass, and the environment variable `VLLM_COURSE_STRICT` is 1.
    """
    global _passed_last
    found = find(number)
    if strict() and _has_just_passed(number, answers):
        return Result(number, "passed")
    result = judge(found, answers)
    if not strict():
        result = replace(result, trouble=misfit())
        return result if result.status == "not attempted" else _keep(result, found, answers)
    if not result.passed:
        raise CheckFailedError(repr(result))
    _passed_last = cell(), number, answers
    return result


def _has_just_passed(number: str, answers: tuple) -> bool:
    where, passed, before = _passed_last
    same = len(answers) == len(before) and all(new is old for new, old in zip(answers, before, strict=True))
    return where is not None and (where, passed) == (cell(), number) and same


def judge(found: Exercise, answers: tuple) -> Result:
    """Judge answers, and keep nothing."""
    try:
        if not answers or any(_is_open(answer) for answer in answers):
            return Result(found.number, "not attempted")
        found.checker(*answers)
    except NotYet as reason:
        return Result(found.number, "not yet", str(reason))
    except BaseException as error:  # a learner's answer can be anything; the check must survive it and say so
        let_ctrl_c_through(error)
        return Result(found.number, "not yet", f"the check could not use this answer ({named(error)})")
    return Result(found.number, "passed")


def _keep(result: Result, found: Exercise, answers: tuple) -> Result:
    """Record a try; return its result with the earlier tries, or with the reason why it was not recorded."""
    try:
        kept = result.number, result.status, result.message[:LONGEST_MESSAGE]
        attempts = progress.record_attempt(*kept, fingerprint(answers))
        tries = tuple(attempt.status for attempt in attempts)
        stuck = not result.passed and tries.count("not yet") > 1
        return replace(result, tries=tries, advice=advice(found) if stuck else "")
    except progress.ProgressError as error:
        return replace(result, trouble=" ".join(filter(None, [result.trouble, not_kept_once(error)])))


def _is_open(answer: Any) -> bool:
    if isinstance(answer, dict):
        return any(_is_open(value) for value in answer.values())
    if isinstance(answer, list | tuple):
        return any(_is_open(value) for value in answer)
    return answer is ...
