"""The params of a line: JSON's values become vLLM's, and each mistake is one line."""

import pytest
from vllm import SamplingParams
from vllm.sampling_params import RepetitionDetectionParams, StructuredOutputsParams

from tests.batch.cases import WRONG_PARAMS
from vllm_course.batch.params import NO_PLACE, line_params
from vllm_course.errors import UsageError
from vllm_course.fields import FIELDS


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"temperature": 0, "top_p": 1, "max_tokens": None, "seed": -1},
        {"seed": 2**64 - 1, "stop": "a", "bad_words": ["b", "c"], "ignore_eos": True},
        {"stop": ["a", "b"], "stop_token_ids": [1, 2], "min_tokens": 2, "max_tokens": 3},
        {"n": 1, "logprobs": None, "detokenize": True, "extra_args": {"a": [1, {"b": None}]}},
    ],
)
def test_values_of_json_are_vllms(settings):
    assert line_params(settings) == SamplingParams(**settings)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("logit_bias", {"5": 1, "6": -2.5}, {5: 1.0, 6: -2.5}),
        ("structured_outputs", {"choice": ["a", "b"]}, StructuredOutputsParams(choice=["a", "b"])),
        ("structured_outputs", {"json": {"type": "object"}}, StructuredOutputsParams(json={"type": "object"})),
        (
            "repetition_detection",
            {"max_pattern_size": 4, "min_count": 3},
            RepetitionDetectionParams(max_pattern_size=4, min_count=3),
        ),
    ],
)
def test_objects_of_json_become_what_vllm_takes(name, value, expected):
    assert getattr(line_params({name: value}), name) == expected


@pytest.mark.parametrize("case", WRONG_PARAMS)
def test_a_mistake_is_one_line(case):
    settings, said = WRONG_PARAMS[case]
    with pytest.raises(UsageError) as refused:
        line_params({"temperature": 0.0, "seed": 0} | settings)
    assert said in str(refused.value) and "\n" not in str(refused.value)


def test_every_field_has_been_looked_at():
    """A new field of vLLM may ask for what has no place in a line; `fields.FIELDS` is held to vLLM elsewhere."""
    assert set(FIELDS) > NO_PLACE
    assert len(FIELDS) == 39
