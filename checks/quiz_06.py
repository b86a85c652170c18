"""What the quiz of lesson 06 says, asked of vLLM: each function returns the figures that it found."""

import asyncio
import inspect
import itertools

from vllm import SamplingParams
from vllm.outputs import CompletionOutput, RequestOutput
from vllm.sampling_params import RequestOutputKind
from vllm.v1.engine.async_llm import AsyncLLM
from vllm.v1.engine.output_processor import RequestOutputCollector

from vllm_course import load_model


def _output(text: str) -> RequestOutput:
    completion = CompletionOutput(0, text, [len(text)], None, None)
    return RequestOutput("a", "prompt", [1], None, [completion], finished=False)


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
        new = asyncio.new_event_loop()
        new.run_until_complete(way())
        new.close()
        assert max(most) == wanted


def slow_reader() -> None:
    """vLLM's own collector: two outputs that nobody has read become one, and no piece is lost."""
    collector = RequestOutputCollector(RequestOutputKind.DELTA, "a")
    for text in ("The", " sea"):
        collector.put(_output(text))
    joined = collector.get_nowait()
    assert joined.outputs[0].text == "The sea" and len(joined.outputs[0].token_ids) == 2
    assert collector.get_nowait() is None


def stop_early() -> None:
    """What vLLM does when its generator is closed or cancelled, and that `abort` takes a request's id."""
    source = inspect.getsource(AsyncLLM.generate)
    ended = source[source.index("except (asyncio.CancelledError, GeneratorExit)") :]
    assert "self.abort" in ended[: ended.index("raise")]
    assert "request_id" in inspect.signature(AsyncLLM.abort).parameters and inspect.iscoroutinefunction(AsyncLLM.abort)
