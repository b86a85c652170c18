"""What the quiz of lesson 05 says, asked of vLLM: each function returns the figures that it found."""

import inspect

import pytest
from vllm import SamplingParams
from vllm.exceptions import VLLMValidationError

from vllm_course import load_model, xray

PROMPTS = ["The sea", "A cat", "Once upon a time", "The sun"]


def _params(*lengths: int) -> list[SamplingParams]:
    return [SamplingParams(temperature=0, max_tokens=length, ignore_eos=True) for length in lengths]


def _steps(llm, *lengths: int) -> int:
    with xray(llm) as film:
        llm.generate(PROMPTS[: len(lengths)], _params(*lengths))
    return len(film)


def steps_of_a_call() -> list[int]:
    """The film of the call has as many steps as its longest text has tokens; one call per prompt takes their sum."""
    lengths = 5, 9, 12
    found = _steps(load_model(), *lengths)
    assert found == max(lengths)
    assert sum(_steps(load_model(), length) for length in lengths) == sum(lengths)
    return [found]


def steps_with_places() -> list[int]:
    """The film of an engine with two places; and each part of the product."""
    places, length, requests = 2, 6, 4
    found = _steps(load_model(max_num_seqs=places), *[length] * requests)
    assert found == requests // places * length
    return [found, places, length, requests]


def long_prompt() -> None:
    """A prompt above the budget is read in several steps, and the other request has a token in each."""
    llm = load_model(max_num_batched_tokens=64, enable_chunked_prefill=True)
    with xray(llm) as film:
        first, long = llm.generate([PROMPTS[0], "The weather was fine. " * 30], _params(9, 2))
    frame = film.frame().set_index("request_id")
    reading = frame.loc[long.request_id].query("phase == 'prefill'")["step"]
    assert len(reading) > 1 and len(long.prompt_token_ids) > 64
    meanwhile = frame.loc[first.request_id].query("step in @reading.tolist()")["scheduled_tokens"]
    assert len(meanwhile) == len(reading) and (meanwhile >= 1).all()


def ignored_priority() -> list[int]:
    """The most urgent request comes last by default, and first with the policy."""
    priority = [1, 1, 1, 0]

    def first_step(llm) -> int:
        with xray(llm) as film:
            urgent = llm.generate(PROMPTS, _params(*[3] * 4), priority=priority)[-1].request_id
        return film.frame().set_index("request_id").loc[urgent].query("scheduled_tokens > 0")["step"].min()

    assert first_step(load_model(max_num_seqs=2)) > 1
    assert first_step(load_model(max_num_seqs=2, scheduling_policy="priority")) == 1
    assert "priority" not in inspect.signature(SamplingParams).parameters
    return [min(priority)]


def one_bad_prompt() -> list[int]:
    """The call raises, and nothing was computed."""
    llm, count = load_model(), 50
    with xray(llm) as film, pytest.raises(VLLMValidationError, match="maximum context length"):
        llm.generate(["The sea"] * (count - 1) + ["word " * 2000], _params(*[2] * count))
    assert len(film) == 0
    return [count - 1]


def key_of_a_cache() -> None:
    """A field that `repr` leaves out, and request ids that never come again."""
    banned, allowed = SamplingParams(logit_bias={5: -100}), SamplingParams()
    assert banned != allowed and repr(banned) == repr(allowed)
    llm = load_model()
    first, again = (llm.generate(PROMPTS[:count], _params(*[6] * count))[0] for count in (1, 4))
    assert first.request_id != again.request_id and first.outputs[0].text == again.outputs[0].text
