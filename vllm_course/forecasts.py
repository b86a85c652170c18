"""Forecasts of measurements: what is kept of one, how it is scored, and what all of a learner's say together."""

import dataclasses
import math
import re
import statistics
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from numbers import Real
from typing import Any

from vllm_course.errors import CourseError

KEY = re.compile(r"([1-9][0-9]{0,2})\.([1-9][0-9]{0,2})")  # lesson and number, both without leading zeros
MOST_SURPRISES = 3


@dataclass(frozen=True)
class Forecast:
    """A number that was written down before a measurement, and the first measurement that it was compared with.

    Attributes:
        key: Lesson and number of the forecast in it, for example `"5.2"`.
        guess: Above 0.
        at: When it was written down, ISO 8601 in UTC.
        measured: Above 0; None until it was compared.
        compared_at: When that was.
    """

    key: str
    guess: float
    at: str = ""
    measured: float | None = None
    compared_at: str | None = None

    @property
    def factor(self) -> float:
        """How far off it is: max(guess / measured, measured / guess), 1 for exact.

        Example:
            >>> Forecast("5.2", 40, measured=32).factor, Forecast("5.2", 8, measured=32).factor
            (1.25, 4.0)
        """
        ratios = (self.guess / self.measured, self.measured / self.guess)
        return min(max(ratios), sys.float_info.max)  # a number in JSON, also for the tiniest guess

    def __str__(self) -> str:
        """Say how far off it is.

        Example:
            >>> print(Forecast("5.2", 40, measured=32))
            forecast 40, measured 32: 1.25 times too high
        """
        if self.guess == self.measured:
            verdict = "exactly right"
        elif (factor := shown(self.factor)) == "1":
            verdict = "right to within 1 %"
        else:
            verdict = f"{factor} times too {'high' if self.guess > self.measured else 'low'}"
        return f"forecast {shown(self.guess)}, measured {shown(self.measured)}: {verdict}"


@dataclass(frozen=True)
class Calibration:
    """How well a learner forecasts.

    Attributes:
        compared: How many forecasts were compared with a measurement.
        median_factor: The median of their factors; None without any.
        surprises: The three that were furthest off, the furthest first; exact ones are no surprise.
    """

    compared: int
    median_factor: float | None
    surprises: tuple[Forecast, ...]

    def __str__(self) -> str:
        """Say it in one sentence."""
        median = f", median factor {shown(self.median_factor)} (1 is exact)" if self.compared else ""
        return f"{self.compared} compared{median}."


def calibration(forecasts: Iterable[Forecast]) -> Calibration:
    """Sum up the forecasts that were compared.

    Example:
        >>> print(calibration([Forecast("5.1", 40, measured=32), Forecast("5.2", 8, measured=32), Forecast("5.3", 7)]))
        2 compared, median factor 2.62 (1 is exact).
    """
    scored = in_order(one for one in forecasts if one.measured is not None)
    furthest = sorted((one for one in scored if one.factor > 1), key=lambda one: -one.factor)
    median = statistics.median(one.factor for one in scored) if scored else None
    return Calibration(len(scored), median, tuple(furthest[:MOST_SURPRISES]))


def in_order(forecasts: Iterable[Forecast]) -> list[Forecast]:
    """Sort forecasts by lesson and number: 1.10 comes after 1.9."""
    return sorted(forecasts, key=lambda one: [int(part) for part in one.key.split(".")])


def of_lesson(forecasts: Iterable[Forecast], lesson: str) -> list[Forecast]:
    """Return the forecasts of a lesson, for example `"05"`, in order."""
    return in_order(one for one in forecasts if one.key.split(".")[0].zfill(2) == lesson)


def exported(forecast: Forecast) -> dict[str, Any]:
    """Return a forecast as JSON-able values, with its factor; None for what was not compared."""
    scored = forecast.measured is not None
    return dataclasses.asdict(forecast) | {"factor": forecast.factor if scored else None}


def imported(values: dict[str, Any]) -> Forecast:
    """Return the forecast that `exported` wrote, perhaps changed by hand since.

    Raises:
        CourseError: It is none.
    """
    key, at, compared_at = (values.get(name) for name in ("key", "at", "compared_at"))
    if not (isinstance(key, str) and KEY.fullmatch(key)):
        raise CourseError(f'key of a forecast must be lesson and number like "1.3", got {key!r:.60}.')
    open_still = values.get("measured") is None and compared_at is None
    numbers = {name: number(values.get(name)) for name in ("guess", *(() if open_still else ("measured",)))}
    if wrong := [name for name, value in numbers.items() if value is None or value <= 0]:
        raise CourseError(f"{wrong[0]} of forecast {key} must be a number above 0, got {values.get(wrong[0])!r:.60}.")
    if not isinstance(at, str) or not (open_still or isinstance(compared_at, str)):
        raise CourseError(f"times of forecast {key} must be of type str, got {at!r:.60} and {compared_at!r:.60}.")
    return Forecast(key, numbers["guess"], at, numbers.get("measured"), compared_at)


def number(value: Any) -> float | None:
    """Return one finite number as a float: Python's, NumPy's, or an array's only element. None for anything else.

    Example:
        >>> number(40), number("40"), number(True), number(float("nan"))
        (40.0, None, None, None)
    """
    try:
        single = value.item() if hasattr(value, "item") else value
        plain = float(single) if isinstance(single, Real) and not isinstance(single, bool) else math.nan
    except (TypeError, ValueError, RuntimeError, OverflowError):  # several elements, or too large for a float
        return None
    return plain if math.isfinite(plain) else None


def shown(value: float) -> str:
    """Write a number as people read it: whole ones in full, others to three digits.

    Example:
        >>> shown(4096.0), shown(7.6349), shown(0.00123), shown(1234.5)
        ('4,096', '7.63', '0.00123', '1,234')
    """
    whole = value.is_integer() if isinstance(value, float) else True
    return f"{value:,.0f}" if (whole or abs(value) >= 1000) and abs(value) < 1e15 else f"{value:.3g}"
