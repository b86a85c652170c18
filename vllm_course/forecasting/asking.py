"""A forecast before a measurement, `predict("5.2", 40)`, and how far off it was, `compare("5.2", measured)`.

What holds without a number (`...`) is the same on every machine, whatever was kept there: notebooks are committed so.
"""

from dataclasses import dataclass
from html import escape
from typing import Any

from vllm_course import paths, progress
from vllm_course.checks.keeping import STRICT, not_kept_once, strict
from vllm_course.checks.result import BADGES, card
from vllm_course.errors import CourseError
from vllm_course.forecasts import KEY, Forecast, number, shown

_guesses: dict[str, float | None] = {}  # what this kernel was told, by key; None for `...`


@dataclass(frozen=True)
class Card:
    """What `predict` and `compare` return: lines of text, the empty ones left out."""

    lines: tuple[str, ...]

    def __repr__(self) -> str:
        """Show the card as text."""
        return "\n  ".join(filter(None, self.lines))

    def _repr_html_(self) -> str:
        """Show the same as a card; notebooks ask for this by name."""
        return card(BADGES["not attempted"], [escape(line) for line in self.lines if line])


def predict(key: str, guess: Any = ...) -> Card:
    """Write down what you expect, before the measurement.

    A number is kept with its time, until `compare` has scored it; the same call with another number replaces it. Under
    `VLLM_COURSE_STRICT=1` nothing is kept.

    Args:
        key: Lesson and number of the forecast in it, for example `"5.2"`.
        guess: One number above 0, since it is scored as a ratio. `...` means no forecast: everything runs, and nothing
            is kept or taken back.

    Returns:
        A card that says what was kept, or how to fill it in.

    Raises:
        CourseError: The key or the number is none.
    """
    key = _checked(key)
    if guess is ...:
        _guesses[key] = None
        return Card((f"No forecast for {key}. Write a number in place of ... and run this cell, or go on without.",))
    plain = number(guess)
    if plain is None or plain <= 0:
        remedy = (
            "Write one number." if plain is None else "It is scored as a ratio: write a small number in place of 0."
        )
        raise CourseError(f"forecast {key} must be a number above 0, or ... for none, got {_short(guess)}. {remedy}")
    _guesses[key] = plain
    return Card((f"Forecast for {key}: {shown(plain)}.", _keep(key, plain)))


def compare(key: str, value: Any) -> Card:
    """Score a forecast as the ratio of guess and measurement.

    The first comparison after a forecast counts: neither a number that is changed afterwards nor another measurement
    replaces it. A measurement of 0 or below is shown and not scored, because a ratio needs numbers above 0.

    Args:
        key: As in `predict`.
        value: What was measured, one number.

    Returns:
        A card that says how far off the forecast was, or how to make one.

    Raises:
        CourseError: The key or the number is none.
    """
    key, measured = _checked(key), number(value)
    if measured is None:
        raise CourseError(f"measurement for {key} must be one number, got {_short(value)}. Run the cells above first.")
    try:
        guess = _guesses[key] if key in _guesses else _guess_of_earlier(key)
        trouble = ""
    except progress.ProgressError as error:
        guess, trouble = None, not_kept_once(error)
    if guess is None:
        fill_in = "Write a number in place of ... above and run both cells again."
        return Card((f"No forecast for {key}. Measured: {shown(measured)}. {fill_in}", trouble))
    if measured <= 0:
        why = "not scored, because a ratio needs a measurement above 0"
        return Card((f"Forecast {shown(guess)}, measured {shown(measured)}: {why}.",))
    return Card(_scored(Forecast(key, guess, measured=measured)))


def _checked(key: Any) -> str:
    match = KEY.fullmatch(key) if isinstance(key, str) else None
    if not match:
        raise CourseError(
            f'key must be lesson and number of a forecast, like "1.3", got {_short(key)}. '
            "Put it in quotes, without leading zeros."
        )
    try:
        paths.lesson(int(match.group(1)))
    except FileNotFoundError as error:
        raise CourseError(str(error)) from None
    return key


def _short(value: Any) -> str:
    return f"{' '.join(repr(value).split()):.60}"


def _keep(key: str, guess: float) -> str:
    """Keep a forecast, and say what became of it."""
    if strict():
        return f"Not kept, because {STRICT} is 1."
    try:
        kept = progress.record_forecast(key, guess)
    except progress.ProgressError as error:
        return not_kept_once(error)
    if kept.measured is None:
        return "It is kept, and compared after the measurement."
    if kept.guess == guess:
        return f"It was compared already, with {shown(kept.measured)}."
    return f"It does not count: {shown(kept.guess)} was compared already, and the first comparison counts."


def _guess_of_earlier(key: str) -> float | None:
    """Return the forecast that another kernel kept: this one was started after it."""
    kept = None if strict() else progress.read().forecasts.get(key)
    return kept and kept.guess


def _scored(now: Forecast) -> tuple[str, ...]:
    """Keep a comparison, and say which one counts and how far off it was."""
    if strict():
        return (_sentence(now),)
    try:
        counted = progress.record_forecast(now.key, now.guess, now.measured)
    except progress.ProgressError as error:
        return _sentence(now), not_kept_once(error)
    later = [f"the forecast {shown(now.guess)}"] * (now.guess != counted.guess)
    later += [f"the measurement {shown(now.measured)}"] * (now.measured != counted.measured)
    return _sentence(counted), f"The first comparison counts, not {' or '.join(later)}." if later else ""


def _sentence(forecast: Forecast) -> str:
    return f"F{str(forecast)[1:]}."
