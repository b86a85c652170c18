"""Columns that line up, whatever the letters, and CSV that is read back as it was."""

import csv
import doctest
import io

import pytest

from vllm_course import output


def test_columns_count_what_a_terminal_shows():
    assert output.table(["a", "b"], [["模", "x"], ["e\u0301", "y"]]).splitlines() == [
        "a   b",
        "模  x",
        "e\u0301   y",
    ]


@pytest.mark.parametrize(
    "text", ["a\rb", "\r", "a\r\nb\n", "a\nb", "", 'say "x", y', " a ", "\u2028\x85\x0b", "'", "\t"]
)
def test_a_row_is_one_row_when_it_is_read_back(text):
    rows = [{"prompt": text, "text": "b"}, {"prompt": "a", "text": text}]
    written = output.as_csv(["prompt", "text"], rows) + "\n"
    assert list(csv.DictReader(io.StringIO(written, newline=""))) == rows
    assert written.count("\r\n") == 2 * text.count("\r\n")  # rows end as everywhere in the course


def test_docstring_examples():
    result = doctest.testmod(output)
    assert result.attempted and not result.failed
