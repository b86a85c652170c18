"""What is due for a review: questions that were missed, after 1, 3, 7 and 21 days, and forecasts that were far off."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import NamedTuple

from vllm_course import catalogue
from vllm_course.forecasts import Forecast, shown
from vllm_course.progress import Answer, Progress
from vllm_course.reviewing import quizzes
from vllm_course.reviewing.quizzes import Question, Slip

WAITS = (1, 3, 7, 21)  # days from a miss to the first review, and from a right answer in a review to the next
FAR_OFF = 2.0  # factor of a forecast from which it is asked for again
NEAR = 0.25  # how far off an answer about a forecast may be, as a part of what was measured
PREFIX = "forecast-"  # of the name of a question about a forecast


class Due(NamedTuple):
    """A question and the day from which it is due."""

    question: Question
    since: date


def due(done: Progress, today: date) -> list[Due]:
    """Return what is due, what has waited longest first.

    Args:
        done: What the learner has done.
        today: The day, in UTC as all that is kept.
    """
    found = [Due(each, when) for each in askable(done) if (when := due_on(each, done)) and when <= today]
    return sorted(found, key=lambda each: each.since)


def askable(done: Progress) -> list[Question]:
    """Return all that could be asked: the questions of the quizzes, and forecasts that were far off."""
    far = [one for one in done.forecasts.values() if one.measured is not None and one.factor > FAR_OFF]
    return [*quizzes.of_course(), *filter(None, map(about, far))]


def due_on(question: Question, done: Progress) -> date | None:
    """Return the day from which a question is due, None for one that need not be asked."""
    answers = done.answers.get((question.lesson, question.name), [])
    if question.name.startswith(PREFIX):
        key = question.name.removeprefix(PREFIX).replace("-", ".")
        return next_day(answers, missed=_day(done.forecasts[key].compared_at))
    return next_day(answers)


def next_day(answers: Iterable[Answer], *, missed: date | None = None) -> date | None:
    """Return the day of the next review.

    A miss begins it. A right answer on a day when it is due leads to the next wait, one before it to nothing: who reads
    the reasons and answers again at once has not remembered anything yet. After the last wait it is done.

    Args:
        answers: Oldest first.
        missed: The day of a miss that is no answer.

    Example:
        >>> wrong, right = (Answer("05", "x", [], ok, f"2026-03-0{day}T08:00:00+00:00") for ok, day in ((0, 1), (1, 2)))
        >>> next_day([wrong]), next_day([wrong, right]), next_day([right])
        (datetime.date(2026, 3, 2), datetime.date(2026, 3, 5), None)
    """
    step, when = (0, missed + timedelta(WAITS[0])) if missed else (0, None)
    for answer in answers:
        day = _day(answer.at)
        if not answer.right:
            step, when = 0, day + timedelta(WAITS[0])
        elif when and day >= when:
            step += 1
            when = day + timedelta(WAITS[step]) if step < len(WAITS) else None
    return when


def about(forecast: Forecast) -> Question | None:
    """Return the question whose answer a forecast was; None where the lesson does not ask it any more."""
    number, _, _ = forecast.key.partition(".")
    lesson = next((each for each in catalogue.lessons() if int(each.number) == int(number)), None)
    asked = lesson and catalogue.forecast(lesson, forecast.key)
    if not asked:
        return None
    text, section = asked
    return Question(
        lesson=lesson.number,
        name=PREFIX + forecast.key.replace(".", "-"),
        ask=f"Forecast {forecast.key}: {text}",
        see=section,
        number=forecast.measured,
        within=NEAR * forecast.measured,
        why=f"{shown(forecast.measured)} was measured, and your forecast was {shown(forecast.guess)}.",
        slips=(Slip(wrong=forecast.guess, why="That was your forecast, and it was far off."),),
        otherwise=f"It is {shown(forecast.measured)}. Read again what leads to it.",
    )


def _day(at: str) -> date:
    return datetime.fromisoformat(at).date()
