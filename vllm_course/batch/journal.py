"""A journal: a file of JSON lines that only grows, so that a job which is killed goes on where it ended."""

import fcntl
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from vllm_course.errors import CourseError, UsageError
from vllm_course.files import check_place, read_json, write
from vllm_course.runtime.calls import signals_wait

KEYS = ({"id", "prompt", "text", "finish_reason", "tokens"}, {"id", "error"})  # of an answer, and of a bad line
BEGINNING = b'{"id": '
NAME = "--output"


class Journal:
    """The lines that are done so far, in order.

    A line counts when its end is there. A kill in the middle of writing leaves a last line without an end, which is cut
    off. No other process can open the file at the same time.

    The settings of the first run are in a file beside it, `OUT.jsonl.settings.json`. Later runs must have the same, or
    answers of two kinds would be mixed. Where that file is missing, the settings of this run count from now on.

    Args:
        file: Where it is; it is made where it is not there.
        source: The file whose lines are answered.
        settings: What all answers depend on, such as the model's name. Values that JSON can hold.

    Attributes:
        file: Where it is.
        count: How many lines are done.

    Raises:
        UsageError: The file cannot be written, is open elsewhere, or holds something else; or the settings differ.
    """

    def __init__(self, file: Path, *, source: Path, settings: dict[str, Any]) -> None:
        check_place(file, name=NAME)
        if file.exists() and file.samefile(source):
            raise UsageError(f"{NAME} must be another file than INPUT, got {file} for both. Choose another name.")
        if file.suffix != ".jsonl":
            raise UsageError(f"{NAME} must end with .jsonl, got {file}. Rename it.")
        self.file, self.count, self._size = file, 0, 0
        self._stream = _opened_alone(file)
        try:
            with file.open("rb") as lines:
                for line in lines:
                    self._check(line)
            self._keep(settings)
            self._stream.truncate(self._size)
        except BaseException:
            self._stream.close()  # a notebook keeps the error, and with it this object and its lock
            raise

    def __enter__(self) -> "Journal":
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()

    def records(self) -> Iterator[dict[str, Any]]:
        """Read the lines that are done, one after the other."""
        with self.file.open("rb") as lines:
            for _ in range(self.count):
                yield json.loads(next(lines))

    def append(self, records: list[dict[str, Any]]) -> None:
        """Add lines, and return when they are on the disk.

        Args:
            records: The lines, each with the keys of an answer or of a bad line.

        Raises:
            CourseError: They cannot be written, because the disk is full, for example. What was there stays.
        """
        data = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records).encode()
        with signals_wait():  # so that after Ctrl-C the count is what the file holds
            self._write(data)
            self.count += len(records)
            self._size += len(data)

    def _write(self, data: bytes) -> None:
        try:
            while data:
                data = data[self._stream.write(data) :]
            os.fsync(self._stream.fileno())
        except OSError as error:
            self._stream.truncate(self._size)
            raise _unwritable(self.file, error, remedy="Free some space; the same command goes on.") from error

    def _check(self, line: bytes) -> None:
        """Count a line, leave the beginning of one, and refuse what this class does not write."""
        whole = line.endswith(b"\n")
        if not (_is_record(line) or not whole and _is_cut(line)):
            raise UsageError(
                f"{NAME} must be a file that this tool wrote, got {self.file} with another line {self.count + 1}. "
                "Choose another name."
            )
        self.count += whole
        self._size += len(line) if whole else 0

    def _keep(self, settings: dict[str, Any]) -> None:
        """Write the settings down at the first run, and compare them at a later one."""
        place = self.file.with_name(f"{self.file.name}.settings.json")
        if not (self.count and place.exists()):
            write(place, json.dumps(settings, indent=2, ensure_ascii=False))
            return
        first = read_json(place, name=NAME, what="beside the settings of its first run")
        for name, value in settings.items():
            if first.get(name) != value:
                raise UsageError(
                    f"--{name.replace('_', '-')} must be {first.get(name)!r} as in the first run, got {value!r}. "
                    f"Give the same, or choose another {NAME}."
                )


def _opened_alone(file: Path) -> Any:
    """Open a file for appending, without a buffer, as the only process that does so."""
    try:
        stream = file.open("ab", buffering=0)
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        got = f"{file}, which another process writes"
        raise UsageError(f"{NAME} must be open only once, got {got}. Wait for it, or choose another name.") from None
    except OSError as error:
        raise _unwritable(file, error, remedy="Choose another place.") from error
    return stream


def _is_record(line: bytes) -> bool:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return False
    return isinstance(found, dict) and found.keys() in KEYS


def _is_cut(line: bytes) -> bool:
    """Return whether this may be the beginning of a record."""
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return line[: len(BEGINNING)] == BEGINNING[: len(line)]
    return False


def _unwritable(file: Path, error: OSError, *, remedy: str) -> CourseError:
    return CourseError(f"{NAME} must be a file that can be written, got {error.strerror}: {file}. {remedy}")
