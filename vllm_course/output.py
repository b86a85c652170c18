"""Tables for a terminal and for a spreadsheet."""

import csv
import io
import unicodedata
from typing import Any


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
    """Write rows as CSV with a header; a cell that a row lacks stays empty.

    Example:
        >>> as_csv(["prompt", "tokens"], [{"prompt": 'Say "a, b".', "tokens": 3}])
        'prompt,tokens\\n"Say ""a, b"".",3'
    """
    return "\n".join(map(_csv_row, [columns, *([row.get(column, "") for column in columns] for row in rows)]))


def _csv_row(cells: list[Any]) -> str:
    """Return a row without its end.

    Python quotes a cell for the line ends that the writer itself uses (CPython gh-67044), so it is told to use both: a
    carriage return without quotes would begin a new row when the file is read.
    """
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(cells)
    return text.getvalue().removesuffix("\r\n")


def _width(text: str) -> int:
    """Return how many columns of a terminal a text takes: two a Chinese character, none a combining one."""
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in text)
    return len(text) + wide - sum(bool(unicodedata.combining(letter)) for letter in text)
