"""The progress file: what is kept, what is counted once, and where it lies."""

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.progress.cases import first_attempts, kept, pragma
from vllm_course import progress
from vllm_course.progress import ProgressError, schema


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is not there yet."""
    monkeypatch.setenv("VLLM_COURSE_HOME", str(tmp_path / "not there" / "a home"))
    return tmp_path / "not there" / "a home"


def test_the_home_is_the_variable_or_the_users_data_folder(monkeypatch, tmp_path, home):
    assert progress.file() == home / "progress.sqlite3"
    monkeypatch.setenv("VLLM_COURSE_HOME", "~/course")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert progress.home() == tmp_path / "course"
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("VLLM_COURSE_HOME", "")
    assert progress.home() == tmp_path / "data" / "vllm-course"
    monkeypatch.delenv("VLLM_COURSE_HOME")
    assert progress.home() == tmp_path / "data" / "vllm-course"


def test_a_relative_home_is_refused(monkeypatch):
    monkeypatch.setenv("VLLM_COURSE_HOME", "here")
    with pytest.raises(ProgressError, match=r"^VLLM_COURSE_HOME must be an absolute path, got 'here'\. Write it"):
        progress.read()


def test_reading_before_anything_was_kept_makes_nothing(home):
    assert progress.read() == progress.Progress({}, {}, {}, {}, {})
    assert (progress.hint_level("1.1"), progress.ticks("01")) == (0, set())
    assert not home.exists()


def test_attempts_come_back_oldest_first():
    before = datetime.now(UTC) - timedelta(seconds=1)
    first = progress.record_attempt("1.3", "not yet", "the seed is missing", "a")
    second = progress.record_attempt("1.3", "passed", "", "b")
    assert [(a.number, a.status, a.message) for a in second] == [
        ("1.3", "not yet", "the seed is missing"),
        ("1.3", "passed", ""),
    ]
    assert second[:1] == first
    assert before <= datetime.fromisoformat(second[1].at) <= datetime.now(UTC)


def test_the_same_attempt_again_is_not_counted_again():
    for fingerprint in ("a", "a", "b", "b", "b", "a"):
        attempts = progress.record_attempt("1.1", "not yet", "closer", fingerprint)
    assert len(attempts) == 3
    assert len(progress.record_attempt("1.1", "not yet", "elsewhere", "a")) == 4
    assert len(progress.record_attempt("1.1", "passed", "elsewhere", "a")) == 5


def test_exercises_are_kept_apart():
    progress.record_attempt("1.1", "passed", "", "a")
    assert len(progress.record_attempt("1.10", "passed", "", "a")) == 1
    assert len(progress.record_attempt("1.1", "passed", "", "a")) == 1
    assert {number: len(tries) for number, tries in progress.read().attempts.items()} == {"1.1": 1, "1.10": 1}


def test_a_status_that_there_is_not_is_the_callers_mistake():
    with pytest.raises(sqlite3.IntegrityError):
        progress.record_attempt("1.1", "not attempted", "", "a")
    assert kept() == []


def test_text_that_is_no_unicode_is_kept_as_well_as_it_can_be():
    for _ in range(2):
        attempts = progress.record_attempt("1.1", "not yet", "got '\ud800' and \0 and é", "\udfff")
    assert [attempt.message for attempt in attempts] == ["got '?' and \0 and é"]


def test_the_strongest_hint_stays():
    for level in (1, 3, 2):
        progress.record_hint("1.2", level)
    assert (progress.hint_level("1.2"), progress.hint_level("1.1")) == (3, 0)


def test_ticks_are_set_and_taken_away():
    for lesson, item in (("01", "load"), ("01", "load"), ("01", "batch"), ("02", "load")):
        progress.set_tick(lesson, item, ticked=True)
    progress.set_tick("01", "load", ticked=False)
    progress.set_tick("01", "never ticked", ticked=False)
    assert (progress.ticks("01"), progress.ticks("02")) == ({"batch"}, {"load"})


def test_a_forecast_changes_until_it_is_compared_and_then_no_more():
    first = progress.record_forecast("1.2", 400.0)
    assert progress.record_forecast("1.2", 400.0) == first
    assert datetime.fromisoformat(first.at) <= datetime.now(UTC)
    changed = progress.record_forecast("1.2", 40.0)
    assert (changed.guess, changed.measured, changed.compared_at) == (40, None, None)
    scored = progress.record_forecast("1.2", 40.0, 32.0)
    assert (scored.guess, scored.measured, scored.at) == (40, 32, changed.at)
    assert scored.compared_at >= scored.at
    assert progress.record_forecast("1.2", 30.0) == scored
    assert progress.record_forecast("1.2", 30.0, 31.0) == scored
    progress.record_forecast("1.20", 7.0, 8.0)
    assert progress.read().forecasts["1.2"] == scored and len(progress.read().forecasts) == 2


@pytest.mark.parametrize("numbers", [(0.0,), (-1.0,), (40.0, 0.0)])
def test_a_number_that_has_no_ratio_is_the_callers_mistake(numbers):
    with pytest.raises(sqlite3.IntegrityError):
        progress.record_forecast("1.2", *numbers)
    assert progress.read().forecasts == {}


def test_the_file_says_whose_it_is_and_has_a_write_ahead_log():
    first_attempts()
    assert pragma("application_id") == schema.APPLICATION_ID
    assert pragma("user_version") == schema.known() == 3
    assert pragma("journal_mode") == "wal"


def test_nothing_lies_beside_the_file_between_operations(home):
    first_attempts()
    progress.read()
    assert [path.name for path in home.iterdir()] == ["progress.sqlite3"]


def test_reset_moves_what_was_there_aside_and_begins_anew(home):
    first_attempts()
    before = progress.file().read_bytes()
    aside = progress.reset()
    assert aside.name.startswith(f"progress-{datetime.now():%Y-%m-%d-}")
    assert aside.read_bytes() == before
    assert progress.read().attempts == {}
    progress.record_attempt("1.1", "passed", "", "a")
    assert progress.reset() not in (None, aside)
    assert sum(path.suffix == ".sqlite3" for path in home.iterdir()) == 2


def test_reset_takes_a_log_along_that_a_killed_kernel_left(home):
    first_attempts()
    (home / "progress.sqlite3-wal").write_bytes(b"log")
    aside = progress.reset()
    assert {path.name for path in home.iterdir()} == {aside.name, f"{aside.name}-wal"}


def test_reset_of_nothing_is_nothing():
    assert progress.reset() is None


def test_answers_come_back_oldest_first_and_the_same_again_is_not_kept_twice():
    for given, right in ((["a", "b"], False), (["a", "b"], False), (["a"], True), (["a", "b"], False)):
        answers = progress.record_answer("05", "blocks", given, right=right)
    progress.record_answer("05", "places", 2.5, right=True)
    assert [(one.given, one.right) for one in answers] == [(["a", "b"], False), (["a"], True), (["a", "b"], False)]
    assert datetime.fromisoformat(answers[0].at).utcoffset() == timedelta(0)
    assert progress.read().answers["05", "blocks"] == answers
    assert progress.read().answers["05", "places"][0].given == 2.5


def test_the_same_answer_on_another_day_is_kept():
    progress.record_answer("05", "blocks", ["a"], right=True)
    with sqlite3.connect(progress.file()) as connection:
        connection.execute("UPDATE answers SET at = '2026-01-02T03:04:05+00:00'")
    assert len(progress.record_answer("05", "blocks", ["a"], right=True)) == 2
