"""Engines that are asked the same only once: what is kept, what is asked anew, and that nobody spoils what is kept."""

import numpy as np
import pytest
from vllm import SamplingParams
from vllm.sampling_params import BeamSearchParams

from tests.checks.remembering import noted, remember

GREEDY, SEEDED = SamplingParams(temperature=0), SamplingParams(temperature=1, seed=7)


class Engine:
    """Answers each request with a list of the number of the call."""

    def __init__(self) -> None:
        self.asked = 0

    def generate(self, prompts, sampling_params=None, use_tqdm=False, tools=None):
        self.asked += 1
        return [
            [self.asked]
            for _ in ([prompts] if isinstance(prompts, str | dict) or not hasattr(prompts, "__len__") else prompts)
        ]

    chat = beam_search = generate


@pytest.fixture
def llm(monkeypatch):
    engine = Engine()
    remember([engine], monkeypatch)
    return engine


@pytest.mark.parametrize("params", [GREEDY, SEEDED])
def test_a_request_without_chance_is_asked_once(llm, params):
    assert llm.generate("a", params) == llm.generate(["a"], sampling_params=[params], use_tqdm=True) == [[1]]
    assert llm.generate("b", params) == [[2]] and llm.chat("a", params) == [[3]]
    assert llm.generate("a", params, tools=["x"]) == [[4]] and llm.generate("a", params, True) == [[5]]


def test_a_beam_search_is_made_once_without_chance(llm):
    narrow, wide, by_chance = BeamSearchParams(2, 8), BeamSearchParams(4, 8), BeamSearchParams(2, 8, temperature=1.0)
    assert llm.beam_search(["a"], narrow) == llm.beam_search(["a"], BeamSearchParams(2, 8)) == [[1]]
    assert llm.beam_search(["a"], wide) == [[2]] and llm.beam_search(["a"], BeamSearchParams(2, 9)) == [[3]]
    assert llm.beam_search(["a"], by_chance) != llm.beam_search(["a"], by_chance)


def test_a_call_is_asked_whole_or_not_at_all(llm):
    assert llm.generate(["a", "b"], [GREEDY, SEEDED]) == [[1], [1]]
    assert llm.generate(["b", "a", "b"], [SEEDED, GREEDY, SEEDED]) == [[1]] * 3
    assert llm.generate(["a", "b"], GREEDY) == [[2], [2]]
    assert llm.generate("a", GREEDY) == [[1]] and llm.generate("b", GREEDY) == [[2]]


def test_requests_are_told_apart_as_vllm_does(llm):
    conversation = [{"role": "user", "content": "a"}]
    assert llm.chat([conversation, conversation], GREEDY) == [[1], [1]]
    assert llm.chat([[dict(conversation[0])]], GREEDY) == [[1]]
    assert llm.generate([[1, 2], [3]], GREEDY) == [[2], [2]] and llm.generate([[3]], GREEDY) == [[2]]
    assert llm.generate([{"prompt_token_ids": [1]}], GREEDY) == llm.generate({"prompt_token_ids": [1]}, GREEDY) == [[3]]
    assert llm.generate(("a", "b"), GREEDY) == llm.generate(["a", "b"], GREEDY) == [[4], [4]]
    several = np.array(["c", "d"])
    assert llm.generate(several, GREEDY) == [[5], [5]] and llm.generate(several, GREEDY) == [[6], [6]]


@pytest.mark.parametrize("params", [None, SamplingParams(temperature=1), [GREEDY, SamplingParams()]])
def test_chance_is_asked_anew(llm, params):
    assert llm.generate(["a", "b"], params) != llm.generate(["a", "b"], params)


@pytest.mark.parametrize("params", [[GREEDY], [GREEDY] * 3])
def test_so_is_what_vllm_would_refuse(llm, params):
    assert llm.generate(["a", "b"], params) != llm.generate(["a", "b"], params)


def test_what_cannot_be_written_down_is_asked_anew(llm):
    endless = [{"role": "user"}]
    endless[0]["content"] = endless
    for prompt in (lambda: "a", endless):
        assert llm.generate(prompt, GREEDY) != llm.generate(prompt, GREEDY)


def test_nobody_spoils_what_is_kept(llm):
    llm.generate("a", GREEDY)[0].append("spoilt")
    llm.generate("a", GREEDY)[0].append("spoilt")
    assert llm.generate("a", GREEDY) == [[1]]


def test_what_was_noted_is_remembered(monkeypatch):
    engine, other = Engine(), Engine()
    with noted(Engine):
        assert engine.generate(["a", "b"], GREEDY) != engine.generate(["a", "b"], GREEDY)
    remember([engine, other], monkeypatch)
    assert engine.generate("b", GREEDY) == [[1]] and engine.asked == 2
    other.generate("b", GREEDY)
    assert other.asked == 1


def test_it_ends_with_the_patch():
    engine = Engine()
    with pytest.MonkeyPatch.context() as patch:
        remember([engine], patch)
        assert engine.generate("a", GREEDY) == engine.generate("a", GREEDY)
    assert engine.generate("a", GREEDY) != engine.generate("a", GREEDY)
    assert Engine().generate("a", GREEDY) == [[1]]
