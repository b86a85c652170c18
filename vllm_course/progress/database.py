"""The progress file: opened for one operation at a time, and checked before it is used.

No connection stays open: a kernel may fork, be killed or sleep for days, and an open one would hold locks and memory.
Opening costs about a millisecond.
"""

import contextlib
import sqlite3
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from vllm_course.progress import schema
from vllm_course.progress.creation import connect, create
from vllm_course.progress.errors import DENIED, NO_ROOM, damaged, explained, foreign, newer

LEFTOVERS = ("-wal", "-journal")
COMPANIONS = ("", *LEFTOVERS, "-shm")


@contextlib.contextmanager
def writing(file: Path) -> Iterator[sqlite3.Connection]:
    """Hand out a connection in a write transaction, which is committed at the end or, after an error, not at all.

    Raises:
        ProgressError: The file cannot be written. It is as it was.
    """
    with explained(file):
        if not file.exists():
            create(file)
        with contextlib.closing(connect(file, "mode=rw")) as connection:
            connection.execute("BEGIN IMMEDIATE")
            _require_ours(connection, file)
            if schema.version(connection) < schema.known():
                schema.migrate(connection)
            yield connection
            connection.execute("COMMIT")


@contextlib.contextmanager
def reading(file: Path) -> Iterator[sqlite3.Connection]:
    """Hand out a copy in memory, in the present schema; an empty one where there is no file.

    A copy, because an older file on a read-only disk cannot be migrated in place, and because reading should change
    nothing.

    Raises:
        ProgressError: The file cannot be read. It is as it was.
    """
    with explained(file), contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as copy:
        if file.exists():
            _copy(file, copy)
        schema.migrate(copy)
        yield copy


def move_aside(file: Path) -> Path | None:
    """Rename the file, with what SQLite keeps beside it, whatever state it is in.

    Returns:
        Its new name, which holds the date; None where there was no file.

    Raises:
        ProgressError: The folder cannot be written.
    """
    with explained(file):
        if not any(_beside(file, suffix).exists() for suffix in COMPANIONS):
            return None
        aside = _free_name(file)
        for suffix in COMPANIONS:
            if (part := _beside(file, suffix)).exists():
                part.rename(_beside(aside, suffix))
        return aside


def _copy(file: Path, copy: sqlite3.Connection) -> None:
    try:
        _copy_through(file, "mode=rw", copy)
    except sqlite3.OperationalError as error:
        denied = error.sqlite_errorname.removeprefix("SQLITE_").startswith(DENIED + NO_ROOM)
        if not denied or any(_size(_beside(file, suffix)) for suffix in LEFTOVERS):
            raise
        # In a folder that takes no new files SQLite cannot make the index that WAL needs. Without a log to be read
        # and without anybody who could write, the file alone is complete.
        _copy_through(file, "immutable=1", copy)


def _copy_through(file: Path, mode: str, copy: sqlite3.Connection) -> None:
    with contextlib.closing(connect(file, mode)) as connection:
        connection.execute("BEGIN")
        _require_ours(connection, file)
        connection.backup(copy)


def _require_ours(connection: sqlite3.Connection, file: Path) -> None:
    if schema.application(connection) != schema.APPLICATION_ID:
        raise damaged(file, "it is empty") if _size(file) == 0 else foreign(file)
    if (found := schema.version(connection)) > schema.known():
        raise newer(file, found=found, known=schema.known())
    if (state := connection.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
        raise damaged(file, state)


def _beside(file: Path, suffix: str) -> Path:
    return file.with_name(file.name + suffix)


def _size(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0


def _free_name(file: Path) -> Path:
    stamp = datetime.now().strftime("%Y-%m-%d-%H%M%S")
    names = (file.with_stem(f"{file.stem}-{stamp}{more}") for more in ("", *(f"-{n}" for n in range(2, 100))))
    return next(name for name in names if not name.exists())
