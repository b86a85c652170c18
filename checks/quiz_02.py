"""What the quiz of lesson 02 says, asked of vLLM: each function returns the figures that it found."""

import dataclasses
import inspect
from pathlib import Path

import pytest
import torch
from vllm import LLM, EngineArgs, SamplingParams
from vllm.entrypoints.serve.utils import api_utils
from vllm.exceptions import VLLMValidationError
from vllm.utils.argparse_utils import FlexibleArgumentParser
from vllm.v1.kv_cache_interface import FullAttentionSpec
from vllm.v1.metrics.stats import RequestStateStats

from vllm_course import load_chat_model, load_model, xray
from vllm_course.completion.parser import Parser, add_own
from vllm_course.completion.settings import read_settings


def decided_once() -> None:
    """Each name belongs to the engine or to the request, and to one of them."""
    engine = {field.name for field in dataclasses.fields(EngineArgs)}
    request = {*inspect.signature(SamplingParams).parameters}
    assert {"max_model_len", "dtype"} <= engine - request
    assert {"max_tokens", "temperature"} <= request - engine
    with pytest.raises(TypeError, match="temperature"):
        LLM("nothing", temperature=0)


def cache_of_a_token() -> list[float]:
    """vLLM's own size of a block with one token, for each layer; and the parts of the product."""
    layers, heads, size, dtype = 4, 2, 32, torch.float16
    spec = FullAttentionSpec(block_size=1, num_kv_heads=heads, head_size=size, dtype=dtype)
    full = torch.float32.itemsize
    return [layers * spec.page_size_bytes, layers, heads, size, dtype.itemsize, full]


def negative_temperature() -> None:
    """The parser takes it, `SamplingParams` does not."""
    parser = FlexibleArgumentParser()
    parser.add_argument("--temperature", type=float)
    given = parser.parse_args(["--temperature=-1"]).temperature
    with pytest.raises(VLLMValidationError, match="temperature must be"):
        SamplingParams(temperature=given)


def one_at_a_time() -> list[int]:
    """Three prompts in an engine with one place: all are completed, and no step holds two."""
    llm = load_model(max_num_seqs=1)
    with xray(llm) as film:
        outputs = llm.generate(["A", "B", "C"], SamplingParams(max_tokens=2, temperature=0, ignore_eos=True))
    assert all(len(output.outputs[0].token_ids) == 2 for output in outputs)
    assert film.frame().query("phase != ''").groupby("step").size().max() == 1
    return [len(outputs), len(outputs) - 1]


def who_wins() -> list[float]:
    """The model's default, what a file alone gives, and what a command line gives beside the file."""
    parser = Parser(allow_abbrev=False)
    add_own(parser)
    parser.add_argument("--temperature", type=float)
    Path("settings.yaml").write_text("temperature: 0.5\n", encoding="utf-8")
    file, both = (
        read_settings(parser, ["--config", "settings.yaml", *words]).value("temperature")
        for words in ([], ["--temperature", "0.2"])
    )
    models = load_chat_model().get_default_sampling_params().temperature
    assert (models, file, both) == (0.7, 0.5, 0.2)
    return [models, file, both]


def what_really_arrived() -> None:
    """The line holds what differs from the defaults, and neither a request's metrics nor its parameters do."""
    given = api_utils.get_non_default_args(EngineArgs(model="m", max_model_len=64))
    assert given["max_model_len"] == 64 and "dtype" not in given
    assert "non-default args" in inspect.getsource(api_utils.log_non_default_args)
    metrics = {field.name for field in dataclasses.fields(RequestStateStats)}
    assert "first_token_ts" in metrics and "max_model_len" not in metrics
    assert not hasattr(SamplingParams(), "max_model_len")
