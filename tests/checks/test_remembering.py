"""Engines that are asked the same only once: what is kept, what is asked anew, and that nobody spoils what is kept."""

import pytest
from vllm import SamplingParams

from tests.checks.remembering import remember

GREEDY, SEEDED = SamplingParams(temperature=0), SamplingParams(temperature=1, seed=7)


class Engine:
    """Answers with the number of the call, in a list."""

    def __init__(self) -> None:
        self.asked = 0

    def generate(self, prompts, sampling_params=None, **_):
        self.asked += 1
        return [self.asked]

    chat = generate


@pytest.fixture
def llm(monkeypatch):
    engine = Engine()
    remember([engine], monkeypatch)
    return engine


@pytest.mark.parametrize("params", [GREEDY, SEEDED, [GREEDY, SEEDED]])
def test_a_request_without_chance_is_asked_once(llm, params):
    assert llm.generate("a", params) == llm.generate("a", params) == [1]
    assert llm.generate("a", sampling_params=params) == [2]  # another call, for all that is known
    assert llm.chat("a", params) == [3] and llm.generate("b", params) == [4]
    assert llm.generate("a", params, use_tqdm=True) == [5]


@pytest.mark.parametrize("params", [None, SamplingParams(temperature=1), [GREEDY, SamplingParams()]])
def test_chance_is_asked_anew(llm, params):
    assert llm.generate("a", params) != llm.generate("a", params)


def test_what_cannot_be_written_down_is_asked_anew(llm):
    assert llm.generate(lambda: "a", GREEDY) != llm.generate(lambda: "a", GREEDY)


def test_nobody_spoils_what_is_kept(llm):
    llm.generate("a", GREEDY).append("spoilt")
    assert llm.generate("a", GREEDY) == [1]


def test_it_ends_with_the_patch():
    engine = Engine()
    with pytest.MonkeyPatch.context() as patch:
        remember([engine], patch)
        assert engine.generate("a", GREEDY) == engine.generate("a", GREEDY)
    assert engine.generate("a", GREEDY) != engine.generate("a", GREEDY)
    assert Engine().generate("a", GREEDY) == [1]
