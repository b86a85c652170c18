"""Hints in order of strength: `hint("1.3")`, `hint("1.3", 2)`. The last one names the page where to read on."""

from html import escape

from vllm_course import progress
from vllm_course.checks.exercises import Exercise, find
from vllm_course.checks.keeping import not_kept_once, strict
from vllm_course.checks.result import PLAIN
from vllm_course.errors import CourseError


class Hint(str):
    """A text that a notebook and a console show as it is, without quotes."""

    def __repr__(self) -> str:
        """Show the text."""
        return str(self)

    def _repr_html_(self) -> str:
        """Show the same in a notebook, which would break plain text in the middle of words."""
        return f'<div style="white-space: pre-wrap; line-height: 1.6; {PLAIN}">{escape(self)}</div>'


def hint(number: str, level: int = 1) -> Hint:
    """Return a hint for an exercise.

    Args:
        number: Lesson and exercise, for example `"1.3"`.
        level: 1 for the vaguest; the last one all but gives the answer, and names the page where to read on.

    Returns:
        The hint's text, and the call that gives the next one.

    Raises:
        CourseError: There is no such exercise, or no hint of that level.
    """
    found = find(number)
    count = len(found.hints)
    if type(level) is not int or not 1 <= level <= count:
        raise CourseError(f"level must be 1 to {count} for exercise {number}, got {level!r}.")
    more = f"One more: {_call(number, level + 1)}." if level < count else found.read_on
    text = f"Hint {level} of {count}: {found.hints[level - 1]} {more}"
    return Hint("\n".join(line for line in (text, _record(number, level)) if line))


def advice(found: Exercise) -> str:
    """Name the next hint that was not seen yet, or the page where to read on.

    Raises:
        ProgressError: What was seen cannot be read.
    """
    seen = progress.hint_level(found.number)
    return f"Stuck? {_call(found.number, seen + 1)} helps." if seen < len(found.hints) else found.read_on


def _call(number: str, level: int) -> str:
    return f'hint("{number}")' if level == 1 else f'hint("{number}", {level})'


def _record(number: str, level: int) -> str:
    """Keep that the hint was seen; return why not when that fails, once."""
    if strict():
        return ""
    try:
        progress.record_hint(number, level)
    except progress.ProgressError as error:
        return not_kept_once(error)
    return ""
