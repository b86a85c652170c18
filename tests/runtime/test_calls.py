"""A call that was interrupted, wherever that was, leaves nothing in the engine that a later call would give out."""

import contextlib
import os
import signal
import threading
import time

import pytest

from vllm_course import generate, load_chat_model, load_model, next_token, sweep
from vllm_course.chat.models import DEFAULT_CHAT_MODEL
from vllm_course.models import free_engine
from vllm_course.runtime import calls
from vllm_course.streaming import Stream

LONG = {"max_tokens": 400, "ignore_eos": True}
SAY = [{"role": "user", "content": "Hello!"}]


@pytest.fixture(scope="module", autouse=True)
def freed():
    """Free the last engine after the module."""
    yield
    free_engine()


@pytest.fixture
def llm():
    """The model that chats, which completes texts as well."""
    return load_chat_model()


@pytest.fixture(scope="module")
def reference() -> list[str]:
    """What a call gives whose engine was never interrupted."""
    return ask(load_chat_model())


def ask(llm) -> list[str]:
    """Return the texts of a short call."""
    from vllm import SamplingParams

    outputs = llm.generate(["Once upon a time", "Hello"], SamplingParams(temperature=0, max_tokens=12))
    return [output.outputs[0].text for output in outputs]


def run_stream(llm) -> None:
    """Run a request step by step to its end."""
    from vllm import SamplingParams

    stream = Stream(llm, "Once upon a time", SamplingParams(n=2, **LONG))
    while not stream.finished:
        stream.step()


def run_generate(llm) -> None:
    """Several completions for each of several prompts."""
    from vllm import SamplingParams

    llm.generate(["Once upon a time"] * 8, SamplingParams(n=2, seed=1, **LONG))


def run_chat(llm) -> None:
    """Several conversations."""
    from vllm import SamplingParams

    llm.chat([SAY] * 8, SamplingParams(**LONG))


def run_beam_search(llm) -> None:
    """A search, which runs the engine again for each token."""
    from vllm.sampling_params import BeamSearchParams

    llm.beam_search([{"prompt": "Once upon a time"}], BeamSearchParams(beam_width=3, max_tokens=200, ignore_eos=True))


def run_by_hand(llm) -> None:
    """The loop that vLLM's own call is."""
    from vllm import SamplingParams

    llm.llm_engine.add_request("mine", "Once upon a time", SamplingParams(**LONG))
    while llm.llm_engine.has_unfinished_requests():
        llm.llm_engine.step()


def run_enqueued(llm) -> None:
    """Requests that are added first and run later."""
    from vllm import SamplingParams

    llm.enqueue(["Once upon a time"] * 8, SamplingParams(**LONG))
    llm.wait_for_completion()


WORK = {
    "generate": run_generate,
    "chat": run_chat,
    "generate of the course": lambda llm: generate(llm, ["Once upon a time"] * 8, **LONG),
    "sweep": lambda llm: sweep(llm, ["Once", "upon"], n=3, temperature=[0.5, 1.0], **LONG),
    "next_token": lambda llm: [next_token(llm, "Hello") for _ in range(200)],
    "stream": run_stream,
    "beam search": run_beam_search,
    "by hand": run_by_hand,
    "enqueued": run_enqueued,
}


def interrupt(work, *, after: float, times: int = 1) -> None:
    """Run work, and press Ctrl-C while it runs: this process gets a real signal."""

    def press() -> None:
        time.sleep(after)
        for _ in range(times):
            os.kill(os.getpid(), signal.SIGINT)

    pressing = threading.Thread(target=press)
    with pytest.raises(KeyboardInterrupt):
        pressing.start()
        work()
        time.sleep(10)  # where the work was done before the signal came, it comes here
    pressing.join()


@pytest.fixture
def at_step(llm, monkeypatch):
    """Return a function that has something happen in the middle of a later step of the engine."""

    def prepare(number: int, happens) -> None:
        core, steps = llm.llm_engine.engine_core.engine_core, iter(range(1, 10**6))
        execute = core.model_executor.execute_model

        def execute_model(*arguments, **options):
            if next(steps) == number:
                happens()
            return execute(*arguments, **options)

        monkeypatch.setattr(core.model_executor, "execute_model", execute_model)

    return prepare


@pytest.mark.parametrize("name", WORK)
@pytest.mark.parametrize("after", [0, 0.03, 0.3])
def test_the_next_call_gives_its_own_outputs(llm, reference, name, after):
    interrupt(lambda: WORK[name](llm), after=after)
    before = time.monotonic()
    assert ask(llm) == reference
    assert time.monotonic() - before < 20, "the next call has computed what was left"
    assert not llm.llm_engine.broken


@pytest.mark.parametrize("name", ["generate", "chat", "sweep", "next_token", "beam search", "enqueued"])
@pytest.mark.parametrize("step", [1, 2, 5])
def test_ctrl_c_in_the_middle_of_a_step_waits_for_its_end(llm, reference, at_step, name, step):
    at_step(step, lambda: signal.raise_signal(signal.SIGINT))
    with pytest.raises(KeyboardInterrupt):
        WORK[name](llm)
    assert not llm.llm_engine.has_unfinished_requests()
    assert not llm.llm_engine.broken
    assert ask(llm) == reference


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, RuntimeError])
def test_an_error_in_the_middle_of_a_step_costs_a_new_start_and_no_more(llm, reference, at_step, monkeypatch, error):
    def fail() -> None:
        raise error

    at_step(3, fail)
    with pytest.raises(error):
        run_generate(llm)
    assert llm.llm_engine.broken
    monkeypatch.chdir("/")
    assert ask(llm) == reference
    assert load_chat_model() is llm


def test_ctrl_c_twice_does_not_wait(llm, reference, at_step):
    def press_twice() -> None:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        pytest.fail("the second one waited")

    at_step(2, press_twice)
    with pytest.raises(KeyboardInterrupt):
        run_generate(llm)
    assert load_chat_model() is llm  # it hands back no engine that is stuck
    assert not llm.llm_engine.broken
    assert ask(llm) == reference


def test_a_broken_engine_serves_a_stream_too(llm, reference, at_step):
    at_step(1, lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        run_generate(llm)
    run_stream(llm)
    assert ask(llm) == reference


def test_a_refused_request_breaks_nothing(llm, reference):
    from vllm.exceptions import VLLMError

    with pytest.raises(VLLMError):
        llm.generate(["Hello", "x " * 9000])
    assert not llm.llm_engine.broken
    assert ask(llm) == reference


def test_an_engine_that_a_seed_has_stopped_answers_again():
    """The error of `errors.md`: vLLM 0.32.0 leaves the engine with requests that never end."""
    from vllm import SamplingParams

    llm = load_model("pocket-base-mini", max_num_batched_tokens=64)
    with pytest.raises(RuntimeError, match="CPU Generator does not use offset"):
        llm.generate("the fox " * 60, SamplingParams(seed=0))
    assert load_model("pocket-base-mini", max_num_batched_tokens=64) is llm
    assert len(llm.generate(["Hello", "Hi"], SamplingParams(max_tokens=2))) == 2


def test_a_stream_that_another_call_ended_is_finished(llm, reference):
    from vllm import SamplingParams

    stream = Stream(llm, "Once upon a time", SamplingParams(**LONG))
    stream.step()
    begun = stream.completions
    assert ask(llm) == reference
    stream.step()
    assert stream.finished and stream.completions == begun


def test_requests_of_a_thread_that_runs_are_left_alone(llm):
    from vllm import SamplingParams

    held, goes_on = llm.llm_engine.output_processor.request_states, threading.Event()

    def add() -> None:
        llm.llm_engine.add_request("theirs", "Hello", SamplingParams(n=2, **LONG))
        goes_on.wait()

    thread = threading.Thread(target=add)
    thread.start()
    while len(held) < 2:
        time.sleep(0.01)
    llm.llm_engine.add_request("mine", "Hello", SamplingParams(**LONG))
    assert len(held) == 3
    calls.end_left(llm.llm_engine)
    assert len(held) == 2 and all("theirs" in name for name in held)
    goes_on.set()
    thread.join()
    calls.end_left(llm.llm_engine)
    assert not held and not llm.llm_engine.output_processor.parent_requests


def test_what_was_enqueued_waits_for_its_call(llm):
    from vllm import SamplingParams

    names = llm.enqueue(["Hello", "Once"], SamplingParams(max_tokens=2)) + llm.enqueue(
        "Hi", SamplingParams(max_tokens=2)
    )
    assert len(names) == len(llm.wait_for_completion()) == 3


@pytest.mark.parametrize("number", calls.SIGNALS)
def test_a_signal_waits_for_the_end_of_the_block_and_finds_its_handler(number):
    came = []
    before = signal.signal(number, lambda *arguments: came.append(arguments))
    mine = signal.getsignal(number)
    try:
        with calls.signals_wait():
            signal.raise_signal(number)
            assert came == []
        assert [(sent, type(frame).__name__) for sent, frame in came] == [(number, "frame")]
        assert signal.getsignal(number) is mine
    finally:
        signal.signal(number, before)


def test_a_signal_that_ends_the_process_and_one_that_is_ignored_stay_what_they_are():
    before = signal.signal(signal.SIGTERM, signal.SIG_DFL), signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with calls.signals_wait():
            assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
            assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGTERM, before[0])
        signal.signal(signal.SIGINT, before[1])


def test_a_block_that_fails_gives_the_handlers_back():
    before = signal.getsignal(signal.SIGINT)
    with contextlib.suppress(ZeroDivisionError), calls.signals_wait():
        raise ZeroDivisionError
    assert signal.getsignal(signal.SIGINT) is before


def test_another_thread_touches_no_handler():
    seen = []

    def look() -> None:
        with calls.signals_wait():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert seen == [signal.getsignal(signal.SIGINT)]


def test_it_is_the_model_that_the_lessons_chat_with(llm):
    assert DEFAULT_CHAT_MODEL in llm.llm_engine.model_config.model
