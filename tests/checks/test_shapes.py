"""Shapes of answers: whatever a table holds, it passes or is refused with a sentence."""

import numpy as np
import pandas as pd
import pytest

from tests.checks.odd import Agreeing, AgreeingText
from vllm_course.checks.shapes import alike, close, columns, entries, exactly, keys, listed, number, rows
from vllm_course.checks.verdict import NotYet

WANTED = [{"way": "chat", "round": 1, "right": True}, {"way": "chat", "round": 2, "right": False}]
WHY = {"round": "Rounds count from 1.", "right": "It is whether the answer is right."}
TABLE = pd.DataFrame(WANTED)


def judged(table) -> None:
    rows(table, WANTED, ("way", "round"), WHY)


@pytest.mark.parametrize(
    "table",
    [
        TABLE,
        TABLE[::-1].assign(more=1),
        TABLE.astype({"right": int, "round": float}),
        TABLE.astype(object),
        TABLE.astype({"way": "category"}),
        TABLE.set_axis([7, 7]),
    ],
)
def test_rows_in_any_order_and_form_of_number_pass(table):
    judged(table)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (None, "Give a DataFrame with way, round, right."),
        (TABLE.to_dict("records"), "Give a DataFrame with way, round, right."),
        (TABLE.drop(columns="right"), "Give a DataFrame with way, round, right. Yours has no column right."),
        (
            TABLE.set_index("way"),
            "Give a DataFrame with way, round, right. In yours way is the index: call reset_index().",
        ),
        (
            pd.concat([TABLE, TABLE[["way"]]], axis=1),
            "Give a DataFrame with way, round, right. Yours has 2 columns way.",
        ),
        (TABLE.head(1), "There must be one row with way 'chat' and round 2, not 0. Rounds count from 1."),
        (TABLE.assign(round=[0, 1]), "There must be one row with way 'chat' and round 2, not 0. Rounds count from 1."),
        (pd.concat([TABLE, TABLE]), "There must be one row with way 'chat' and round 1, not 2. Rounds count from 1."),
        (pd.concat([TABLE, TABLE.head(1).assign(round=3)]), "The table must have 2 rows, not 3."),
        (
            TABLE.assign(right=[True, "no"]),
            "In the row with way 'chat' and round 2 the column right must have False, not 'no'. "
            "It is whether the answer is right.",
        ),
    ],
)
def test_what_is_wrong_in_a_table_is_said(table, message):
    with pytest.raises(NotYet) as refusal:
        judged(table)
    assert str(refusal.value) == message


WIDTHS = [np.float16, np.float32, np.float64, np.longdouble, lambda value: np.array([value]), pd.Series]


@pytest.mark.parametrize("width", WIDTHS)
def test_a_number_of_any_width_is_the_number(width):
    given = width(1.6)
    assert alike(given, 1.6) and close(given, 1.6) and number(given, "Give a number.") == 1.6
    exactly(given, 1.6, "It is 1.6.")


def test_fractions_are_compared_but_for_their_last_digits_and_whole_numbers_to_the_last():
    assert alike(np.linspace(0.3, 1.1, 5)[2], 0.7) and alike(0.1 + 0.2, 0.3)
    assert not alike(10_000_001, 10_000_000) and not alike(0.7001, 0.7) and not alike("3", 3) and not alike(3, "3")


@pytest.mark.parametrize("truth", [1, 0.5, "text", True, None])
@pytest.mark.parametrize("answer", [Agreeing(), AgreeingText("other")])
def test_what_is_equal_to_everything_is_like_nothing(answer, truth):
    assert not alike(answer, truth) and not (truth and close(answer, 1.0))
    with pytest.raises(NotYet, match="Another"):
        exactly(answer, truth, "Another.")


@pytest.mark.parametrize("answer", [(n for n in (1, 2)), {1: "a", 2: "b"}.keys(), pd.Series([1, 2], [5, 5]), (1, 2)])
def test_several_things_are_read_once(answer):
    assert listed(answer, "Give several.") == [1, 2]


@pytest.mark.parametrize("answer", ["ab", {"a": 1}, TABLE, 3, np.array(3), None])
def test_what_is_no_list_is_refused(answer):
    with pytest.raises(NotYet, match="Give several"):
        listed(answer, "Give several.")


@pytest.mark.parametrize("form", [dict, pd.Series])
def test_a_dict_may_be_a_series(form):
    assert keys(form({"a": 1, "b": 2}), ["b", "a"]) == entries(form({"a": 1, "b": 2}), ["a"]) == {"a": 1, "b": 2}
    with pytest.raises(NotYet, match="Give a dict with a"):
        keys(form({"b": 2}), ["a"])


def test_a_table_of_narrow_floats_holds_the_numbers_that_were_meant():
    table = pd.DataFrame({"a": np.array([1.6, 0.3], dtype=np.float16), "b": np.array([0.7, 2], dtype=np.float32)})
    assert columns(table, ["a", "b"]).to_numpy().tolist() == [[1.6, 0.7], [0.3, 2]]


@pytest.mark.parametrize("cell", [None, pd.NA, float("nan"), [1], np.array([1, 2]), {}, object(), TABLE])
def test_a_cell_may_hold_anything(cell):
    table = TABLE.astype(object)
    table.at[0, "right"] = cell
    with pytest.raises(NotYet, match="the column right must have True"):
        judged(table)
    assert not alike(cell, 1)


def test_a_table_with_more_columns_is_returned():
    assert columns(TABLE, ["way"]) is TABLE
