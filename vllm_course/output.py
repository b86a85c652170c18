"""Tables for a terminal and for a spreadsheet, and a file that is written as a whole or not at all."""

import csv
import io
import os
import unicodedata
from pathlib import Path
from typing import Any

from vllm_course.errors import CourseError


def table(header: list[str], rows: list[list[str]]) -> str:
    """Lay texts out in columns.

    Example:
        >>> print(table(["lesson", "passed"], [["01", "3 of 10"]]))
        lesson  passed
        01      3 of 10
    """
    lines = [header, *rows]
    widths = [max(map(_width, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(text + " " * (width - _width(text)) for text, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def as_csv(columns: list[str], rows: list[dict[str, Any]]) -> str:
    """Write rows as CSV with a header."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().rstrip("\n")


def write(file: Path, text: str) -> None:
    """Write a file under another name and rename it, so that nobody ever sees a half of it.

    Raises:
        CourseError: It cannot be written. What was there stays.
    """
    file = file.resolve()
    if file.exists() and not file.is_file():  # renaming would put a file in the place of a device
        raise CourseError(f"--output must be a file, got {file}, which is something else. Choose another name.")
    unfinished = file.with_name(f".{file.name}.{os.getpid()}.tmp")
    try:
        try:
            with unfinished.open("x", encoding="utf-8", newline="") as stream:
                stream.write(text + "\n")
                stream.flush()
                os.fsync(stream.fileno())
            unfinished.replace(file)
        finally:
            unfinished.unlink(missing_ok=True)
    except OSError as error:
        raise CourseError(f"--output must be a file that can be written, got {error.strerror}: {file}.") from error


def _width(text: str) -> int:
    """Return how many columns of a terminal a text takes: two a Chinese character, none a combining one."""
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in text)
    return len(text) + wide - sum(bool(unicodedata.combining(letter)) for letter in text)
