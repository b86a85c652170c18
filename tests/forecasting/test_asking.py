"""`predict` and `compare`: what is kept, what counts, and what the cards say."""

import os
import re

import numpy as np
import pytest

from tests.checks.reading import words
from vllm_course import CourseError, compare, predict, progress
from vllm_course.checks import STRICT
from vllm_course.forecasting import asking
from vllm_course.progress import place

OPEN = "No forecast for 1.2. Write a number in place of ... and run this cell, or go on without."
UNFILLED = "No forecast for 1.2. Measured: 32. Write a number in place of ... above and run both cells again."
SCORED = "Forecast 40, measured 32: 1.25 times too high."


@pytest.fixture(autouse=True)
def new_kernel(monkeypatch):
    """Forget what this kernel was told."""
    monkeypatch.setattr(asking, "_guesses", {})


def kept() -> list[tuple]:
    """Return what the file holds: key, guess and measurement of each forecast."""
    return [(one.key, one.guess, one.measured) for one in progress.read().forecasts.values()]


def test_without_a_number_everything_runs_and_nothing_is_kept(empty_progress):
    assert (repr(predict("1.2", ...)), repr(predict("1.2"))) == (OPEN, OPEN)
    assert repr(compare("1.2", 32)) == UNFILLED
    assert os.listdir(empty_progress) == []


def test_without_a_forecast_before_it_a_comparison_says_the_same(empty_progress):
    assert repr(compare("1.2", 32)) == UNFILLED
    assert os.listdir(empty_progress) == []


def test_without_a_number_the_cards_do_not_depend_on_what_was_kept():
    predict("1.2", 40)
    compare("1.2", 32)
    assert (repr(predict("1.2", ...)), repr(compare("1.2", 32))) == (OPEN, UNFILLED)
    assert kept() == [("1.2", 40, 32)]


@pytest.mark.parametrize("guess", [40, 40.0, np.int64(40), np.array([40])])
def test_a_number_is_kept_and_scored(guess):
    assert repr(predict("1.2", guess)) == "Forecast for 1.2: 40.\n  It is kept, and compared after the measurement."
    assert kept() == [("1.2", 40, None)]
    assert repr(compare("1.2", np.float64(32))) == SCORED
    assert kept() == [("1.2", 40, 32)]


def test_until_the_measurement_a_forecast_may_change():
    predict("1.2", 400)
    predict("1.2", 40)
    assert repr(compare("1.2", 32)) == SCORED


def test_after_the_measurement_the_first_comparison_counts():
    predict("1.2", 40)
    compare("1.2", 32)
    card = predict("1.2", 32)
    assert card.lines[1] == "It does not count: 40 was compared already, and the first comparison counts."
    assert compare("1.2", 32).lines == (SCORED, "The first comparison counts, not the forecast 32.")
    assert compare("1.2", 35).lines[1] == "The first comparison counts, not the forecast 32 or the measurement 35."
    assert kept() == [("1.2", 40, 32)]


def test_the_same_cells_again_change_nothing():
    predict("1.2", 40)
    compare("1.2", 32)
    before = progress.read()
    assert predict("1.2", 40).lines[1] == "It was compared already, with 32."
    assert repr(compare("1.2", 32)) == SCORED
    assert compare("1.2", 31).lines[1] == "The first comparison counts, not the measurement 31."
    assert progress.read() == before


def test_a_kernel_that_was_restarted_knows_the_forecast(monkeypatch):
    predict("1.2", 40)
    monkeypatch.setattr(asking, "_guesses", {})
    assert repr(compare("1.2", 32)) == SCORED


def test_forecasts_are_kept_apart():
    for key, guess in (("1.2", 40), ("1.20", 7), ("2.2", 9)):
        predict(key, guess)
    compare("1.20", 7)
    assert sorted(kept()) == [("1.2", 40, None), ("1.20", 7, 7), ("2.2", 9, None)]


@pytest.mark.parametrize("value", [0, -3.5, np.int64(0)])
def test_a_measurement_that_has_no_ratio_is_shown_and_not_scored(value):
    predict("1.2", 40)
    why = "not scored, because a ratio needs a measurement above 0."
    assert repr(compare("1.2", value)) == f"Forecast 40, measured {value}: {why}"
    assert kept() == [("1.2", 40, None)]
    predict("1.2", ...)
    assert repr(compare("1.2", value)) == UNFILLED.replace("32", str(value))


@pytest.mark.parametrize(
    ("guess", "message"),
    [
        ("40", "forecast 1.2 must be a number above 0, or ... for none, got '40'. Write one number."),
        (None, "got None. Write one number."),
        (True, "got True. Write one number."),
        (float("nan"), "got nan. Write one number."),
        (np.array([[1, 2], [3, 4]]), "got array([[1, 2], [3, 4]]). Write one number."),
        (0, "got 0. It is scored as a ratio: write a small number in place of 0."),
        (-2, "got -2. It is scored as a ratio"),
    ],
)
def test_what_is_no_forecast_is_refused_in_one_line(guess, message, empty_progress):
    with pytest.raises(CourseError) as error:
        predict("1.2", guess)
    assert message in str(error.value) and "\n" not in str(error.value)
    assert os.listdir(empty_progress) == []


@pytest.mark.parametrize("value", [..., None, "32", [32], float("inf"), np.array([1, 2])])
@pytest.mark.parametrize("guess", [..., 40])
def test_what_is_no_measurement_is_refused(value, guess):
    predict("1.2", guess)
    rule = r"^measurement for 1\.2 must be one number, got .+\. Run the cells above first\.$"
    with pytest.raises(CourseError, match=rule):
        compare("1.2", value)


@pytest.mark.parametrize(
    "key", [5.2, None, "", "1", "1.", "01.2", "1.02", "0.1", "1.0", "1.2 ", "1.2.3", "١.٢", "9" * 9 + ".1"]
)
@pytest.mark.parametrize(
    "call", [lambda key: predict(key, ...), lambda key: predict(key, 4), lambda key: compare(key, 4)]
)
def test_a_key_that_is_none(key, call):
    with pytest.raises(
        CourseError, match=r'^key must be lesson and number of a forecast, like "1\.3", got .+\. Put it in'
    ):
        call(key)


def test_a_lesson_that_there_is_not():
    with pytest.raises(
        CourseError, match=r"^lesson must be one of those in lessons/, got 999\. See lessons/README\.md\.$"
    ):
        predict("999.1", 4)


def test_strict_keeps_nothing_and_reads_nobodys_forecasts(monkeypatch, empty_progress):
    monkeypatch.setenv(STRICT, "1")
    assert predict("1.2", 40).lines == ("Forecast for 1.2: 40.", "Not kept, because VLLM_COURSE_STRICT is 1.")
    assert repr(compare("1.2", 32)) == SCORED
    assert os.listdir(empty_progress) == []
    monkeypatch.delenv(STRICT)
    predict("1.2", 7)
    monkeypatch.setenv(STRICT, "1")
    monkeypatch.setattr(asking, "_guesses", {})
    assert repr(compare("1.2", 32)) == UNFILLED
    assert kept() == [("1.2", 7, None)]


def test_trouble_is_told_once_and_the_score_is_shown_all_the_same(monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv(place.HOME, str(tmp_path / "file" / "below"))
    assert predict("1.2", 40).lines[1].startswith("Not kept: the progress file must be")
    assert repr(compare("1.2", 32)) == SCORED
    assert repr(predict("1.2", 41)) == "Forecast for 1.2: 41."


def test_a_file_that_cannot_be_read_leaves_the_lesson_running(empty_progress):
    progress.file().write_bytes(b"no database" * 1000)
    first, _, trouble = repr(compare("1.2", 32)).partition("\n  ")
    assert first == UNFILLED and trouble.startswith("Not kept: the progress file must be")


def test_the_card_says_what_the_text_says_and_escapes_it():
    predict("1.2", 40)
    compare("1.2", 32)
    predict("1.2", 30)
    card = compare("1.2", 32)
    assert words(card._repr_html_()) == re.sub(r"\s+", " ", repr(card))
    assert "&lt;b&gt;" in asking.Card(("<b>",))._repr_html_()
