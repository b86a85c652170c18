"""The async engine that the course starts: kept, clear about what is wrong, at home in every event loop, and stopped.

A start takes many seconds, so the tests of this file share one engine as long as they can.
"""

import asyncio
import gc
import multiprocessing
import os
import sys

import pytest

from tests.online.cases import Dying, engine_process, gone, greedy, text_of, until
from vllm_course import CourseError, load_async_model, paths
from vllm_course.models import find_model
from vllm_course.online import engine as module
from vllm_course.online.engine import free_async_engine
from vllm_course.online.timing import timed

PARIS = " Paris. The river Seine flows through"
AGAIN = "Call load_async_model() again."
pytestmark = pytest.mark.usefixtures("one_engine")


@pytest.fixture
def engine():
    """The engine that is kept, in order whatever the test before has done to it."""
    return load_async_model()


def unfinished(engine) -> int:
    return engine.output_processor.get_num_unfinished_requests()


def test_the_same_call_returns_the_engine_that_runs(engine, tmp_path, monkeypatch):
    from vllm.v1.engine.async_llm import AsyncLLM

    assert type(engine) is AsyncLLM and text_of(engine) == PARIS
    assert load_async_model("pocket-base") is engine and load_async_model(find_model("pocket-base")) is engine
    monkeypatch.chdir(tmp_path)
    assert load_async_model(paths.models() / "pocket-base") is engine and text_of(engine) == PARIS


@pytest.mark.parametrize(
    ("model", "arguments", "kind", "said"),
    [
        ("pocket-bse", {}, CourseError, "got 'pocket-bse'. Did you mean 'pocket-base'?"),
        ("no/such/folder", {}, CourseError, "Check the path: there is no such folder."),
        (None, {"max_modl_len": 64}, TypeError, "unexpected keyword argument 'max_modl_len'"),
        (None, {"kv_cache_memory_bytes": 2**60}, CourseError, "free memory must be at least"),
    ],
)
def test_what_is_wrong_is_said_before_a_process_starts_and_the_engine_stays(engine, model, arguments, kind, said):
    before = multiprocessing.active_children()
    with pytest.raises(kind) as refused:
        load_async_model(model, **arguments)
    assert said in str(refused.value)
    assert multiprocessing.active_children() == before and load_async_model() is engine and text_of(engine) == PARIS


def test_an_engine_goes_on_in_the_next_event_loop(engine, capfd):
    for _ in range(3):
        assert text_of(engine) == PARIS

    async def left() -> None:  # without aclose(), so the end of the loop closes it
        async for _ in engine.generate("The moon", greedy(max_tokens=400, ignore_eos=True), "left"):
            break
        assert unfinished(engine) == 1

    asyncio.run(left())
    assert unfinished(engine) == 0 and asyncio.run(asyncio.wait_for(engine.reset_prefix_cache(), 60))
    assert text_of(engine) == PARIS and load_async_model() is engine
    assert capfd.readouterr() == ("", "")


def test_while_its_loop_is_open_an_engine_is_refused_elsewhere(engine):
    with asyncio.Runner() as runner:
        runner.run(engine.reset_prefix_cache())
        said = f"engine must be used in the event loop that it began in, got another one. {AGAIN}"
        for call in (lambda: text_of(engine), lambda: asyncio.run(asyncio.wait_for(engine.reset_prefix_cache(), 60))):
            with pytest.raises(CourseError) as refused:
                call()
            assert str(refused.value) == said
        assert load_async_model() is engine
        assert (
            runner.run(asyncio.wait_for(timed(engine, "The capital of France is", greedy(), "here"), 60)).text == PARIS
        )
    assert text_of(engine) == PARIS


@pytest.mark.parametrize("way", ["aclose", "cancel", "abort", "time-out"])
def test_a_request_that_is_given_up_leaves_nothing_in_the_engine(engine, way):
    async def given_up() -> str | None:
        outputs = engine.generate("The moon", greedy(max_tokens=900, ignore_eos=True), "long")
        await anext(outputs)
        if way == "aclose":
            await outputs.aclose()
        elif way == "abort":
            await engine.abort("long")
            return [output.outputs[0].finish_reason async for output in outputs][-1]
        else:
            task = asyncio.ensure_future(anext(outputs))
            if way == "cancel":
                task.cancel()
            with pytest.raises((asyncio.CancelledError, TimeoutError)):
                await asyncio.wait_for(task, 0 if way == "time-out" else None)
        return None

    assert asyncio.run(given_up()) == ("abort" if way == "abort" else None)
    assert unfinished(engine) == 0 and text_of(engine) == PARIS


def test_times_fit_together(engine):
    found = asyncio.run(timed(engine, "The capital of France is", greedy(max_tokens=30, ignore_eos=True), "a"))
    assert found.text.startswith(PARIS) and found.finish_reason == "length"
    assert len(found.token_ids) == 30 == sum(tokens for _, tokens in found.arrivals)
    assert 0 < found.ttft == found.arrivals[0][0] and len(found.itl) == len(found.arrivals) - 1
    assert found.ttft + sum(found.itl) == pytest.approx(found.total)
    assert all(gap >= 0 for gap in found.itl)  # none where a busy machine gives all tokens in one output


def test_timed_leaves_the_parameters_as_they_are(engine):
    params = greedy()
    kind = params.output_kind
    asyncio.run(timed(engine, "The moon", params, "a"))
    assert params.output_kind == kind


def test_a_slow_reader_gets_several_tokens_at_once_and_loses_none(engine):
    async def slow() -> list[int]:
        from vllm.sampling_params import RequestOutputKind

        params, got = greedy(max_tokens=40, ignore_eos=True, output_kind=RequestOutputKind.DELTA), []
        async for output in engine.generate("The moon", params, "slow"):
            got.append(len(output.outputs[0].token_ids))
            while not output.finished and unfinished(engine):  # until all is there
                await asyncio.sleep(0.01)
        return got

    got = asyncio.run(slow())
    assert sum(got) == 40 and len(got) == 2


def test_a_refused_request_says_so_and_the_engine_goes_on(engine):
    from vllm.exceptions import VLLMValidationError

    with pytest.raises(VLLMValidationError, match="maximum"):
        text_of(engine, "the fox " * 2000)
    assert text_of(engine) == PARIS


def test_other_arguments_stop_the_first_engine_and_an_engine_that_died_is_started_anew(engine, capfd):
    from vllm.v1.engine.exceptions import EngineDeadError

    first = engine_process(engine)
    second = load_async_model("pocket-base-mini", max_num_seqs=2)
    assert second is not engine and until(lambda: gone(first))
    assert second.vllm_config.scheduler_config.max_num_seqs == 2 and text_of(second)
    for call in (lambda: text_of(engine), lambda: asyncio.run(engine.reset_prefix_cache())):
        with pytest.raises(EngineDeadError) as refused:
            call()
        assert isinstance(refused.value, CourseError)
        assert str(refused.value) == f"engine must be running, got one that was shut down. {AGAIN}"

    async def killed() -> None:
        async for _ in second.generate("The moon", greedy(max_tokens=900, ignore_eos=True), "long"):
            engine_process(second).kill()

    ended = "ended by SIGKILL, as Linux does where memory runs out"
    said = f"engine must be running, got one whose process was {ended}. {AGAIN}"
    for call in (lambda: asyncio.run(asyncio.wait_for(killed(), 60)), lambda: text_of(second)):
        with pytest.raises(EngineDeadError) as refused:
            call()
        assert isinstance(refused.value, CourseError) and str(refused.value) == said
    third = load_async_model("pocket-base-mini", max_num_seqs=2)
    assert third is not second and text_of(third)
    process = engine_process(third)
    process.suspend()  # so that it does not end by itself
    del third
    free_async_engine()
    assert not process.is_running() and not module._kept
    gc.collect()
    assert capfd.readouterr() == ("", "") and multiprocessing.active_children() == []


def test_a_first_request_does_not_wait_for_an_engine_that_dies_before_it_has_read_it(monkeypatch, capfd):
    engine = load_async_model("pocket-base-mini")
    process = engine_process(engine)

    async def lost(*arguments) -> None:
        process.kill()

    monkeypatch.setattr(engine.engine_core, "_send_input_message", lost)
    with pytest.raises(CourseError, match="got one whose process was ended by SIGKILL"):
        text_of(engine)
    assert capfd.readouterr() == ("", "")


def test_what_only_the_process_finds_out_is_one_line_and_leaves_no_process(capfd):
    with pytest.raises(CourseError) as refused:
        load_async_model("pocket-base-mini", kv_cache_memory_bytes=1)
    assert "kv_cache_memory_bytes must hold at least one" in str(refused.value)
    assert multiprocessing.active_children() == [] and module._kept is None
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("arrives", [False, True])
def test_a_process_that_is_killed_while_it_starts_is_one_line_and_no_other_cause(arrives, monkeypatch, capfd):
    monkeypatch.setattr(module, "EngineProcess", type("Early", (Dying,), {"arrives": arrives}))
    monkeypatch.setattr(
        "multiprocessing.spawn._python_exe", os.fsencode(sys.executable)
    )  # cold: one process, its own end
    with pytest.raises(CourseError) as refused:
        load_async_model("pocket-base-mini")
    assert "got an engine that was killed, as Linux does where memory runs out" in str(refused.value)
    assert multiprocessing.active_children() == [] and module._kept is None
    assert capfd.readouterr() == ("", "")
