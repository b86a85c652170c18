"""Columns that line up, whatever the letters."""

from vllm_course import output


def test_columns_count_what_a_terminal_shows():
    assert output.table(["a", "b"], [["模", "x"], ["e\u0301", "y"]]).splitlines() == [
        "a   b",
        "模  x",
        "e\u0301   y",
    ]
