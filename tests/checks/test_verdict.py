"""How a check says no: in plain words, formatted only when needed, and without an error whatever the answer is."""

import numpy as np
import pandas as pd
import pytest

from tests.checks.odd import Bare, raising
from vllm_course.checks.verdict import NotYet, in_plain_words, let_ctrl_c_through, named, require, shown


class Silent(Exception):
    """Has neither a text nor a look."""

    __str__ = __repr__ = raising(Bare())


def test_a_hint_is_made_only_when_it_is_needed():
    require(True, raising(AssertionError("it was made")))
    with pytest.raises(NotYet, match="It is 3"):
        require(False, lambda: f"It is {3}.")


@pytest.mark.parametrize(
    "value",
    [np.float64(0.9), np.float16(0.9), np.longdouble("0.9"), np.int8(3), np.uint64(3), np.bool_(True), np.str_("a b")],
)
def test_a_hint_has_numbers_as_everybody_writes_them(value):
    plain = {"0.9": "0.9", "3": "3", "True": "True", "a b": "'a b'"}[str(value)]
    with pytest.raises(NotYet) as refusal:
        require(False, f"It is {value!r}, not {[value]!r}.")
    assert str(refusal.value) == f"It is {plain}, not [{plain}]."


def test_other_words_stay():
    text = "np.log(p), np.array([1, 2]), np.round(weights / scale)"
    assert in_plain_words(text) == text


@pytest.mark.parametrize(
    ("value", "looks"),
    [
        ("a\nb", r"'a\nb'"),
        (pd.DataFrame({"a": [1]}), "a DataFrame of 1 row"),
        (pd.Series([1, 2]), "a Series of 2 rows"),
        (np.array([[1], [2]]), "array([[1], [2]])"),
        (raising(Bare()), "<function raising.<locals>.fail>"),
    ],
)
def test_what_an_answer_looks_like_takes_one_line(value, looks):
    assert shown(value) == looks


def test_what_cannot_be_shown_is_named():
    assert "Silent object" in shown(Silent())
    assert named(Silent()) == "Silent" and named(ValueError("x")) == "ValueError: x"


def test_ctrl_c_goes_on():
    let_ctrl_c_through(SystemExit(3))
    with pytest.raises(KeyboardInterrupt):
        let_ctrl_c_through(KeyboardInterrupt())
