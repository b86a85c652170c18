"""What the quiz of lesson 06 says, asked of vLLM: each function returns the figures that it found."""

import asyncio
import inspect
import itertools
from collections.abc import Coroutine
from typing import Any
from unittest.mock import AsyncMock, Mock

from vllm import SamplingParams
from vllm.outputs import CompletionOutput, RequestOutput
from vllm.sampling_params import RequestOutputKind
from vllm.v1.engine.async_llm import AsyncLLM
from vllm.v1.engine.output_processor import RequestOutputCollector

from vllm_course import load_model


def _output(text: str) -> RequestOutput:
    completion = CompletionOutput(0, text, [len(text)], None, None)
    return RequestOutput("a", "prompt", [1], None, [completion], finished=False)


def _run(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine in a loop of its own, and leave the thread's loop as it is."""
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(coroutine)
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


def nothing_happens() -> None:
    """`generate` is an async generator: making one calls nothing, not even a method of an engine that is none."""
    assert inspect.isasyncgenfunction(AsyncLLM.generate)
    assert inspect.isasyncgen(AsyncLLM.generate(None, "prompt", SamplingParams(), "a"))
    assert "add_request" in inspect.getsource(AsyncLLM.generate)


def repeated_text() -> None:
    """By default each output of a step holds the text so far."""
    engine = load_model().llm_engine
    texts = {}
    for kind in (SamplingParams().output_kind, RequestOutputKind.DELTA):
        engine.add_request(kind.name, "The sea", SamplingParams(temperature=0, max_tokens=5, output_kind=kind))
        while engine.has_unfinished_requests():
            texts.setdefault(kind, []).extend(output.outputs[0].text for output in engine.step())
    whole, deltas = texts.values()
    assert all(after.startswith(before) for before, after in itertools.pairwise(whole))
    assert "".join(deltas) == whole[-1] and SamplingParams().output_kind is RequestOutputKind.CUMULATIVE


def time_of_a_text() -> list[float]:
    """Times of tokens, added up one by one."""
    first, pause, tokens = 0.5, 0.1, 20
    times = [first]
    while len(times) < tokens:
        times.append(times[-1] + pause)
    return [times[-1], first, pause, len(times), len(times) - 1]


def one_after_the_other() -> None:
    """How many of eight are under way at once, in a loop and gathered."""
    under_way, most = set(), []

    async def ask(number: int) -> None:
        under_way.add(number)
        most.append(len(under_way))
        await asyncio.sleep(0)
        under_way.remove(number)

    async def loop() -> None:
        for number in range(8):
            await ask(number)

    async def gathered() -> None:
        await asyncio.gather(*map(ask, range(8)))

    for way, wanted in ((loop, 1), (gathered, 8)):
        most.clear()
        _run(way())
        assert max(most) == wanted


def slow_reader() -> None:
    """vLLM's own collector: two outputs that nobody has read become one, and no piece is lost."""
    collector = RequestOutputCollector(RequestOutputKind.DELTA, "a")
    for text in ("The", " sea"):
        collector.put(_output(text))
    joined = collector.get_nowait()
    assert joined.outputs[0].text == "The sea" and len(joined.outputs[0].token_ids) == 2
    assert collector.get_nowait() is None


async def _aborted(end: str) -> list[str]:
    """Return the requests that vLLM's own generator aborts, when its stream was read once and then ended."""
    collector, engine = RequestOutputCollector(RequestOutputKind.DELTA, "a"), Mock(log_requests=False)
    engine.add_request, engine.abort = AsyncMock(return_value=collector), AsyncMock()
    stream = AsyncLLM.generate(engine, "prompt", SamplingParams(), "a")
    collector.put(_output("The"))
    await anext(stream)
    if end == "close":
        await stream.aclose()
    if end == "cancel":
        task = asyncio.create_task(anext(stream))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    await asyncio.sleep(0)
    return [call.args[0] for call in engine.abort.await_args_list]


async def _ended_by_name() -> list[str]:
    """Return the requests that `abort` takes out of the engine's process."""
    engine = Mock(log_requests=False)
    engine.output_processor.abort_requests = Mock(side_effect=lambda names, internal: list(names))
    engine.engine_core.abort_requests_async = AsyncMock()
    await AsyncLLM.abort(engine, "a")
    return engine.engine_core.abort_requests_async.await_args.args[0]


def stop_early() -> None:
    """vLLM's own generator aborts its request when it is closed or cancelled, and not while it is held."""
    for end, wanted in (("close", ["a"]), ("cancel", ["a"]), ("hold", [])):
        assert _run(_aborted(end)) == wanted
    assert _run(_ended_by_name()) == ["a"]
