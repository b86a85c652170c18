"""The tables of the progress file, and how an older file becomes a present one."""

import sqlite3

APPLICATION_ID = 0x764C4C4D  # "vLLM": by it the file is told from another program's
VERSION_1 = (
    """CREATE TABLE attempts (
        id INTEGER PRIMARY KEY,
        number TEXT NOT NULL,
        status TEXT NOT NULL CHECK (status IN ('passed', 'not yet')),
        message TEXT NOT NULL,
        fingerprint TEXT NOT NULL,
        at TEXT NOT NULL
    )""",
    "CREATE INDEX attempts_by_number ON attempts (number, id)",
    "CREATE TABLE hints (number TEXT PRIMARY KEY, level INTEGER NOT NULL)",
    "CREATE TABLE ticks (lesson TEXT NOT NULL, item TEXT NOT NULL, at TEXT NOT NULL, PRIMARY KEY (lesson, item))",
)
VERSION_2 = (
    """CREATE TABLE forecasts (
        key TEXT PRIMARY KEY,
        guess REAL NOT NULL CHECK (guess > 0),
        at TEXT NOT NULL,
        measured REAL CHECK (measured > 0),
        compared_at TEXT
    )""",
)
VERSION_3 = (
    """CREATE TABLE answers (
        id INTEGER PRIMARY KEY,
        lesson TEXT NOT NULL,
        question TEXT NOT NULL,
        given TEXT NOT NULL,
        right INTEGER NOT NULL CHECK (right IN (0, 1)),
        at TEXT NOT NULL
    )""",
)
# Never change an entry that was released: append one. Entry 0 makes schema version 1 of an empty file, entry 1 makes
# version 2 of version 1, and so on.
MIGRATIONS: list[tuple[str, ...]] = [VERSION_1, VERSION_2, VERSION_3]


def known() -> int:
    """Return the schema version that this course writes."""
    return len(MIGRATIONS)


def version(connection: sqlite3.Connection) -> int:
    """Return the schema version of a file, 0 for an empty one."""
    return connection.execute("PRAGMA user_version").fetchone()[0]


def application(connection: sqlite3.Connection) -> int:
    """Return the mark of the program that made the file."""
    return connection.execute("PRAGMA application_id").fetchone()[0]


def migrate(connection: sqlite3.Connection) -> None:
    """Bring a file to the present schema. The caller holds the transaction, so that all of it happens or nothing."""
    for statements in MIGRATIONS[version(connection) :]:
        for statement in statements:
            connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {known()}")
