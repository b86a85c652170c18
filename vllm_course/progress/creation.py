"""Make a new progress file: complete before anybody sees it, with a write-ahead log where that is safe."""

import contextlib
import os
import sqlite3
import tempfile
from pathlib import Path

from vllm_course.progress import schema

# Seconds to wait for another kernel's write. It takes milliseconds, and longer where many processes wait for a core.
PATIENCE = 30.0
# A write-ahead log needs memory that all its users share, which kernels on two machines do not.
NETWORK = ("nfs", "cifs", "smb", "9p", "afs", "ceph", "lustre", "gpfs", "beegfs", "glusterfs", "fuse.")


def connect(file: Path, mode: str) -> sqlite3.Connection:
    """Open a file, with transactions begun and ended by hand.

    Args:
        file: Absolute path.
        mode: SQLite's URI parameter, for example `"mode=rw"`.
    """
    return sqlite3.connect(f"{file.as_uri()}?{mode}", uri=True, timeout=PATIENCE, isolation_level=None)


def create(file: Path) -> None:
    """Make the file and its folder; where another kernel made it at the same time, that one stays.

    It is built under another name, so that a full disk or a kill leaves no half of a file.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".new-", dir=file.parent) as folder:
        try:
            new = _build(Path(folder) / "wal.sqlite3", wal=not on_network(file.parent))
        except sqlite3.OperationalError:
            new = _build(Path(folder) / "rollback.sqlite3", wal=False)
        with contextlib.suppress(FileExistsError):
            _place(new, file)


def on_network(folder: Path) -> bool:
    """Return whether a folder lies on a file system that other machines may share."""
    import psutil

    mounts = [part for part in psutil.disk_partitions(all=True) if folder.resolve().is_relative_to(part.mountpoint)]
    return max(mounts, key=lambda part: len(part.mountpoint)).fstype.startswith(NETWORK) if mounts else False


def _build(new: Path, *, wal: bool) -> Path:
    with contextlib.closing(connect(new, "mode=rwc")) as connection:
        connection.execute("BEGIN IMMEDIATE")
        schema.migrate(connection)
        connection.execute("COMMIT")
        if wal:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("SELECT count(*) FROM attempts")  # the log's index is made now, or refused
    return new


def _place(new: Path, file: Path) -> None:
    try:
        os.link(new, file)
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        if not file.exists():
            new.rename(file)
