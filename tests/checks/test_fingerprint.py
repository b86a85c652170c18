"""A fingerprint is the same for the same answer, another for another, and there for any answer at all."""

import functools
import tracemalloc

import numpy as np
import pytest

from tests.checks.odd import Hostile
from vllm_course.checks.fingerprint import fingerprint


class Plain:
    """An object whose repr is its address."""


class Failing:
    def __init__(self, error):
        self.error = error

    def __repr__(self):
        raise self.error


class Subclass(str):
    def __len__(self):
        raise RuntimeError("no length")

    def __repr__(self):
        return self


class Unwritable:
    def __repr__(self):
        return "\ud800"


def kinds(pair) -> str:
    return "-".join(type(part).__name__ for part in pair)


def adder(step):
    return lambda number: number + step


def caller(step):
    def outer(number):
        return adder(step)(number)

    return outer


@pytest.mark.parametrize(
    "pair",
    [
        (1, 1),
        ({"b": 1, "a": 2}, {"a": 2, "b": 1}),
        ({"x", "y", "z"}, {"z", "y", "x"}),
        (Plain(), Plain()),
        ([Plain()], [Plain()]),
        (lambda x: x + 1, lambda x: x + 1),
        (np.arange(5), np.arange(5)),
        (Hostile(), Hostile()),
    ],
    ids=kinds,
)
def test_the_same(pair):
    assert fingerprint(pair[:1]) == fingerprint(pair[1:])


@pytest.mark.parametrize(
    "pair",
    [
        (1, 2),
        (1, "1"),
        ("0xff", "0xfe"),
        (["a"], ["b"]),
        (lambda x: x + 1, lambda x: x + 2),
        (lambda x: [y + 1 for y in x], lambda x: [y + 2 for y in x]),
        (adder, caller),
        (lambda x: x.upper(), lambda x: x.lower()),
        (lambda x, y=1: x + y, lambda x, y=2: x + y),
        (min, max),
        ("x" * 200_000 + "a", "x" * 200_000 + "b"),
        (Hostile(), Plain()),
    ],
    ids=kinds,
)
def test_not_the_same(pair):
    assert fingerprint(pair[:1]) != fingerprint(pair[1:])


def test_answers_are_not_run_together():
    assert len({fingerprint(answers) for answers in [(1, 23), (12, 3), (123,), (3, 12)]}) == 4


@pytest.mark.parametrize(
    "hostile",
    [
        Hostile(),
        Failing(RuntimeError()),
        Failing(MemoryError()),
        Failing(RecursionError()),
        [Failing(ValueError())],
        {Failing(ValueError()): 1},
        Subclass("a"),
        "\ud800",
        Unwritable(),
        10**5000,
        type("list", (), {})(),
        type("function", (), {})(),
    ],
    ids=lambda hostile: type(hostile).__name__,
)
def test_a_hostile_answer_has_one(hostile):
    assert len(fingerprint((hostile,))) == 64


def test_of_a_huge_answer_only_a_part_is_read():
    huge = ["x" * 1_000] * 3_000_000, "x" * 100_000_000, np.zeros(10_000_000)
    shared = functools.reduce(lambda inner, _: [inner] * 1_000, range(6), "x")
    tracemalloc.start()
    fingerprint((*huge, shared))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 50e6
