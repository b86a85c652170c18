"""`sampling_fields` knows every field of the installed vLLM, and vLLM holds to the ranges that it claims."""

import re

import pytest
import torch
from vllm import EngineArgs, SamplingParams
from vllm.exceptions import VLLMValidationError
from vllm.sampling_params import RepetitionDetectionParams, RequestOutputKind, StructuredOutputsParams

from vllm_course import engine_args, fields, paths
from vllm_course.fields import FIELDS, NEW, sampling_fields

PAGE = paths.root() / "concepts" / "sampling-parameters.md"
NO_TOKEN = [10**6]
FLAG = ([True, False], [])  # vLLM checks no flag
# What vLLM takes, and what it refuses when it takes the request. Nothing in the second list: it checks nothing.
TRIED = {
    "n": ([1, 16384], [0, 16385]),
    "presence_penalty": ([-2, 2], [-2.1, 2.1]),
    "frequency_penalty": ([-2, 2], [-2.1, 2.1]),
    "repetition_penalty": ([0.001, 99], [0, -1]),
    "temperature": ([0, 2], [-0.1, 2.1]),
    "watermarking": FLAG,
    "top_p": ([0.001, 1], [0, 1.1]),
    "top_k": ([-1, 0, 1], [-2]),
    "min_p": ([0, 1], [-0.1, 1.1]),
    "seed": ([-1, 0, 2**63], []),  # torch refuses one, see below
    "stop": ([None, "end", ["a", "b"]], ["", [""]]),
    "stop_token_ids": ([[0, 5]], [NO_TOKEN, ["a"]]),
    "ignore_eos": FLAG,
    "max_tokens": ([1, None], [0]),
    "min_tokens": ([0, 16], [-1, 17]),
    "logprobs": ([None, -1, 0], [-2]),
    "prompt_logprobs": ([None, -1, 0], [-2]),
    "prompt_logprob_token_ids": ([[[5, 6], [7]]], [[5], [NO_TOKEN]]),
    "prompt_logprob_start": ([None, 0, 1], [-1]),
    "logprob_token_ids": ([[0] * 128], [[0] * 129, NO_TOKEN]),
    "flat_logprobs": FLAG,
    "detokenize": FLAG,
    "skip_special_tokens": FLAG,
    "spaces_between_special_tokens": FLAG,
    "include_stop_str_in_output": FLAG,
    "output_kind": (list(RequestOutputKind), []),
    "stream_interval": ([None, 1], [0]),
    "skip_clone": FLAG,
    "output_text_buffer_length": ([0], []),
    "structured_outputs": ([StructuredOutputsParams(choice=["a"])], []),
    "logit_bias": ([{5: 1.0}, {5: -100}], [{10**6: 1.0}]),
    "allowed_token_ids": ([[0, 5]], [[], NO_TOKEN]),
    "extra_args": ([{"a": 2**64 - 1}], [{"a": 2**64}]),
    "bad_words": ([["a"]], [[""]]),
    "skip_reading_prefix_cache": FLAG,
    "thinking_token_budget": ([None, -1, 0], [-2]),
    "repetition_detection": ([RepetitionDetectionParams(max_pattern_size=2, min_count=2)], []),
    "routed_experts_prompt_start": ([0, 1], []),
    "trace_decode_token_ids": ([[5]], [[], NO_TOKEN]),
}
# Where the default is not the value that switches the field off.
ON = {"max_tokens", "detokenize", "skip_special_tokens", "spaces_between_special_tokens", "watermarking"}
ON |= {"skip_reading_prefix_cache"}
TOGETHER = {"prompt_logprob_start": {"prompt_logprob_token_ids": [[5]]}}
INSIDE = [(name, value) for name, (values, _) in TRIED.items() for value in values]
OUTSIDE = [(name, value) for name, (_, values) in TRIED.items() for value in values]


def public() -> set[str]:
    """Return the fields of the installed class that a user may set."""
    return {name for name in SamplingParams.__struct_fields__ if not name.startswith("_")}


@pytest.fixture(scope="module")
def config():
    """What vLLM knows about the model when it checks a request; no engine is needed."""
    return EngineArgs(**engine_args()).create_model_config()


def params(name, value):
    return SamplingParams(**{name: value} | TOGETHER.get(name, {}))


def test_every_field_of_this_vllm_is_described():
    assert {"new in vLLM": sorted(public() - set(FIELDS)), "gone from vLLM": sorted(set(FIELDS) - public())} == {
        "new in vLLM": [],
        "gone from vLLM": [],
    }


def test_a_field_that_is_not_described_says_so(monkeypatch):
    monkeypatch.delitem(fields.FIELDS, "min_p")
    table = sampling_fields().set_index("field")
    assert table.loc["min_p", "what"] == NEW.what and (table["what"] == NEW.what).sum() == 1


def test_the_table_is_that_of_the_class():
    table = sampling_fields()
    assert list(table) == ["field", "default", "range", "off", "what"]
    assert set(table["field"]) == public() and len(table) == len(public())
    defaults = dict(zip(SamplingParams.__struct_fields__[::-1], SamplingParams.__struct_defaults__[::-1], strict=True))
    for name, default in zip(table["field"], table["default"], strict=True):
        assert (type(default), default) == (type(defaults[name]), defaults[name]), name


def test_every_range_is_tried():
    assert set(TRIED) == set(FIELDS)


@pytest.mark.parametrize(("name", "value"), INSIDE)
def test_inside_is_accepted(config, name, value):
    params(name, value).verify(config, None, None, None)


@pytest.mark.parametrize(("name", "value"), OUTSIDE)
def test_outside_is_refused(config, name, value):
    with pytest.raises((VLLMValidationError, ValueError)):
        params(name, value).verify(config, None, None, None)


def test_a_seed_is_what_torch_takes():
    for seed in (-(2**63), 2**64 - 1):
        torch.Generator().manual_seed(seed)
    for seed in (-(2**63) - 1, 2**64):
        with pytest.raises(ValueError, match="Overflow"):
            torch.Generator().manual_seed(seed)


def test_what_switches_off_is_accepted_and_mostly_the_default():
    rows = [row for row in sampling_fields().itertuples() if row.off != ""]
    for row in rows:
        SamplingParams(**{row.field: row.off})
    assert {row.field for row in rows if row.off != row.default} == ON


def test_the_page_has_the_same_tables():
    rows = re.findall(r"^\| `(\w+)` \| (.+) \| (.+) \| (.+) \| (.+) \|$", PAGE.read_text("utf-8"), re.M)
    assert {row[0]: row[1:] for row in rows} == {
        row.field: (row.range, shown(row.default), shown(row.off), row.what) for row in sampling_fields().itertuples()
    }


def shown(value):
    return f"`{value}`" if str(value) else "-"
