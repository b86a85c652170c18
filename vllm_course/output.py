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
    """Write rows as CSV with a header."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().rstrip("\n")


def _width(text: str) -> int:
    """Return how many columns of a terminal a text takes: two a Chinese character, none a combining one."""
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in text)
    return len(text) + wide - sum(bool(unicodedata.combining(letter)) for letter in text)
