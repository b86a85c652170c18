"""The NumPy functions of `vllm_course.sampling` agree with the log probabilities that vLLM itself reports.

All cases are run in one batch on an engine that reports its processed log probabilities; then a second engine, which
reports raw logits, is asked for the same positions. What NumPy makes of the raw logits must be what vLLM sampled from.
"""

import numpy as np
import pytest

from vllm_course import load_model
from vllm_course.models import free_engine
from vllm_course.sampling import entropy, min_p_filter, penalise, softmax, top_k_filter, top_p_filter

TOLERANCE = 1e-4
PROMPT = "Once upon a time, there was a fox. The fox was a"
STEPS = 6
REPEATED = 300  # any token; a bias makes it the only choice, so that it is counted STEPS - 1 times
CASES = {
    "off": {},
    "cold": {"temperature": 0.5},
    "hot": {"temperature": 2.0},
    "coldest": {"temperature": 0.01},
    "top_k": {"top_k": 5},
    "top_k 1": {"top_k": 1},
    "top_k above the vocabulary": {"top_k": 10**6},
    "top_p": {"top_p": 0.9},
    "top_p small": {"top_p": 0.01},
    "top_p and hot": {"top_p": 0.9, "temperature": 2.0},
    "min_p": {"min_p": 0.1},
    "min_p 1": {"min_p": 1.0},
    "repetition": {"repetition_penalty": 1.5},
    "repetition encouraged": {"repetition_penalty": 0.7},
    "presence": {"presence_penalty": 1.5},
    "frequency": {"frequency_penalty": 2.0},
    "frequency encouraged": {"frequency_penalty": -1.0},
    "all penalties": {"repetition_penalty": 1.3, "presence_penalty": 0.5, "frequency_penalty": 0.7},
    "repeated": {"logit_bias": {REPEATED: 30.0}, "presence_penalty": 0.5, "frequency_penalty": 1.0},
    "min_p and top_k": {"min_p": 0.02, "top_k": 7, "temperature": 1.3},
    "all": {"temperature": 0.8, "top_k": 20, "top_p": 0.8, "min_p": 0.01, "frequency_penalty": 0.5},
}
PENALTIES = {"repetition_penalty", "presence_penalty", "frequency_penalty"}


def run(mode: str, prompts: list, settings: list[dict]) -> list:
    """Complete the prompts on an engine that reports log probabilities of this mode, in float32 everywhere."""
    llm = load_model("pocket-base", logprobs_mode=mode, dtype="float32")
    from vllm import SamplingParams

    params = [SamplingParams(logprobs=-1, ignore_eos=True, detokenize=False, **setting) for setting in settings]
    return llm.generate(prompts, params)


def vector(candidates: dict) -> np.ndarray:
    """Turn what vLLM reports for one position into an array, token 0 first."""
    return np.array([candidates[token].logprob for token in range(len(candidates))])


@pytest.fixture(scope="module")
def observed() -> dict[str, tuple]:
    """Prompt, tokens before the last one, raw logits and processed log probabilities of each case's last token."""
    settings = [{"max_tokens": STEPS, "seed": 0} | setting for setting in CASES.values()]
    processed = run("processed_logprobs", [PROMPT] * len(CASES), settings)
    prompt = processed[0].prompt_token_ids
    paths = [list(output.outputs[0].token_ids)[:-1] for output in processed]
    prompts = [{"prompt_token_ids": [*prompt, *path]} for path in paths]
    raw = run("raw_logits", prompts, [{"max_tokens": 1, "temperature": 0.0}] * len(CASES))
    yield {
        name: (prompt, path, vector(logits.outputs[0].logprobs[0]), vector(logprobs.outputs[0].logprobs[-1]))
        for name, path, logits, logprobs in zip(CASES, paths, raw, processed, strict=True)
    }
    free_engine()


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """Return log probabilities, also of tokens whose probability is too small for a number."""
    shifted = logits - logits.max()
    return shifted - np.log(np.exp(shifted).sum())


def in_numpy(setting: dict, prompt: list[int], path: list[int], logits: np.ndarray) -> np.ndarray:
    """Apply a setting in vLLM's order: bias, penalties, temperature, min_p, top_k, top_p."""
    for token, bias in setting.get("logit_bias", {}).items():
        logits = logits + bias * (np.arange(len(logits)) == token)
    penalties = {name: value for name, value in setting.items() if name in PENALTIES}
    logits = penalise(logits, prompt=prompt, output=path, **penalties) / setting.get("temperature", 1.0)
    logits = min_p_filter(logits, setting.get("min_p", 0.0))
    logits = top_k_filter(logits, setting.get("top_k", 0))
    return log_softmax(top_p_filter(logits, setting.get("top_p", 1.0)))


@pytest.mark.parametrize("name", CASES)
def test_agrees_with_vllm(observed, name):
    prompt, path, logits, reported = observed[name]
    computed = in_numpy(CASES[name], prompt, path, logits)
    # Below e**-60 a probability is 0 for every purpose; vLLM, in float32, removes such a token or not.
    visible = reported > -60
    np.testing.assert_allclose(computed[visible], reported[visible], atol=TOLERANCE, rtol=0)
    assert (computed[~visible] < -59).all()


@pytest.mark.parametrize("name", [name for name in CASES if name not in ("off", "top_k above the vocabulary")])
def test_every_case_changes_something(observed, name):
    """Without this, a case that switches nothing on would agree for the wrong reason."""
    _, _, logits, reported = observed[name]
    with np.errstate(invalid="ignore"):
        assert not np.allclose(np.exp(log_softmax(logits)), np.exp(reported), atol=1e-6)


def test_a_token_is_counted_more_than_once(observed):
    assert observed["repeated"][1] == [REPEATED] * (STEPS - 1)


def test_filters_remove_the_tokens_that_vllm_removes(observed):
    for name in (
        "top_k",
        "top_k 1",
        "top_p",
        "top_p small",
        "top_p and hot",
        "min_p",
        "min_p 1",
        "min_p and top_k",
        "all",
    ):
        prompt, path, logits, reported = observed[name]
        kept = in_numpy(CASES[name], prompt, path, logits) > -np.inf
        assert np.array_equal(kept, reported > -np.inf), name
        assert 1 <= kept.sum() < len(kept), name
    assert (observed["top_k"][3] > -np.inf).sum() == 5


def test_what_is_off_removes_nothing(observed):
    for name in ("off", "cold", "hot", "top_k above the vocabulary", "all penalties"):
        prompt, path, logits, reported = observed[name]
        assert np.isfinite(in_numpy(CASES[name], prompt, path, logits)).all(), name
        assert np.isfinite(reported).all(), name


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_softmax_is_what_vllm_reports(observed, temperature):
    _, _, logits, reported = observed[{0.5: "cold", 1.0: "off", 2.0: "hot"}[temperature]]
    np.testing.assert_allclose(softmax(logits, temperature), np.exp(reported), atol=TOLERANCE)


def test_entropy_of_the_models_own_distribution(observed):
    _, _, logits, reported = observed["off"]
    expected = -np.sum(np.exp(reported) * reported / np.log(2))
    assert entropy(softmax(logits)) == pytest.approx(expected, abs=1e-3)


def test_the_greedy_token_gets_all_probability(observed):
    _, _, logits, _ = observed["off"]
    probabilities = softmax(logits, temperature=0)
    assert probabilities[np.argmax(logits)] == probabilities.sum() == 1
