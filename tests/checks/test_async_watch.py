"""The engine of async checks behaves as vLLM's `AsyncLLM` does, at moments that are known."""

import asyncio
import contextlib
import threading

import pytest
from vllm import SamplingParams
from vllm.exceptions import VLLMValidationError
from vllm.sampling_params import RequestOutputKind
from vllm.v1.engine.exceptions import EngineDeadError

from vllm_course.checks_online import loop as loops
from vllm_course.checks_online.engine import AsyncWatch, Reply
from vllm_course.checks_online.loop import BEGINNING, Ended, run

SAYS = {"Hi": [" a", " b", " c"], "Ho": Reply([" x", " y"], first=5, each=2)}
KINDS = {
    RequestOutputKind.CUMULATIVE: [" a", " a b", " a b c"],
    RequestOutputKind.DELTA: [" a", " b", " c"],
    RequestOutputKind.FINAL_ONLY: [" a b c"],
}


def params(kind=RequestOutputKind.CUMULATIVE, **options):
    return SamplingParams(output_kind=kind, **options)


def watched(scenario, says=None, **options):
    watch = AsyncWatch(says or SAYS, **options)
    return run(lambda: scenario(watch), scenario), watch


def now():
    return asyncio.get_running_loop().time() - BEGINNING


async def texts(engine, prompt, kind=RequestOutputKind.CUMULATIVE, **options):
    return [(now(), o.outputs[0].text) async for o in engine.generate(prompt, params(kind, **options), "one")]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_it_streams(kind):
    found, watch = watched(lambda engine: texts(engine, "Hi", kind))
    assert [text for _, text in found] == KINDS[kind]
    assert found[-1][0] == 3
    assert (watch.left, watch.requests[0].reason, watch.peak()) == ([], "stop", 1)


def test_outputs_are_vllms_own():
    async def last(engine):
        stream = engine.generate("Hi", params(RequestOutputKind.DELTA, max_tokens=2), "one")
        return [output async for output in stream][-1]

    output, _ = watched(last)
    assert (output.request_id, output.prompt, output.finished, output.num_cached_tokens) == ("one", "Hi", True, 0)
    assert (output.outputs[0].finish_reason, output.outputs[0].token_ids) == ("length", [1])


def test_outputs_wait_for_a_slow_reader_and_are_joined():
    async def slow(engine):
        found = []
        async for output in engine.generate("Hi", params(RequestOutputKind.DELTA), "one"):
            found.append(output.outputs[0].text)
            await asyncio.sleep(60)
        return found

    assert watched(slow)[0] == [" a", " b c"]


def test_requests_run_side_by_side():
    async def both(engine):
        await asyncio.gather(texts(engine, "Hi"), texts(engine, "Ho"))
        return now()

    seconds, watch = watched(both)
    assert watch.returned == 7
    assert (seconds, watch.peak(), [one.ended - BEGINNING for one in watch.requests]) == (7, 2, [3, 7])


async def breaks(engine):
    generator = engine.generate("Hi", params(), "one")
    async for _ in generator:
        break
    return generator


async def closes(engine):
    await (await breaks(engine)).aclose()


async def cancels(engine):
    task = asyncio.create_task(texts(engine, "Hi"))
    await asyncio.sleep(1.5)
    task.cancel()
    await asyncio.wait([task])


async def times_out(engine):
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(texts(engine, "Hi"), 1.5)


async def aborts(engine):
    generator, found = engine.generate("Hi", params(), "one"), []
    async for output in generator:
        found.append((output.outputs[0].text, output.outputs[0].finish_reason))
        await engine.abort(["one"])
    assert found == [(" a", None), (" a", "abort")]


@pytest.mark.parametrize("scenario", [closes, cancels, times_out, aborts])
def test_a_request_that_is_stopped_is_aborted(scenario):
    _, watch = watched(scenario)
    assert (watch.left, watch.requests[0].reason, watch.requests[0].ended < BEGINNING + 2) == ([], "abort", True)


def test_break_leaves_a_request():
    _, watch = watched(breaks)
    assert watch.left == watch.requests


def test_unfinished_requests_are_counted():
    async def counted(engine):
        generator = engine.generate("Hi", params(), "one")
        before = engine.get_num_unfinished_requests()
        await anext(generator)
        during = engine.output_processor.get_num_unfinished_requests()
        await generator.aclose()
        return before, during, engine.get_num_unfinished_requests()

    assert watched(counted)[0] == (0, 1, 0)


def test_it_fails_as_told():
    says = {"Hi": [Reply([" a", ValueError("no")]), Reply([" b"])], "bad": Reply([VLLMValidationError("bad")], first=0)}

    async def fails(engine):
        with pytest.raises(ValueError, match="no"):
            await texts(engine, "Hi")
        with pytest.raises(VLLMValidationError):
            await texts(engine, "bad")
        return await texts(engine, "Hi")

    found, watch = watched(fails, says)
    assert [text for _, text in found] == [" b"]
    assert [one.reason for one in watch.requests] == ["error", "error", "stop"]


def test_a_dead_engine_stays_dead():
    says = {"Hi": Reply([" a", EngineDeadError()]), "long": Reply([" b"], first=100)}

    async def dies(engine):
        both = await asyncio.gather(texts(engine, "Hi"), texts(engine, "long"), return_exceptions=True)
        late = await asyncio.gather(texts(engine, "long"), return_exceptions=True)
        return [type(one) for one in both + late], now(), engine.errored

    assert watched(dies, says)[0] == ([EngineDeadError] * 3, 2, True)


def test_the_first_request_and_what_is_new_of_a_prompt_take_longer():
    long = "A long prompt " * 10

    async def four(engine):
        moments = []
        for prompt in (long, long, long[:99] + "?", "Another one"):
            begin = now()
            await anext(generator := engine.generate(prompt, params(), "one"))
            moments.append(now() - begin)
            await generator.aclose()
        return moments

    found, watch = watched(four, {"A": ["x"]}, prefill=1, cold=100)
    assert found == [241, 13, 37, 12]
    assert [one.cached for one in watch.requests] == [0, 128, 64, 0]


def test_calls_one_after_the_other_are_told_apart():
    watch = AsyncWatch({"Hi": ["a"]}, cold=9)
    for seconds in (10, 1):
        run(lambda: texts(watch, "Hi"), texts)
        assert (watch.returned, watch.left, len(watch.requests), watch.peak()) == (seconds, [], 1, 1)
    assert len(watch.earlier) == 1


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        ((["Hi"], params(), "one"), "prompt"),
        (("Hi", None, "one"), "sampling_params"),
        (("Hi", params(), 1), "request_id"),
    ],
)
def test_arguments_are_looked_at(arguments, what):
    async def asks(engine):
        await anext(engine.generate(*arguments))

    with pytest.raises(TypeError, match=f"{what} of generate must be"):
        watched(asks)


async def asks_for_ever(engine):
    while True:
        with contextlib.suppress(BaseException):
            await anext(engine.generate("Hi", params(), "one"))


async def shuts_down(engine):
    with contextlib.suppress(BaseException):
        engine.shutdown()


@pytest.mark.parametrize(("scenario", "why"), [(asks_for_ever, "new requests"), (shuts_down, "others still need")])
def test_it_ends_what_must_not_be(scenario, why, monkeypatch):
    before = threading.enumerate()
    monkeypatch.setattr(loops, "LONGEST", 2.0)
    with pytest.raises(Ended, match=why):
        watched(scenario)
    assert threading.enumerate() == before


def test_another_loop_is_refused():
    with pytest.raises(RuntimeError, match="event loop that runs already"):
        asyncio.run(closes(AsyncWatch(SAYS)))
