"""What an instructor wants to know of a class: who is where, what is hard, and what surprises most of them."""

import re
import statistics
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from vllm_course import catalogue
from vllm_course.catalogue import Lesson
from vllm_course.classroom.merging import Learner
from vllm_course.errors import CourseError
from vllm_course.forecasts import Calibration, Forecast, calibration, in_order, of_lesson
from vllm_course.progress import Attempt

if TYPE_CHECKING:
    from vllm_course.reviewing.quizzes import Question

SURPRISE = 2  # a forecast that is off by this factor or more surprises
# What differs from learner to learner in a hint: what they wrote, and numbers.
VALUES = re.compile(r"""'[^']*'|"[^"]*"|(?<![\w.])-?\d+(?:[.,]\d+)*""")


@dataclass(frozen=True)
class Place:
    """How far a learner is in a lesson.

    Attributes:
        learner: The name.
        lesson: The lesson.
        passed: Numbers of the exercises that were passed, in order.
        open: Numbers of those that were tried and not passed.
        ticked: How many items of the checklist are ticked.
        forecasts: What the learner's forecasts in this lesson say together.
    """

    learner: str
    lesson: Lesson
    passed: list[str]
    open: list[str]
    ticked: int
    forecasts: Calibration

    @property
    def begun(self) -> bool:
        """Whether anything was done."""
        return bool(self.passed or self.open or self.ticked or self.forecasts.compared)


@dataclass(frozen=True)
class Exercise:
    """How a class did an exercise. Medians are None where nobody's tries are known.

    Attributes:
        lesson: Number of the lesson.
        number: Number of the exercise.
        title: Its title.
        tried: How many learners tried it, those who passed among them.
        passed: How many passed.
        tries: Median of the tries, up to the first that passed.
        minutes: Median of the minutes from the first try to the first that passed.
        hint: The hint that fitted the mistakes of most learners; "" without any.
        hinted: How many learners it fitted.
    """

    lesson: str
    number: str
    title: str
    tried: int
    passed: int
    tries: float | None
    minutes: float | None
    hint: str
    hinted: int

    @property
    def hard(self) -> bool:
        """Whether somebody who tried has not passed, or half of them needed two tries or more."""
        return self.passed < self.tried or (self.tries or 0) >= 2


@dataclass(frozen=True)
class Surprise:
    """How a class forecast one measurement.

    Attributes:
        key: Lesson and number of the forecast.
        compared: How many learners compared one.
        high: How many were too high by the factor `SURPRISE` or more.
        low: How many were as far too low.
        factor: Median of how far off they are.
    """

    key: str
    compared: int
    high: int
    low: int
    factor: float


@dataclass(frozen=True)
class Missed:
    """A question of a quiz that somebody missed at first.

    Attributes:
        lesson: Number of the lesson.
        name: Name of the question.
        ask: What it asks.
        answered: How many learners answered it.
        missed: How many of them missed it at first.
        chosen: What most of those chose, "" where the question has changed since.
        by: How many chose that.
    """

    lesson: str
    name: str
    ask: str
    answered: int
    missed: int
    chosen: str
    by: int


@dataclass(frozen=True)
class Report:
    """A class.

    Attributes:
        learners: Who is in it, sorted.
        places: One a learner and lesson, in this order.
        exercises: One for each that somebody tried, in the course's order.
        forecasts: What all forecasts of the class say together.
        surprises: Forecasts that surprised somebody, the most shared first.
        missed: Questions of the quizzes that somebody missed at first, the most missed first.
    """

    learners: list[Learner]
    places: list[Place]
    exercises: list[Exercise]
    forecasts: Calibration
    surprises: list[Surprise]
    missed: list[Missed]

    @property
    def hardest(self) -> list[Exercise]:
        """The exercises that were hard, the hardest first: fewest of those who tried passed, then most tries."""
        hard = [one for one in self.exercises if one.hard]
        return sorted(hard, key=lambda one: (one.passed / one.tried, -(one.tries or 0), -(one.minutes or 0)))

    @property
    def incomplete(self) -> list[str]:
        """The learners of whose tries not all are known."""
        return [learner.name for learner in self.learners if not learner.complete]


def of_class(learners: list[Learner]) -> Report:
    """Sum up a class against this copy of the course."""
    lessons = catalogue.lessons()
    titles = [(lesson.number, number, title) for lesson in lessons for number, title in lesson.exercises.items()]
    known = [one for learner in learners for lesson in lessons for one in of_lesson(learner.forecasts, lesson.number)]
    return Report(
        learners=learners,
        places=[_place(learner, lesson) for learner in learners for lesson in lessons],
        exercises=[_exercise(*each, learners) for each in titles if any(each[1] in one.tried for one in learners)],
        forecasts=calibration(known),
        surprises=_surprises(known),
        missed=_missed(learners),
    )


def last_try(learner: Learner) -> str | None:
    """Return the day of the last try that is known, ISO 8601 in UTC."""
    return max((one.at for tries in learner.tries.values() for one in tries), default="")[:10] or None


def without_values(message: str) -> str:
    """Return a hint without what differs from learner to learner.

    Example:
        >>> without_values("ratio must be one_call / one_by_one, not 0.33.")
        'ratio must be one_call / one_by_one, not ….'
    """
    return VALUES.sub("…", message)


def _place(learner: Learner, lesson: Lesson) -> Place:
    return Place(
        learner=learner.name,
        lesson=lesson,
        passed=[number for number in lesson.exercises if number in learner.passed],
        open=[number for number in lesson.exercises if number in learner.tried - learner.passed],
        ticked=sum((lesson.number, item) in learner.ticked for item in set(lesson.checklist)),
        forecasts=calibration(of_lesson(learner.forecasts, lesson.number)),
    )


def _exercise(lesson: str, number: str, title: str, learners: list[Learner]) -> Exercise:
    tries = [learner.tries[number] for learner in learners if learner.tries.get(number)]
    hint, hinted = _hint(tries)
    return Exercise(
        lesson=lesson,
        number=number,
        title=title,
        tried=sum(number in learner.tried for learner in learners),
        passed=sum(number in learner.passed for learner in learners),
        tries=_median([len(each) for each in tries]),
        minutes=_median([_minutes(each) for each in tries if each[-1].status == "passed"]),
        hint=hint,
        hinted=hinted,
    )


def _hint(tries: list[list[Attempt]]) -> tuple[str, int]:
    """Return the hint that most learners met, as it was worded most often, and how many met it."""
    wordings = Counter(one.message for each in tries for one in each if one.message and one.status != "passed")
    kinds = [{without_values(one.message) for one in each if one.message in wordings} for each in tries]
    met = Counter(kind for each in kinds for kind in sorted(each))
    if not met:
        return "", 0
    kind, learners = min(met.items(), key=lambda item: (-item[1], item[0]))
    alike = {message: count for message, count in wordings.items() if without_values(message) == kind}
    return min(alike, key=lambda message: (-alike[message], message)), learners


def _minutes(tries: list[Attempt]) -> float:
    first, last = (datetime.fromisoformat(one.at) for one in (tries[0], tries[-1]))
    return (last - first).total_seconds() / 60


def _surprises(forecasts: list[Forecast]) -> list[Surprise]:
    by_key: dict[str, list[Forecast]] = {}
    for one in in_order(forecasts):
        by_key.setdefault(one.key, []).append(one)
    found = [_surprise(key, each) for key, each in by_key.items()]
    return sorted((one for one in found if one.high + one.low), key=lambda one: (-one.high - one.low, -one.factor))


def _missed(learners: list[Learner]) -> list[Missed]:
    from vllm_course.reviewing import quizzes  # takes pydantic along, which no other sub-command needs

    found = []
    for question in quizzes.of_course():
        firsts = [one.answers[key] for one in learners if (key := (question.lesson, question.name)) in one.answers]
        wrong = [one for one in firsts if not one.right]
        if not wrong:
            continue
        texts = Counter(text for one in wrong for text in one.chosen if _can_be_chosen(question, text))
        chosen, by = min(texts.items(), key=lambda item: (-item[1], item[0]), default=("", 0))
        found.append(Missed(question.lesson, question.name, question.ask.strip(), len(firsts), len(wrong), chosen, by))
    return sorted(found, key=lambda one: (-one.missed / one.answered, -one.missed))


def _can_be_chosen(question: "Question", text: str) -> bool:
    """Whether a text is a wrong option, or a number: an export may hold anything."""
    try:
        return not question.judge(text if question.kind == "number" else [text]).right
    except CourseError:
        return False


def _surprise(key: str, forecasts: list[Forecast]) -> Surprise:
    off = [one for one in forecasts if one.factor >= SURPRISE]
    high = sum(one.guess > one.measured for one in off)
    return Surprise(key, len(forecasts), high, len(off) - high, statistics.median(one.factor for one in forecasts))


def _median(values: list[Any]) -> float | None:
    return statistics.median(values) if values else None
