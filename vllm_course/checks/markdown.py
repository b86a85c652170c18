"""The tables of a text in Markdown."""

import itertools
import re

RULE = re.compile(r"\|?(\s*:?-+:?\s*(\||$))+")  # |---|:--:|, or --- | ---
BAR = r"(?<!\\)\|"  # that no backslash turns into text


def tables(text: str) -> list[list[list[str]]]:
    r"""Return the tables of a text, each a list of rows, each a list of cells.

    A table has a rule below its first row and goes on to the next empty line; the bars at the edges may be left out.

    Example:
        >>> tables("| a | b |\n|---|---|\n| 1 | x \\| y |\n\nname | n\n--- | ---\nz |")
        [[['a', 'b'], ['1', 'x \\| y']], [['name', 'n'], ['z', '']]]
    """
    lines = [line.strip() for line in text.splitlines()]
    heads = [i for i, line in enumerate(lines[1:]) if "|" in line and RULE.fullmatch(line)]
    return [[_cells(row, lines[i]) for row in (lines[i], *itertools.takewhile(bool, lines[i + 2 :]))] for i in heads]


def _cells(row: str, head: str) -> list[str]:
    """Split a row; whether bars at the edges are part of it says the first row, since a last cell may be empty."""
    inside = row.removeprefix("|") if head.startswith("|") else row
    inside = re.sub(rf"{BAR}$", "", inside) if head.endswith("|") else inside
    return [cell.strip() for cell in re.split(BAR, inside)]
