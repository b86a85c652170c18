"""What is due: the waits after a miss, what counts as remembered, and forecasts that were far off."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.progress.cases import course_of_two, notebook, questions
from vllm_course import catalogue, progress
from vllm_course.forecasts import Forecast
from vllm_course.progress import Answer, Progress
from vllm_course.reviewing import due

START = date(2026, 3, 1)


def answers(*made: tuple[int, bool], question: str = "length") -> list[Answer]:
    """Return answers, each a day from the start and whether it is right."""
    return [Answer("01", question, [], ok, f"{START + timedelta(day)}T23:59:59+00:00") for day, ok in made]


def day(*made: tuple[int, bool]) -> int | None:
    """Return when the next review is, as a day from the start."""
    when = due.next_day(answers(*made))
    return when and (when - START).days


def test_only_a_miss_begins():
    assert day() is day((0, True)) is day((0, True), (1, True)) is None
    assert day((0, False)) == day((0, True), (0, False)) == 1


def test_the_waits_are_1_3_7_and_21_days():
    assert [day((0, False), *((n, True) for n in (1, 4, 11, 32)[:k])) for k in range(5)] == [1, 4, 11, 32, None]


def test_a_right_answer_before_its_day_is_nothing():
    assert day((0, False), (0, True)) == 1
    assert day((0, False), (1, True), (3, True)) == 4
    assert day((0, False), (6, True)) == 9  # late: the wait begins when it was answered


def test_a_miss_begins_anew():
    assert day((0, False), (1, True), (4, False)) == day((4, False)) == 5
    assert day((0, False), (1, True), (2, False)) == 3


@given(st.lists(st.tuples(st.integers(0, 60), st.booleans())))
def test_whatever_was_answered_the_next_day_comes_after_the_last_miss(made):
    when, misses = day(*sorted(made)), [n for n, ok in made if not ok]
    assert (when is None) or (misses and max(misses) < when <= max(n for n, _ in made) + 21)
    assert when is not None or not misses or sum(ok for n, ok in made if n > max(misses)) >= 4


@pytest.fixture
def two_lessons(tmp_path, monkeypatch):
    """Lessons 01 and 02 with questions, and forecasts 1.1 and 1.2 in the first."""
    course_of_two(tmp_path, monkeypatch)
    questions(tmp_path / "lessons" / "01-a", "length", "blocks")
    questions(tmp_path / "lessons" / "02-b", "places")
    cells = [
        ("markdown", "# Lesson 01: A\n\n## 3. Steps\n\nOld.\n\nFour [**prompts**](x.md). **Predict:** how many?"),
        ("code", 'from vllm_course import predict\n\npredict("1.1", ...)'),
        ("markdown", "## 4. More\n\n**Predict** how long it takes."),
        ("code", 'predict("1.2", ...)'),
    ]
    notebook(tmp_path / "lessons" / "01-a" / "a.ipynb", cells)


def test_what_has_waited_longest_comes_first(two_lessons):
    done = Progress({}, {}, {}, {}, {})
    for lesson, name, made in (
        ("01", "blocks", (3, False)),
        ("02", "places", (1, False)),
        ("01", "length", (9, False)),
    ):
        done.answers[lesson, name] = [Answer(lesson, name, [], made[1], a.at) for a in answers(made)]
    done.answers["01", "one of last year"] = answers((0, False))
    found = due.due(done, START + timedelta(4))
    assert [(each.question.name, (each.since - START).days) for each in found] == [("places", 2), ("blocks", 4)]
    assert due.due(done, START + timedelta(1)) == []


def test_a_forecast_that_was_far_off_is_asked_again(two_lessons):
    at = f"{START}T08:00:00+00:00"
    made = [Forecast("1.1", 40, at, 8, at), Forecast("1.2", 10, at, 8, at), Forecast("2.9", 40, at, 8, at)]
    done = Progress({}, {}, {}, {one.key: one for one in [*made, Forecast("1.3", 4, at)]}, {})
    assert due.due(done, START) == []
    (found,) = due.due(done, START + timedelta(1))
    asked = found.question
    assert (asked.name, asked.see) == ("forecast-1-1", 3)
    assert asked.ask == "Forecast 1.1: Four prompts. Predict: how many?"
    assert asked.judge(9.9).right and not asked.judge(40).right and "far off" in asked.judge(40).reasons[0].why
    done.answers["01", asked.name] = answers((1, True), question=asked.name)
    assert due.due_on(asked, done) == START + timedelta(4)


def test_what_a_lesson_asks_before_a_forecast(two_lessons):
    lesson = catalogue.lessons()[0]
    assert catalogue.forecast(lesson, "1.2") == ("Predict how long it takes.", 4)
    assert catalogue.forecast(lesson, "1.7") is None


def test_every_forecast_of_the_course_can_be_asked():
    lessons = catalogue.lessons()
    asked = [catalogue.forecast(one, f"{int(one.number)}.{n}") for one in lessons for n in (1, 2, 3)]
    assert None not in asked and all("redict" in text for text, _ in asked)


def test_progress_of_today_can_be_reviewed():
    assert due.due(progress.read(), START) == []
