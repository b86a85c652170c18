"""A review: the questions of a day, at most five at once."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from vllm_course import progress
from vllm_course.errors import UsageError
from vllm_course.reviewing import due
from vllm_course.reviewing.answering import public
from vllm_course.reviewing.quizzes import Question

MOST = 5


@dataclass(frozen=True)
class Review:
    """What is due.

    Attributes:
        questions: All that is due, what has waited longest first.
        later: The days of the others, the next first.
    """

    questions: list[Question]
    later: list[date]

    @property
    def first(self) -> list[Question]:
        """Those that are asked now."""
        return self.questions[:MOST]

    def nothing(self) -> str:
        """Say that nothing is due, and when something will be."""
        when = f"The next day with a question is {self.later[0]:%Y-%m-%d}." if self.later else ""
        return f"Nothing is due. {when or 'What you miss in a quiz comes here.'}"

    def as_document(self) -> dict[str, Any]:
        """Return it as JSON-able values, without what is right."""
        return {
            "format": "vllm-course review",
            "due": [public(question) for question in self.first],
            "due_total": len(self.questions),
            "later_total": len(self.later),
            "next_day": self.later[0].isoformat() if self.later else None,
        }


def today() -> Review:
    """Return what is due today, in UTC as all that is kept.

    Raises:
        ProgressError: The progress file cannot be read.
        CourseError: A quiz or a notebook is damaged.
    """
    done, day = progress.read(), datetime.now(UTC).date()
    days = [when for each in due.askable(done) if (when := due.due_on(each, done))]
    return Review([each.question for each in due.due(done, day)], sorted(when for when in days if when > day))


def find(lesson: str, name: str) -> Question:
    """Return the question of a name, whether it is due or not.

    Raises:
        UsageError: There is none.
    """
    for question in due.askable(progress.read()):
        if (question.lesson, question.name) == (lesson, name):
            return question
    raise UsageError(f"question must be one of the course, got {name!r:.60} of lesson {lesson!r:.10}. Read them again.")
