"""What can go wrong with the progress file, each as one message: name, rule, value, remedy."""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from vllm_course.errors import CourseError

ELSEWHERE = "set VLLM_COURSE_HOME to a folder that you can write"
BEGIN_ANEW = "Run: vllm-course progress reset. It moves the file aside and begins a new one."
DENIED = ("READONLY", "CANTOPEN", "PERM", "AUTH")
BUSY = ("BUSY", "LOCKED", "PROTOCOL")
NO_ROOM = ("FULL", "IOERR")


class ProgressError(CourseError):
    """The progress file cannot be used now. What was in it stays as it was."""


@contextlib.contextmanager
def explained(file: Path) -> Iterator[None]:
    """Turn whatever SQLite or the system says about the file into a `ProgressError`."""
    try:
        yield
    except sqlite3.IntegrityError:  # a caller's mistake: nothing is wrong with the file
        raise
    except sqlite3.DatabaseError as error:
        raise ProgressError(_sqlite_text(file, error)) from error
    except OSError as error:
        place = str(error.filename or file).partition("/.new-")[0]  # a name that changes would be said anew each time
        raise ProgressError(
            f"the progress file must be readable and writable, got {error.strerror} for {place}. "
            f"Allow it, or {ELSEWHERE}."
        ) from error


def damaged(file: Path, reason: str) -> ProgressError:
    """Return the error for a file that SQLite cannot read."""
    reason = " ".join(reason.split())  # SQLite's findings have several lines
    return ProgressError(f"the progress file must be whole, got a damaged one at {file} ({reason}). {BEGIN_ANEW}")


def foreign(file: Path) -> ProgressError:
    """Return the error for an SQLite file of another program."""
    return ProgressError(f"the progress file must be the course's own, got another program's at {file}. {BEGIN_ANEW}")


def newer(file: Path, *, found: int, known: int) -> ProgressError:
    """Return the error for a file that a later version of the course wrote."""
    return ProgressError(
        f"the progress file must have schema version {known} or older, got {found} at {file}: a newer version of the "
        f"course wrote it. Update this copy of the course (git pull), or {ELSEWHERE} to begin another file."
    )


def _sqlite_text(file: Path, error: sqlite3.DatabaseError) -> str:
    name = getattr(error, "sqlite_errorname", "").removeprefix("SQLITE_")
    if name.startswith(BUSY):
        return (
            f"the progress file must not be locked for long, got {error} at {file}. "
            "Close the program that holds it, or wait until another notebook is done, and try again."
        )
    if name.startswith(DENIED):
        return f"the progress file must be writable, got {error} for {file}. Allow writing, or {ELSEWHERE}."
    if name.startswith(NO_ROOM):
        return f"the disk must take the progress file, got {error} at {file}. Free some space, or {ELSEWHERE}."
    return str(damaged(file, str(error)))
