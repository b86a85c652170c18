"""Shapes of answers: whatever a table holds, it passes or is refused with a sentence."""

import numpy as np
import pandas as pd
import pytest

from vllm_course.checks.shapes import alike, columns, rows
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
        (TABLE.drop(columns="right"), "Give a DataFrame with way, round, right."),
        (pd.concat([TABLE, TABLE[["way"]]], axis=1), "Give a DataFrame with way, round, right."),
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


@pytest.mark.parametrize("cell", [None, pd.NA, float("nan"), [1], np.array([1, 2]), {}, object(), TABLE])
def test_a_cell_may_hold_anything(cell):
    table = TABLE.astype(object)
    table.at[0, "right"] = cell
    with pytest.raises(NotYet, match="the column right must have True"):
        judged(table)
    assert not alike(cell, 1)


def test_a_table_with_more_columns_is_returned():
    assert columns(TABLE, ["way"]) is TABLE
