"""What a learner has done, in one SQLite file in the user's data folder: attempts, hints, ticks, forecasts, answers.

Several kernels may write at once. Every trouble with the file is a `ProgressError`, and the file stays as it was.
"""

import json
from datetime import UTC, datetime
from pathlib import Path

from vllm_course.forecasts import Forecast
from vllm_course.progress import database
from vllm_course.progress.errors import ProgressError
from vllm_course.progress.place import file, home
from vllm_course.progress.records import Answer, Attempt, Progress, attempts, everything

__all__ = [
    "Answer",
    "Attempt",
    "Progress",
    "ProgressError",
    "file",
    "hint_level",
    "home",
    "read",
    "record_answer",
    "record_attempt",
    "record_forecast",
    "record_hint",
    "reset",
    "set_tick",
    "ticks",
]


def record_attempt(number: str, status: str, message: str, fingerprint: str) -> list[Attempt]:
    """Keep the result of a check. The same again (status, message and answer) is not counted again.

    Args:
        number: Exercise, for example `"1.3"`.
        status: "passed" or "not yet".
        message: The hint that fitted, "" for a passed one.
        fingerprint: What tells this answer from another.

    Returns:
        All attempts at this exercise, oldest first, this one included.

    Raises:
        ProgressError: The file cannot be written.
    """
    row = tuple(map(_storable, (number, status, message, fingerprint)))
    with database.writing(file()) as connection:
        last = connection.execute(
            "SELECT number, status, message, fingerprint FROM attempts WHERE number = ? ORDER BY id DESC", row[:1]
        ).fetchone()
        if last != row:
            connection.execute(
                "INSERT INTO attempts (number, status, message, fingerprint, at) VALUES (?, ?, ?, ?, ?)", (*row, _now())
            )
        return attempts(connection, row[0])


def record_hint(number: str, level: int) -> None:
    """Keep the strongest hint seen.

    Raises:
        ProgressError: The file cannot be written.
    """
    with database.writing(file()) as connection:
        connection.execute(
            "INSERT INTO hints VALUES (?, ?) ON CONFLICT DO UPDATE SET level = max(level, excluded.level)",
            (number, level),
        )


def hint_level(number: str) -> int:
    """Return the strongest hint seen of an exercise, 0 for none.

    Raises:
        ProgressError: The file cannot be read.
    """
    return read().hints.get(number, 0)


def set_tick(lesson: str, item: str, *, ticked: bool) -> None:
    """Tick an item of a lesson's checklist, or take the tick away.

    Args:
        lesson: For example `"01"`.
        item: Its text.
        ticked: Whether it is ticked from now on.

    Raises:
        ProgressError: The file cannot be written.
    """
    with database.writing(file()) as connection:
        if ticked:
            connection.execute("INSERT OR IGNORE INTO ticks VALUES (?, ?, ?)", (lesson, _storable(item), _now()))
        else:
            connection.execute("DELETE FROM ticks WHERE lesson = ? AND item = ?", (lesson, _storable(item)))


def ticks(lesson: str) -> set[str]:
    """Return the ticked items of a lesson.

    Raises:
        ProgressError: The file cannot be read.
    """
    return read().ticks.get(lesson, set())


def read() -> Progress:
    """Return all that the file holds, as of one moment; nothing where there is no file.

    Raises:
        ProgressError: The file cannot be read.
    """
    with database.reading(file()) as connection:
        return everything(connection)


def record_forecast(key: str, guess: float, measured: float | None = None) -> Forecast:
    """Keep a forecast, and what it was compared with. After the first comparison neither changes any more.

    Args:
        key: Lesson and number, for example `"5.2"`.
        guess: Above 0.
        measured: Above 0; None before the measurement.

    Returns:
        What is kept.

    Raises:
        ProgressError: The file cannot be written.
    """
    with database.writing(file()) as connection:
        connection.execute(
            "INSERT INTO forecasts (key, guess, at) VALUES (?, ?, ?) ON CONFLICT DO UPDATE"
            " SET guess = excluded.guess, at = excluded.at WHERE measured IS NULL AND guess != excluded.guess",
            (key, guess, _now()),
        )
        if measured is not None:
            statement = "UPDATE forecasts SET measured = ?, compared_at = ? WHERE key = ? AND measured IS NULL"
            connection.execute(statement, (measured, _now(), key))
        return everything(connection).forecasts[key]


def record_answer(lesson: str, question: str, given: list[str] | float, *, right: bool) -> list[Answer]:
    """Keep an answer to a question of a quiz. The same again on the same day (in UTC) is not kept twice.

    Args:
        lesson: For example `"05"`.
        question: Its name.
        given: The options that were chosen, or a number.
        right: Whether it was right.

    Returns:
        All answers to this question, oldest first, this one included.

    Raises:
        ProgressError: The file cannot be written.
    """
    row, now = (lesson, question, _storable(json.dumps(given, ensure_ascii=False)), int(right)), _now()
    with database.writing(file()) as connection:
        last = connection.execute(
            "SELECT lesson, question, given, right, substr(at, 1, 10) FROM answers"
            " WHERE lesson = ? AND question = ? ORDER BY id DESC",
            row[:2],
        ).fetchone()
        if last != (*row, now[:10]):
            connection.execute(
                "INSERT INTO answers (lesson, question, given, right, at) VALUES (?, ?, ?, ?, ?)", (*row, now)
            )
        return everything(connection).answers[lesson, question]


def reset() -> Path | None:
    """Begin anew; what was there is moved aside.

    Returns:
        Where it is now; None where there was nothing.

    Raises:
        ProgressError: The folder cannot be written.
    """
    return database.move_aside(file())


def _storable(text: str) -> str:
    """Replace what SQLite cannot store: half of a surrogate pair, which an answer's text may hold."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
