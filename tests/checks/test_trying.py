"""A learner's function may be anything and fail in any way: the check says what it was, in one sentence."""

import itertools
import sys
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest

from tests.checks.odd import Agreeing, AgreeingText, Bare, Interrupting, raising
from vllm_course.checks.trying import Endless, Tried, limited, plain, tried
from vllm_course.checks.verdict import NotYet

TABLE = pd.DataFrame({"a": [1, 2]})
ONE = [{"role": "user", "content": "Hello!"}]


def refused(function, promise: str, *arguments, **options) -> str:
    """Return the sentence with which a function is refused."""
    with pytest.raises(NotYet) as refusal:
        Tried(function, "answer", promise)(*arguments, **options)
    return str(refusal.value)


def endless(_):
    raise Endless


def leaving(_):
    print("usage: x\nx: error: no such option", file=sys.stderr)
    sys.exit(2)


def changing(messages):
    messages.append(1)
    return "text"


@pytest.mark.parametrize(
    ("function", "promise", "message"),
    [
        (5, "text -> text", "answer must be a function of text."),
        (lambda text: 1 / 0, "text -> text", "answer(text) must return a text, but it ended with ZeroDivisionError: "),
        (lambda text: 1 / 0, "text -> value", "answer(text) must not fail, but it ended with ZeroDivisionError: "),
        (lambda text: 1 / 0, "text", "answer(text) must not fail, but it ended with ZeroDivisionError: "),
        (lambda text: 5, "text -> generator", "answer must return a generator, not 5."),
        (leaving, "text -> text", "it ended with exit 2: x: error: no such option"),
        (raising(SystemExit(3)), "text -> text", "answer(text) must return a text, but it ended with exit 3"),
        (raising(Bare("x")), "text -> text", "answer(text) must return a text, but it ended with Bare: x"),
        (raising(Interrupting()), "text -> text", "answer(text) must return a text, but it ended with Interrupting"),
        (lambda text: itertools.count(), "text -> list", "answer(text): it goes on and on, the check stopped it."),
        (lambda text: AgreeingText("x"), "text -> text", "answer holds an object that is equal to whatever"),
        (lambda text: [Agreeing()], "text -> list", "answer holds an object that is equal to whatever"),
        (endless, "text -> text", "answer(text): it goes on and on, the check stopped it."),
        (changing, "messages -> text", "answer changes the messages that it is given: only read them."),
        (lambda text: None, "text -> text", "answer must return a text, not None."),
        (lambda text: "ab", "text -> list", "answer must return a list, not 'ab'."),
        (lambda text: 5, "text -> array", "answer must return an array, not 5."),
        (lambda text: np.array(3), "text -> list", "answer must return a list, not array(3)."),
        (lambda text: True, "text -> number", "answer must return a number, not True."),
        (lambda text: "1", "text -> number", "answer must return a number, not '1'."),
        (lambda text: (1, 2, 3), "text -> pair", "answer must return a pair, not (1, 2, 3)."),
        (lambda text: [np.float64(0.9)], "text -> pair", "answer must return a pair, not [0.9]."),
        (lambda text: "ab", "text -> pair", "answer must return a pair, not 'ab'."),
        (lambda text: TABLE, "text -> number", "answer must return a number, not a DataFrame of 2 rows."),
        (lambda text: TABLE, "text -> list", "answer must return a list, not a DataFrame of 2 rows."),
        (lambda text: np.array([1, 2]), "text -> number", "answer must return a number, not array([1, 2])."),
        (lambda text: [], "text -> table", "answer must return a table, not []."),
        (lambda text: [], "text -> output", "answer must return an output, not []."),
    ],
)
def test_what_is_wrong_is_said(function, promise, message):
    assert message in refused(function, promise, list(ONE))


def test_the_case_and_what_an_exception_means_are_said():
    said = refused(lambda text: 1 / 0, "text -> text", "x", case="on 'x'", fails="It must never raise.")
    assert said.endswith(
        "must return a text, but on 'x' it ended with ZeroDivisionError: division by zero. It must never raise."
    )


@pytest.mark.parametrize(
    ("value", "kind", "found"),
    [
        (np.float32(0.5), "number", 0.5),
        (np.float16(1.6), "number", 1.6),
        (np.longdouble("1.6"), "number", 1.6),
        (np.array([[0.5]]), "number", 0.5),
        (pd.Series([2], index=["a"]), "number", 2),
        (Fraction(1, 2), "number", 0.5),
        (Decimal("0.5"), "number", 0.5),
        (np.int64(3), "number", 3),
        (np.uint8(3), "number", 3),
        (np.bool_(True), "bool", True),
        ((1, 2), "list", [1, 2]),
        (range(2), "list", [0, 1]),
        ((n for n in (1, 2)), "list", [1, 2]),
        (np.array([1, 2]), "list", [1, 2]),
        ({"a": 1}.values(), "list", [1]),
        (map(abs, [-1, 2]), "list", [1, 2]),
        (pd.Series([1, 2], index=[7, 7]), "list", [1, 2]),
        ((n for n in (1, 2)), "array", [1, 2]),
        ([1, 2], "pair", [1, 2]),
        (np.array([1, 2]), "pair", [1, 2]),
        (pd.Series([1, 2], index=["a", "b"]), "pair", [1, 2]),
        ((n for n in (1, 2)), "pair", [1, 2]),
        (pd.Series({"a": 1}), "dict", {"a": 1}),
        (np.array([True]), "bool", True),
        (None, "message", None),
        ("anything", "value", "anything"),
    ],
)
def test_every_right_form_is_taken(value, kind, found):
    assert Tried(lambda: value, "answer", f"-> {kind}")() == found


def test_what_is_returned_is_of_pythons_own_type():
    assert type(Tried(lambda: np.uint8(3), "answer", "-> number")()) is int
    assert type(Tried(lambda: np.float16(3), "answer", "-> number")()) is float
    assert type(Tried(lambda: np.str_("x"), "answer", "-> text")()) is str


def test_ctrl_c_ends_an_answer_and_its_check():
    with pytest.raises(KeyboardInterrupt):
        Tried(raising(KeyboardInterrupt()), "answer", "text -> text")("x")


def test_what_could_change_is_copied_and_compared():
    table = pd.DataFrame({"a": [1]})

    def shuffles(table):
        table["b"] = 2
        return table

    assert "changes the table" in refused(shuffles, "table -> table", table)
    assert list(table.columns) == ["a"]


@pytest.mark.parametrize(
    "given",
    [
        np.array([3.0, 1.0, np.nan]),
        pd.Series([3, 1]),
        [np.array([3, 1])],
        (np.array([3, 1]), 2),
        {"logits": [np.array([3, 1])]},
        [[3, 1]],
    ],
    ids=lambda given: type(given).__name__,
)
def test_an_array_is_copied_and_compared_wherever_it_is(given):
    whole = repr(given)

    def sorts(values):
        while isinstance(values, list | tuple | dict):
            values = next(iter(values.values())) if isinstance(values, dict) else values[0]
            if isinstance(values, list) and values == [3, 1]:
                break
        values[:] = sorted(values)
        return 1

    assert Tried(lambda values: 1, "answer", "values -> number")(given) == 1
    assert "changes the values that it is given" in refused(sorts, "values -> number", given)
    assert "changes the values that it is given" in refused(sorts, "-> number", values=given)
    assert repr(given) == whole


def test_a_function_that_is_called_for_ever_ends_its_caller():
    def asking(count):
        while count("abc"):
            pass

    said = refused(asking, "count -> number", limited(len, most=3), case="with 3 letters")
    assert said == "answer(count): with 3 letters it goes on and on, the check stopped it."
    assert limited(len, most=1)("abc") == 3


def test_an_error_that_is_wanted_is_returned():
    found, error = Tried(lambda limit: {}[limit], "answer", "limit -> text").ending(5)
    assert found is None and isinstance(error, KeyError)
    assert Tried(len, "answer", "text -> number").ending("abc") == (3, None)


def test_a_generator_fails_where_it_is_read():
    def generator(_):
        yield 1
        raise ValueError("late")

    assert "it ended with ValueError: late" in refused(generator, "text -> list", "x")


def test_declared_functions_arrive_wrapped():
    def check(run, answer): ...

    run, answer = tried(check, (len, 5), {"run": "text -> number"})
    assert isinstance(run, Tried) and answer == 5


def test_an_unknown_kind_is_the_authors_mistake():
    with pytest.raises(KeyError, match="texts"):
        Tried(len, "answer", "text -> texts")


def test_plain_leaves_other_values_alone():
    table = pd.DataFrame({"a": [1]})
    assert plain(table) is table and plain("a") == "a"
