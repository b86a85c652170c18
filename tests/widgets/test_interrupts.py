"""A widget whose first text is interrupted leaves nothing in the engine, and the next widget is as good as new."""

import signal

import pytest

from vllm_course import chat_box, generate, load_chat_model, playground
from vllm_course.models import free_engine

LONG = {"max_tokens": 400}


@pytest.fixture(scope="module")
def llm():
    """The model that chats, freed after the module."""
    yield load_chat_model()
    free_engine()


def make_chat_box(llm):
    """A box that answers at once."""
    return chat_box(llm, say=["Hello!"], temperature=1.5, **LONG)


def make_playground(llm):
    """A playground draws its first text at once."""
    return playground(llm, "Once upon a time", n=2, temperature=1.5, **LONG)


@pytest.mark.parametrize("make", [make_chat_box, make_playground])
@pytest.mark.parametrize("step", [1, 2, 4])
def test_ctrl_c_in_a_first_text(llm, monkeypatch, make, step):
    whole, reference = repr(make(llm)), generate(llm, "Hello", temperature=0, max_tokens=8)
    core, steps = llm.llm_engine.engine_core, iter(range(1, 10**6))
    get_output = core.get_output

    def press():
        if next(steps) == step:
            signal.raise_signal(signal.SIGINT)
        return get_output()

    with monkeypatch.context() as patch:
        patch.setattr(core, "get_output", press)
        with pytest.raises(KeyboardInterrupt):
            make(llm)
    assert not llm.llm_engine.has_unfinished_requests()
    assert generate(llm, "Hello", temperature=0, max_tokens=8).equals(reference)
    assert repr(make(llm)) == whole or make is make_playground
