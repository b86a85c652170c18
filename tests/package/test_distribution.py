"""What the playground's chart shows: which tokens are cut, by what, and what is left for the others."""

import numpy as np
import pytest
from vllm import SamplingParams

from vllm_course.distribution import distribution

PROBABILITIES = np.array([0.4, 0.3, 0.2, 0.06, 0.04])
LOGITS = np.log(PROBABILITIES) + 7  # a constant changes nothing


def test_neutral_values_leave_the_models_own_probabilities():
    found = distribution(LOGITS)
    np.testing.assert_allclose(found.probabilities, PROBABILITIES)
    np.testing.assert_allclose(found.own, PROBABILITIES)
    assert (found.kept, found.cut) == (5, {})
    assert list(found.order) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("setting", "kept", "cut"),
    [
        ({"top_k": 2}, [0, 1], {"top_k": 3}),
        ({"top_p": 0.5}, [0, 1], {"top_p": 3}),
        ({"min_p": 0.3}, [0, 1, 2], {"min_p": 2}),
        ({"temperature": 0}, [0], {"temperature": 4}),
        ({"min_p": 0.12, "top_k": 3, "top_p": 0.5}, [0, 1], {"min_p": 1, "top_k": 1, "top_p": 1}),
    ],
)
def test_a_cut_token_names_the_parameter_that_cuts_it_first(setting, kept, cut):
    found = distribution(LOGITS, **setting)
    assert list(np.flatnonzero(found.cut_by == "")) == kept
    assert found.cut == cut
    assert found.kept == len(kept)
    np.testing.assert_allclose(found.probabilities[kept], PROBABILITIES[kept] / PROBABILITIES[kept].sum())
    assert found.probabilities.sum() == pytest.approx(1)


def test_filters_come_after_the_temperature():
    assert distribution(LOGITS, min_p=0.3, temperature=2.0).kept > distribution(LOGITS, min_p=0.3).kept


def test_penalties_come_first_and_change_the_order():
    found = distribution(LOGITS, prompt=[0], output=[1, 1], presence_penalty=1.0, frequency_penalty=0.5, top_k=1)
    assert list(found.order[:2]) == [0, 2]
    assert distribution(LOGITS, prompt=[0], repetition_penalty=2.0, temperature=0).probabilities[1] == 1


def test_a_chart_shows_what_is_drawn_and_for_a_cut_token_the_models_own():
    np.testing.assert_allclose(distribution(LOGITS, top_k=1).heights(), [1, 0.3, 0.2, 0.06, 0.04])


def test_entropy_is_that_of_what_is_drawn():
    assert distribution(LOGITS, top_k=1).entropy == 0
    assert distribution(np.zeros(8)).entropy == pytest.approx(3)


@pytest.mark.parametrize("temperature", [1e-300, 1e-6, 0.001, 0.01])
def test_a_tiny_temperature_is_raised_as_vllm_raises_it(temperature):
    raised = SamplingParams(temperature=temperature).temperature
    found, expected = distribution(LOGITS, temperature=temperature), distribution(LOGITS, temperature=raised)
    assert (raised, found.cut) == (0.01, {})
    np.testing.assert_allclose(found.probabilities, expected.probabilities)


@pytest.mark.parametrize("setting", [{"temperature": -1}, {"top_p": 0}, {"top_k": -2}, {"min_p": 2}])
def test_what_is_out_of_range_is_refused(setting):
    (name,) = setting
    with pytest.raises(ValueError, match=f"{name} must be "):
        distribution(LOGITS, **setting)
    with pytest.raises(ValueError, match="repetition_penalty must be > 0"):
        distribution(LOGITS, repetition_penalty=0)
