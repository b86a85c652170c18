"""The watched engine notes what it is asked, says what it is told to say, and ends what never ends."""

import time

import pandas as pd
import pytest

from vllm_course import load_model
from vllm_course.checks.clock import Clock
from vllm_course.checks.trying import Endless
from vllm_course.checks.verdict import NotYet
from vllm_course.checks.watch import Brief, Watch

pytestmark = pytest.mark.usefixtures("one_engine")


@pytest.fixture
def llm():
    return load_model()


def greedy(max_tokens=2):
    from vllm import SamplingParams

    return SamplingParams(temperature=0, max_tokens=max_tokens)


@pytest.mark.parametrize(
    ("prompts", "noted"),
    [
        ("The moon", ["The moon"]),
        (["The moon", "The sun"], ["The moon", "The sun"]),
        (("The moon", "The sun"), ["The moon", "The sun"]),
        (pd.Series(["The moon", "The sun"], index=[7, 8]), ["The moon", "The sun"]),
        ({1: "The moon", 2: "The sun"}.values(), ["The moon", "The sun"]),
        ({"prompt": "The moon"}, [{"prompt": "The moon"}]),
        ({"prompt_token_ids": [1, 5]}, [{"prompt_token_ids": [1, 5]}]),
        ([{"prompt_token_ids": [1, 5]}], [{"prompt_token_ids": [1, 5]}]),
    ],
)
def test_one_prompt_and_many_are_noted_alike(llm, prompts, noted):
    watch = Watch(llm)
    outputs = watch.generate(prompts, greedy())
    (call,) = watch.asked("generate", 1, temperature=0, max_tokens=2)
    assert call.prompts == noted and len(call.params) == len(call.outputs) == len(outputs) == len(noted)


def test_what_the_engine_refuses_is_refused(llm):
    with pytest.raises(TypeError, match="generator"):
        Watch(llm).generate((prompt for prompt in ["The moon"]), greedy())


def test_a_brief_engine_writes_one_token_and_refuses_what_the_engine_refuses(llm):
    from vllm import SamplingParams
    from vllm.exceptions import VLLMValidationError

    asked = [greedy(8), SamplingParams(max_tokens=8, min_tokens=4)]
    for params in (asked, asked[0]):
        outputs = Brief(llm).generate(["The moon", "The sun"], params)
        assert [len(output.outputs[0].token_ids) for output in outputs] == [1, 1]
    assert [(params.max_tokens, params.min_tokens) for params in asked] == [(8, 0), (8, 4)]
    assert Brief(llm).get_tokenizer() is llm.get_tokenizer()
    with pytest.raises(VLLMValidationError, match="maximum context length"):
        Brief(llm).generate("word " * 3000, greedy())


def test_no_prompts_are_no_text(llm):
    assert Watch(llm, says=["one"]).generate([], greedy()) == []


def test_what_was_sent_does_not_change_later(llm):
    watch, ids = Watch(llm), [1, 5]
    watch.generate({"prompt_token_ids": ids}, greedy())
    ids.append(6)
    assert watch.calls[0].prompts == [{"prompt_token_ids": [1, 5]}]


def test_the_ids_of_a_prompt_stay_when_an_output_is_changed(llm):
    watch, ids = Watch(llm), [1, 5]
    (output,) = watch.generate({"prompt_token_ids": ids}, greedy())
    output.prompt_token_ids += [6]
    ids += [7]
    assert watch.calls[0].ids == [[1, 5]]


def test_the_models_own_params_are_noted_where_none_are_given(llm):
    watch = Watch(llm)
    watch.generate("The moon")
    assert watch.calls[0].params[0].max_tokens == 16


def test_it_says_what_it_is_told_and_the_last_for_ever(llm):
    watch = Watch(llm, says=["one", "two"])
    said = [watch.generate("The moon", greedy())[0].outputs[0].text for _ in range(3)]
    assert said == ["one", "two", "two"]


def test_the_time_of_a_call_is_noted_with_its_pause(llm):
    watch, start = Watch(llm, pause=0.05), time.perf_counter()
    watch.generate("The moon", greedy())
    assert 0.05 <= watch.calls[0].seconds <= time.perf_counter() - start


def test_it_ends_what_goes_on(llm):
    watch = Watch(llm, most=2)
    with pytest.raises(Endless):
        while True:
            watch.generate("The moon", greedy())


@pytest.mark.parametrize(
    ("times", "sampling", "message"),
    [
        (2, {}, "llm.generate must be called 2 times, not 1."),
        (1, {"max_tokens": 5}, "Every call of llm.generate must take max_tokens=5, not 2."),
    ],
)
def test_what_was_not_asked_is_said(llm, times, sampling, message):
    watch = Watch(llm)
    with pytest.raises(NotYet, match="Call generate of the llm that your function is given"):
        watch.asked("generate")
    watch.generate("The moon", greedy())
    with pytest.raises(NotYet) as refusal:
        watch.asked("generate", times, **sampling)
    assert str(refusal.value) == message


def test_everything_else_is_the_engines_own(llm):
    assert Watch(llm).get_tokenizer() is llm.get_tokenizer()


def test_a_call_takes_as_long_as_it_is_told(llm):
    clock = Clock()
    watch = Watch(llm, pause=100, each=10, first=1000, wait=clock.wait)
    watch.generate("The moon", greedy())
    assert clock.added == 1110
    watch.generate(["The moon", "The sun"], greedy())
    assert clock.added == 1230
