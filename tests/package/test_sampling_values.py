"""The NumPy functions of `vllm_course.sampling` refuse what vLLM refuses, and leave their arguments alone."""

import doctest

import numpy as np
import pytest

from vllm_course import sampling
from vllm_course.sampling import entropy, min_p_filter, penalise, softmax, top_k_filter, top_p_filter


def test_entropy_of_certainty_prints_without_a_sign():
    assert f"{entropy(np.array([1.0, 0.0])):.1f}" == "0.0"
    assert entropy(np.full(8, 1 / 8)) == pytest.approx(3)


def test_logits_are_left_as_they_were():
    logits = np.array([2.0, -1.0, 0.5])
    for changed in (
        softmax(logits, 0.5),
        top_k_filter(logits, 1),
        top_p_filter(logits, 0.5),
        min_p_filter(logits, 0.5),
        penalise(logits, output=[0, 1], repetition_penalty=2.0),
    ):
        assert not np.array_equal(changed, logits)
    assert logits.tolist() == [2.0, -1.0, 0.5]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda logits: softmax(logits, -0.1), "temperature must be >= 0, got -0.1. Use 0 for greedy decoding."),
        (lambda logits: top_k_filter(logits, -2), r"top_k must be 0 \(off\) or at least 1, got -2. Use 0"),
        (lambda logits: top_p_filter(logits, 0), r"top_p must be in \(0, 1\], got 0. Use 1"),
        (lambda logits: top_p_filter(logits, 1.1), r"top_p must be in \(0, 1\], got 1.1. Use 1"),
        (lambda logits: min_p_filter(logits, -0.1), r"min_p must be in \[0, 1\], got -0.1. Use 0"),
        (lambda logits: penalise(logits, repetition_penalty=0), "repetition_penalty must be > 0, got 0. Use 1"),
    ],
)
def test_values_out_of_range(call, message):
    with pytest.raises(ValueError, match=message):
        call(np.array([1.0, 2.0]))


def test_docstring_examples():
    assert doctest.testmod(sampling).failed == 0
    assert doctest.testmod(sampling).attempted >= 7


def test_what_is_off_returns_every_token():
    logits = np.array([0.0, -50.0, -80.0])
    for unchanged in (
        top_k_filter(logits, 0),
        top_k_filter(logits, -1),
        top_k_filter(logits, 99),
        top_p_filter(logits, 1.0),
        min_p_filter(logits, 0.0),
        penalise(logits, prompt=[0], output=[1, 1]),
    ):
        assert np.array_equal(unchanged, logits)
