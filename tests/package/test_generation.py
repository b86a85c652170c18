"""`generate`, `sweep` and `next_token` return what vLLM returns, as tables, each with one call of `LLM.generate`."""

import itertools

import numpy as np
import pandas as pd
import pytest

from vllm_course import generate, load_model, next_token, sweep
from vllm_course.models import free_engine

PROMPTS = ["Hello, my name is", "The capital of France is", "Once upon a time"]
COLUMNS = ["prompt", "text", "tokens", "finish_reason", "logprob"]


@pytest.fixture(scope="module")
def llm():
    """The shipped model, freed after the module."""
    yield load_model("pocket-base")
    free_engine()


@pytest.fixture
def calls(llm, monkeypatch) -> list[tuple]:
    """The prompts and parameters of each call of `llm.generate` in a test."""
    noted, original = [], llm.generate

    def note(prompts, params=None, **options):
        noted.append((prompts, params))
        return original(prompts, params, **options)

    monkeypatch.setattr(llm, "generate", note)
    return noted


def test_generate_returns_a_row_for_each_prompt_in_order(llm, calls):
    frame = generate(llm, PROMPTS, temperature=0.8, seed=1, max_tokens=8)
    assert list(frame) == COLUMNS
    assert list(frame["prompt"]) == PROMPTS
    assert frame["tokens"].between(1, 8).all()
    assert len(calls) == 1
    assert list(generate(llm, PROMPTS[0], n=3, max_tokens=1)["prompt"]) == [PROMPTS[0]] * 3


def test_generate_agrees_with_vllm(llm):
    from vllm import SamplingParams

    frame = generate(llm, PROMPTS, temperature=0.8, seed=1, max_tokens=8)
    outputs = llm.generate(PROMPTS, SamplingParams(temperature=0.8, seed=1, max_tokens=8, logprobs=1))
    for row, output in zip(frame.itertuples(), outputs, strict=True):
        completion = output.outputs[0]
        assert (row.text, row.tokens) == (completion.text, len(completion.token_ids))
        assert row.finish_reason == completion.finish_reason
        assert row.logprob == pytest.approx(completion.cumulative_logprob, abs=1e-3)
        chosen = [step[token].logprob for token, step in zip(completion.token_ids, completion.logprobs, strict=True)]
        assert row.logprob == pytest.approx(sum(chosen), abs=1e-3)


def test_generate_without_parameters_uses_the_models_own(llm, calls):
    generate(llm, PROMPTS[0])
    ((_, params),) = calls
    defaults = llm.get_default_sampling_params()
    names = ("temperature", "top_k", "top_p", "max_tokens")
    assert [getattr(params, name) for name in names] == [getattr(defaults, name) for name in names]


def test_generate_with_parameters_uses_vllms_defaults_for_the_rest(llm, calls):
    generate(llm, PROMPTS[0], max_tokens=2)
    ((_, params),) = calls
    assert (params.temperature, params.top_k, params.top_p, params.seed, params.max_tokens) == (1.0, 0, 1.0, None, 2)


@pytest.mark.parametrize("call", [generate, sweep])
def test_vllm_refuses_in_its_own_words(llm, call):
    from vllm.exceptions import VLLMValidationError

    with pytest.raises(VLLMValidationError, match=r"temperature must be in \[0, 2\], got 3"):
        call(llm, PROMPTS[0], temperature=3)
    with pytest.raises(TypeError, match="best_of"):
        call(llm, PROMPTS[0], best_of=2)


def test_sweep_makes_one_call_for_all_combinations(llm, calls):
    frame = sweep(llm, PROMPTS[:2], n=2, seed=5, temperature=[0.0, 1.0], top_p=[0.5, 0.9, 1.0], max_tokens=4)
    assert len(calls) == 1
    assert list(frame) == ["prompt", "temperature", "top_p", "sample", *COLUMNS[1:]]
    combinations = frame.groupby(["prompt", "temperature", "top_p"])["sample"].agg(list)
    assert len(combinations) == 2 * 2 * 3
    assert all(samples == [0, 1] for samples in combinations)


def test_sweep_passes_each_row_its_own_parameters(llm, calls):
    frame = sweep(llm, PROMPTS[:2], n=2, seed=5, temperature=[0.5, 1.0], max_tokens=4)
    ((prompts, params),) = calls
    assert prompts == list(frame["prompt"])
    assert [sent.temperature for sent in params] == list(frame["temperature"])
    assert [sent.seed for sent in params] == [5 + sample for sample in frame["sample"]]
    assert {sent.max_tokens for sent in params} == {4}


def test_sweep_gives_what_single_calls_give(llm):
    frame = sweep(llm, PROMPTS, n=2, seed=3, temperature=[0.0, 0.9], top_p=[0.6, 1.0], max_tokens=6)
    for row in frame.iloc[::5].itertuples():
        setting = {"temperature": row.temperature, "top_p": row.top_p, "seed": 3 + row.sample, "max_tokens": 6}
        (single,) = generate(llm, row.prompt, **setting).itertuples()
        assert (row.text, row.tokens, row.finish_reason) == (single.text, single.tokens, single.finish_reason)
        assert row.logprob == pytest.approx(single.logprob, abs=1e-3)


def test_sweep_with_a_seed_repeats_and_its_samples_differ(llm):
    setting = {"n": 4, "seed": 0, "temperature": [1.5], "max_tokens": 12}
    first, second = sweep(llm, PROMPTS[0], **setting), sweep(llm, PROMPTS[0], **setting)
    assert first["text"].equals(second["text"])
    assert first["text"].nunique() > 1
    assert sweep(llm, PROMPTS[0], **setting | {"seed": 100})["text"].tolist() != first["text"].tolist()


def test_sweep_takes_more_prompt_tokens_than_one_step_of_the_engine(llm):
    """vLLM's CPU build would break off, and hang, at a prompt with a seed that it cuts into chunks."""
    prompts = ["the fox " * 180 + str(number) for number in range(30)]
    assert sum(len(llm.get_tokenizer().encode(prompt)) for prompt in prompts) > 2 * 4096
    assert len(sweep(llm, prompts, n=1, seed=0, temperature=[1.0], max_tokens=2)) == 30


def test_sweep_without_lists_and_seed_holds_one_setting(llm, calls):
    frame = sweep(llm, PROMPTS[0], n=2, temperature=0.8, max_tokens=3)
    assert list(frame) == ["prompt", "sample", *COLUMNS[1:]]
    assert [params.seed for params in calls[0][1]] == [None, None]


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"n": 0}, "n must be >= 1, got 0. Use 1 for one completion per combination."),
        ({"top_p": []}, r"top_p must hold at least one value to sweep, got \[\]. Leave it out for vLLM's default."),
        ({"top_p": np.array([])}, r"top_p must hold at least one value to sweep, got \[\]."),
        ({"top_p": iter([])}, r"top_p must hold at least one value to sweep, got \[\]."),
        (
            {"top_p": np.ones((2, 3))},
            r"top_p must be one value or a row of .*, got a ndarray of the shape \(2, 3\). Pass",
        ),
        ({"top_p": pd.DataFrame({"a": [1]})}, r"top_p must be one value or a row of .*, got a DataFrame of the shape"),
        ({"top_p": itertools.count()}, "top_p must hold at most 10,000 values to sweep, got more. Pass fewer."),
    ],
)
def test_sweep_refuses_before_it_runs(llm, calls, setting, message):
    with pytest.raises(ValueError, match=message):
        sweep(llm, PROMPTS[0], **setting)
    assert calls == []


SEVERAL = {
    "array": lambda: np.array([0.0, 0.5, 1.0]),
    "linspace": lambda: np.linspace(0, 1, 3),
    "float32": lambda: np.array([0, 0.5, 1], dtype=np.float32),
    "series": lambda: pd.Series([0.0, 0.5, 1.0], index=[7, 8, 9]),
    "tuple": lambda: (0.0, 0.5, 1.0),
    "generator": lambda: (number / 2 for number in range(3)),
    "map": lambda: map(float, ["0", "0.5", "1"]),
    "dict values": lambda: {"a": 0.0, "b": 0.5, "c": 1.0}.values(),
    "index": lambda: pd.Index([0.0, 0.5, 1.0]),
    "numpy numbers": lambda: [np.float32(0), np.float64(0.5), np.int64(1)],
}


@pytest.mark.parametrize("kind", SEVERAL)
def test_sweep_takes_several_values_of_any_kind(llm, calls, kind):
    frame = sweep(llm, PROMPTS[0], temperature=SEVERAL[kind](), max_tokens=np.int64(2))
    assert list(frame["temperature"]) == [0, 0.5, 1]
    assert [type(params.temperature) for params in calls[0][1]] in ([float] * 3, [float, float, int])
    assert {type(params.max_tokens) for params in calls[0][1]} == {int}


def test_sweep_takes_a_range(llm):
    assert list(sweep(llm, PROMPTS[0], max_tokens=range(1, 4), ignore_eos=True)["tokens"]) == [1, 2, 3]


@pytest.mark.parametrize("value", [np.float32(0.5), np.array(0.5), np.float64(0.5)])
def test_a_number_of_numpy_is_a_single_value(llm, calls, value):
    assert "temperature" not in sweep(llm, PROMPTS[0], temperature=value, max_tokens=1)
    generate(llm, PROMPTS[0], temperature=value, max_tokens=1)
    assert [type(params.temperature) for params in (calls[0][1][0], calls[1][1])] == [float, float]


def test_a_text_and_a_dictionary_are_single_values(llm, calls):
    frame = sweep(llm, PROMPTS[0], stop="x", logit_bias={5: 1.0}, max_tokens=1)
    assert list(frame) == ["prompt", "sample", *COLUMNS[1:]]
    assert (calls[0][1][0].stop, calls[0][1][0].logit_bias) == (["x"], {5: 1.0})


@pytest.mark.parametrize("make", [np.array, pd.Series, tuple, iter], ids=["array", "series", "tuple", "iterator"])
def test_prompts_may_be_several_of_any_kind(llm, make):
    for frame in (generate(llm, make(PROMPTS), max_tokens=1), sweep(llm, make(PROMPTS), max_tokens=1)):
        assert list(frame["prompt"]) == PROMPTS


def test_next_token_shows_the_whole_vocabulary(llm):
    frame = next_token(llm, PROMPTS[1])
    assert list(frame) == ["token_id", "token", "logprob", "probability"]
    assert sorted(frame["token_id"]) == list(range(llm.llm_engine.model_config.get_vocab_size()))
    assert frame["probability"].sum() == pytest.approx(1, abs=1e-4)
    assert np.allclose(np.log(frame["probability"]), frame["logprob"])
    assert frame["probability"].is_monotonic_decreasing


def test_next_token_is_before_temperature_and_starts_with_the_greedy_one(llm):
    from vllm import SamplingParams

    frame = next_token(llm, PROMPTS[1])
    (output,) = llm.generate(PROMPTS[1], SamplingParams(temperature=2.0, seed=0, max_tokens=1, logprobs=5))
    for token_id, entry in output.outputs[0].logprobs[0].items():
        (row,) = frame[frame["token_id"] == token_id].itertuples()
        assert row.logprob == pytest.approx(entry.logprob, abs=1e-3)
    greedy = generate(llm, PROMPTS[1], temperature=0, max_tokens=1, skip_special_tokens=False)
    assert greedy["text"][0] == frame["token"][0]
