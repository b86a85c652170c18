"""The ranges of the sampling parameters are vLLM's own: just inside both agree, just outside both refuse."""

import argparse
import doctest

import numpy as np
import pytest
from vllm import SamplingParams
from vllm.exceptions import VLLMError

from vllm_course import errors, parameters
from vllm_course.errors import UsageError
from vllm_course.parameters import ENGINE_SEEDS, PARAMETERS, SEEDS, filled_text, sampling_params

# What both accept, and what both refuse.
RANGES = {
    "temperature": (["0", "2"], ["-0.1", "2.1", "nan"]),
    "top_p": (["0.001", "1"], ["0", "1.1"]),
    "top_k": (["-1", "0", "5"], ["-2"]),
    "min_p": (["0", "1"], ["-0.1", "1.1"]),
    "repetition_penalty": (["0.001", "9"], ["0", "-1"]),
    "presence_penalty": (["-2", "2"], ["-2.1", "2.1"]),
    "frequency_penalty": (["-2", "2"], ["-2.1", "2.1"]),
    "max_tokens": (["1", "5"], ["0"]),
    "n": (["1", "16384"], ["0", "16385"]),
}
NOT_HELD = {"seed", "ignore_eos"}  # vLLM takes any of both
INSIDE = [(name, text) for name, (texts, _) in RANGES.items() for text in texts]
OUTSIDE = [(name, text) for name, (_, texts) in RANGES.items() for text in texts]


def test_every_parameter_is_vllms_and_has_its_case():
    assert set(RANGES) | NOT_HELD == set(PARAMETERS) <= set(SamplingParams.__struct_fields__)


@pytest.mark.parametrize(("name", "text"), INSIDE)
def test_inside_both_agree(name, text):
    value = PARAMETERS[name].kind(text)
    others = {"temperature": 1.0} if name == "n" else {}  # a greedy text has no variants
    assert value == float(text) == getattr(SamplingParams(**{name: value}, **others), name)


@pytest.mark.parametrize(("name", "text"), OUTSIDE)
def test_outside_both_refuse(name, text):
    kind = PARAMETERS[name].kind
    with pytest.raises(argparse.ArgumentTypeError, match=rf"^must be .+, got {text}\. Use .+\.$"):
        kind(text)
    with pytest.raises(VLLMError):
        SamplingParams(**{name: kind.kind(text)})


@pytest.mark.parametrize(
    ("name", "text", "rule"),
    [
        ("temperature", "hot", r"must be a number \(float\), got 'hot'\. Use 0"),
        ("max_tokens", "1.5", r"must be a number \(int\), got '1.5'\. Use"),
        ("seed", "-1", r"must be >= 0 and <= \d+, got -1\. Use any"),
        ("seed", str(SEEDS + 1), rf"got {SEEDS + 1}\. Use any"),
        ("ignore_eos", "yes", r"must be true or false, got 'yes'\. Write one of the two\."),
    ],
)
def test_a_text_that_is_no_value(name, text, rule):
    with pytest.raises(argparse.ArgumentTypeError, match=rule):
        PARAMETERS[name].kind(text)


def test_truth_and_texts():
    assert [PARAMETERS["ignore_eos"].kind(text) for text in ("true", "False")] == [True, False]
    assert filled_text(" ") == " "
    with pytest.raises(argparse.ArgumentTypeError, match="must be a text that is not empty, got ''"):
        filled_text("")


def test_vllm_has_the_last_word():
    assert sampling_params({"temperature": 0.5, "seed": 3}).seed == 3
    with pytest.raises(UsageError, match=r"^n must be 1 when using greedy sampling, got 2\. Change one of the"):
        sampling_params({"n": 2, "temperature": 0})


@pytest.mark.parametrize("module", [parameters, errors], ids=lambda module: module.__name__)
def test_docstring_examples(module):
    result = doctest.testmod(module)
    assert result.attempted and not result.failed


def test_the_largest_seed_of_an_engine_is_numpys():
    np.random.RandomState(ENGINE_SEEDS)
    with pytest.raises(ValueError, match="Seed must be between"):
        np.random.RandomState(ENGINE_SEEDS + 1)
