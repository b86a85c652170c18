"""What the progress file holds, read from an open one."""

import json
import sqlite3
from dataclasses import dataclass

from vllm_course.forecasts import Forecast


@dataclass(frozen=True)
class Attempt:
    """One answer that was checked: status is "passed" or "not yet", `at` is ISO 8601 in UTC."""

    number: str
    status: str
    message: str
    at: str


@dataclass(frozen=True)
class Answer:
    """One answer to a question of a quiz.

    Attributes:
        lesson: For example `"05"`.
        question: Its name.
        given: The options that were chosen, or a number.
        right: Whether it was right.
        at: ISO 8601 in UTC.
    """

    lesson: str
    question: str
    given: list[str] | float
    right: bool
    at: str


@dataclass(frozen=True)
class Progress:
    """All that the file holds: attempts (oldest first) and strongest hint seen by exercise, ticked items by lesson.

    Forecasts are by their key, answers (oldest first) by lesson and question.
    """

    attempts: dict[str, list[Attempt]]
    hints: dict[str, int]
    ticks: dict[str, set[str]]
    forecasts: dict[str, Forecast]
    answers: dict[tuple[str, str], list[Answer]]


def attempts(connection: sqlite3.Connection, number: str | None = None) -> list[Attempt]:
    """Return the attempts at an exercise, or at all, oldest first."""
    where, values = ("", ()) if number is None else ("WHERE number = ?", (number,))
    rows = connection.execute(f"SELECT number, status, message, at FROM attempts {where} ORDER BY id", values)
    return [Attempt(*row) for row in rows]


def everything(connection: sqlite3.Connection) -> Progress:
    """Return all that the file holds."""
    tries: dict[str, list[Attempt]] = {}
    for attempt in attempts(connection):
        tries.setdefault(attempt.number, []).append(attempt)
    ticks: dict[str, set[str]] = {}
    for lesson, item in connection.execute("SELECT lesson, item FROM ticks"):
        ticks.setdefault(lesson, set()).add(item)
    hints = dict(connection.execute("SELECT number, level FROM hints"))
    rows = connection.execute("SELECT key, guess, at, measured, compared_at FROM forecasts")
    forecasts = {row[0]: Forecast(*row) for row in rows}
    answers: dict[tuple[str, str], list[Answer]] = {}
    for lesson, question, given, right, at in connection.execute(
        "SELECT lesson, question, given, right, at FROM answers ORDER BY id"
    ):
        answer = Answer(lesson, question, json.loads(given), bool(right), at)
        answers.setdefault((lesson, question), []).append(answer)
    return Progress(tries, hints, ticks, forecasts, answers)
