"""How a forecast is scored, what many say together, and what an export holds of them."""

import json
import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
import torch

from vllm_course import CourseError, forecasts
from vllm_course.forecasts import Forecast, calibration, exported, imported, number, shown

WHOLE = {"key": "5.2", "guess": 40, "at": "then", "measured": 32.0, "compared_at": "later", "factor": 1.25}


@pytest.mark.parametrize(
    ("guess", "measured", "text"),
    [
        (40, 32, "forecast 40, measured 32: 1.25 times too high"),
        (8, 32, "forecast 8, measured 32: 4 times too low"),
        (32, 32, "forecast 32, measured 32: exactly right"),
        (32.1, 32, "forecast 32.1, measured 32: right to within 1 %"),
        (31.9, 32, "forecast 31.9, measured 32: right to within 1 %"),
        (4096, 0.5, "forecast 4,096, measured 0.5: 8,192 times too high"),
    ],
)
def test_what_is_said(guess, measured, text):
    assert str(Forecast("5.2", guess, measured=measured)) == text


def test_the_factor_is_the_same_both_ways_and_always_a_number():
    assert Forecast("1.1", 10, measured=40).factor == Forecast("1.1", 40, measured=10).factor == 4
    assert math.isfinite(Forecast("1.1", 1e308, measured=5e-324).factor)


def test_the_calibration_counts_compared_forecasts_alone():
    pairs = [(40, 32), (8, 32), (32, 32), (320, 32), (30, 32)]
    kept = [Forecast(f"1.{n}", guess, measured=value) for n, (guess, value) in enumerate(pairs, 1)]
    found = calibration([*kept, Forecast("1.6", 1)])
    assert (found.compared, found.median_factor) == (5, 1.25)
    assert [one.key for one in found.surprises] == ["1.4", "1.2", "1.1"]
    assert str(found) == "5 compared, median factor 1.25 (1 is exact)."


def test_exact_forecasts_are_no_surprise_and_ties_keep_their_order():
    assert calibration([Forecast("1.1", 7, measured=7)]).surprises == ()
    tied = [Forecast(key, 2, measured=1) for key in ("1.10", "2.1", "1.9", "1.2")]
    assert [one.key for one in calibration(tied).surprises] == ["1.2", "1.9", "1.10"]


def test_without_a_comparison_there_is_nothing_to_say():
    found = calibration([Forecast("1.1", 7)])
    assert (found.compared, found.median_factor, found.surprises, str(found)) == (0, None, (), "0 compared.")


def test_the_forecasts_of_a_lesson():
    kept = [Forecast(key, 1) for key in ("1.10", "11.1", "1.2", "2.1")]
    assert [one.key for one in forecasts.of_lesson(kept, "01")] == ["1.2", "1.10"]
    assert [one.key for one in forecasts.of_lesson(kept, "11")] == ["11.1"]


@pytest.mark.parametrize(
    "value",
    [
        *(40, 40.0, Fraction(80, 2), np.int64(40), np.float32(40), np.array(40), np.array([[40]])),
        *(torch.tensor(40), torch.tensor([40.0]), pd.Series([40])),
    ],
)
def test_one_number_in_any_form(value):
    assert number(value) == 40 and type(number(value)) is float


@pytest.mark.parametrize(
    "value",
    [
        *("40", None, ..., True, np.True_, [40], (40,), {}, 40j, Decimal(40), math.nan, math.inf, 10**400),
        *(np.array([1, 2]), np.array([]), np.array("40"), torch.tensor([1, 2]), pd.Series([1, 2]), pd.DataFrame([[1]])),
    ],
)
def test_what_is_not_one_number(value):
    assert number(value) is None


@pytest.mark.parametrize(
    ("value", "text"),
    [(32, "32"), (1e6, "1,000,000"), (1e15, "1e+15"), (1.2345, "1.23"), (2345.6, "2,346"), (-0.5, "-0.5")],
)
def test_how_numbers_are_written(value, text):
    assert shown(value) == text


@pytest.mark.parametrize("forecast", [Forecast("5.2", 40.0, "then"), Forecast("5.2", 40.0, "then", 32.0, "later")])
def test_what_is_exported_is_imported(forecast):
    assert imported(json.loads(json.dumps(exported(forecast)))) == forecast
    assert exported(forecast)["factor"] == (1.25 if forecast.measured else None)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"key": "05.2"}, "key of a forecast must be lesson and number like \"1.3\", got '05.2'"),
        ({"key": 5.2}, "got 5.2"),
        ({"guess": "40"}, "guess of forecast 5.2 must be a number above 0, got '40'"),
        ({"guess": 0}, "guess of forecast 5.2 must be a number above 0, got 0"),
        ({"measured": -1}, "measured of forecast 5.2 must be a number above 0, got -1"),
        ({"measured": None}, "measured of forecast 5.2 must be a number above 0, got None"),
        ({"measured": math.inf}, "got inf"),
        ({"compared_at": 7}, "times of forecast 5.2 must be of type str, got 'then' and 7"),
        ({"at": None}, "must be of type str, got None"),
    ],
)
def test_a_changed_export_is_refused(changes, message):
    with pytest.raises(CourseError) as error:
        imported(WHOLE | changes)
    assert message in str(error.value)
