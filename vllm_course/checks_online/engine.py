"""An async engine in the place of vLLM's: it says what it is told, at moments of the loop's clock, and notes all."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from vllm_course.checks_online.loop import BEGINNING, Ended, VirtualLoop

if TYPE_CHECKING:
    from vllm import RequestOutput, SamplingParams

BLOCK = 64  # characters of a prompt that the prefix cache keeps together; each is a token here
SOON = 1e-6  # seconds; less is the same moment
UNKNOWN = (" I", " do", " not", " know", ".")


@dataclass(frozen=True)
class Reply:
    """What the engine says to a prompt.

    Attributes:
        pieces: The text of each token; an exception in the place of a token is raised there.
        first: Seconds until the first one.
        each: Seconds between two.
    """

    pieces: Sequence[str | Exception]
    first: float = 1.0
    each: float = 1.0


@dataclass(eq=False)
class Request:
    """One request, as the engine saw it.

    Attributes:
        prompt: Its text.
        params: A copy of its sampling parameters.
        request_id: Its name.
        options: All other arguments of `generate`.
        began: When it came, in the loop's time.
        times: When each of its tokens is there.
        pieces: What is said.
        cached: Tokens of the prompt that came from the prefix cache.
        reason: "stop", "length", "abort" or "error"; `stopped` is the moment of the last two.
    """

    prompt: str
    params: "SamplingParams"
    request_id: str
    options: dict[str, Any]
    began: float
    times: list[float]
    pieces: list[str | Exception]
    cached: int
    reason: str
    stopped: float | None = None
    waiter: asyncio.Future | None = field(default=None, repr=False)

    @property
    def ended(self) -> float:
        """When the engine was done with it."""
        return self.times[-1] if self.stopped is None else self.stopped

    def ready(self, now: float) -> int:
        """Return how many tokens are there."""
        return sum(time <= min(now, self.ended) + SOON for time in self.times)

    def stop(self, reason: str, now: float) -> None:
        """End it before its time; what has ended stays as it is."""
        if now < self.ended - SOON:
            self.reason, self.stopped = reason, now
            self.wake()

    def wake(self) -> None:
        """Let the generator of this request look again."""
        if self.waiter is not None and not self.waiter.done():
            self.waiter.set_result(None)


class AsyncWatch:
    """Stands for an `AsyncLLM`: `generate`, `abort`, and how many requests are unfinished.

    As in vLLM, tokens come whether or not somebody reads, outputs that wait are joined, and a generator that is closed
    or cancelled aborts its request.

    Args:
        says: What it says to each prompt, a `Reply` or only its pieces; a list of replies, one for each time.
        most: Requests after which the answer that makes them is ended.
        prefill: Seconds for each token of a prompt that is not in the prefix cache.
        cold: Seconds that the very first request takes longer.

    Attributes:
        requests: Those of the latest call of an answer, in the order in which they came.
        earlier: Those of the calls before; the prefix cache still knows them.
        left: Those that were unfinished when the answer returned.
        returned: When that was, in seconds since the beginning.
    """

    def __init__(self, says: Mapping[str, Any], *, most: int = 200, prefill: float = 0.0, cold: float = 0.0) -> None:
        self.says = {prompt: _replies(told) for prompt, told in says.items()}
        self.most, self.prefill, self.cold = most, prefill, cold
        self.requests: list[Request] = []
        self.earlier: list[Request] = []
        self.left: list[Request] = []
        self.returned = 0.0
        self.dead: Exception | None = None
        self._used_in: VirtualLoop | None = None

    async def generate(
        self, prompt: Any, sampling_params: "SamplingParams", request_id: str, **options: Any
    ) -> "AsyncIterator[RequestOutput]":
        """Yield outputs as `AsyncLLM.generate` does."""
        try:
            request, shown, finished = self._admit(prompt, sampling_params, request_id, options), 0, False
        except Ended:
            await asyncio.sleep(0)  # here the loop ends an answer that holds every error and asks again
            raise
        try:
            while not finished:
                await self._more(request, shown)
                ready, finished = request.ready(_loop().now), request.ended <= _loop().now + SOON
                output = _output(request, shown, ready, finished)
                shown = ready
                yield output
        finally:
            request.stop("abort", _loop().now)

    async def abort(self, request_id: str | Iterable[str], internal: bool = False) -> None:
        """End requests by their names; their generators yield one output more."""
        names = [request_id] if isinstance(request_id, str) else list(request_id)
        for request in self.requests:
            if request.request_id in names:
                request.stop("abort", _loop().now)

    def unfinished(self) -> list[Request]:
        """Return the requests that the engine still works on."""
        return [request for request in self.requests if _loop().now < request.ended - SOON]

    def get_num_unfinished_requests(self) -> int:
        """Return how many requests the engine still works on."""
        return len(self.unfinished())

    @property
    def output_processor(self) -> "AsyncWatch":
        """Where `AsyncLLM` counts its unfinished requests."""
        return self

    @property
    def errored(self) -> bool:
        """Whether it is dead."""
        return self.dead is not None

    def shutdown(self, timeout: float | None = None) -> None:
        """End the answer: it is not its engine."""
        raise _loop().end("it shuts down the engine that it is given, which others still need")

    def look(self) -> None:
        """Note what is unfinished, now that the answer has returned."""
        self.left, self.returned = self.unfinished(), _loop().now - BEGINNING

    def peak(self) -> int:
        """Return how many requests ran at once, at most."""
        return max((self._running(one.began) for one in self.requests), default=0)

    def _running(self, now: float) -> int:
        return sum(one.began <= now + SOON and now < one.ended - SOON for one in self.requests)

    def _admit(self, prompt: Any, params: Any, request_id: Any, options: dict[str, Any]) -> Request:
        from vllm import SamplingParams

        loop = _loop()
        loop.engines.add(self)
        if self._used_in is not loop:
            self.earlier, self.requests, self._used_in = [*self.earlier, *self.requests], [], loop
        if len(self.requests) == self.most:
            raise loop.end("it goes on and on with new requests, the check stopped it")
        text = prompt.get("prompt") if isinstance(prompt, dict) else prompt
        for name, value, kind in (
            ("prompt", text, str),
            ("sampling_params", params, SamplingParams),
            ("request_id", request_id, str),
        ):
            if not isinstance(value, kind):
                raise TypeError(f"{name} of generate must be {kind.__name__}, got {type(value).__name__}")
        request = self._request(text, params, request_id, options, loop.now)
        self.requests.append(request)
        return request

    def _request(
        self, text: str, params: "SamplingParams", request_id: str, options: dict[str, Any], now: float
    ) -> Request:
        replies = self.says.get(text, [Reply(UNKNOWN)])
        known = [*self.earlier, *self.requests]
        before = sum(request.prompt == text for request in known)
        reply = replies[min(before, len(replies) - 1)]
        pieces = list(reply.pieces)[: params.max_tokens]
        cached = max((_shared(text, request.prompt) for request in known), default=0)
        begin = now + reply.first + self.prefill * (len(text) - cached) + (0 if known else self.cold)
        times = [begin + reply.each * place for place in range(len(pieces))]
        reason = "length" if len(pieces) < len(reply.pieces) else "stop"
        return Request(text, params.clone(), request_id, options, now, times, pieces, cached, reason)

    async def _more(self, request: Request, shown: int) -> None:
        """Wait until there is something to yield.

        Raises:
            Exception: The engine is dead, or the next piece is an exception.
        """
        from vllm.sampling_params import RequestOutputKind

        loop, at_the_end = _loop(), request.params.output_kind == RequestOutputKind.FINAL_ONLY
        wanted = len(request.times) if at_the_end else shown + 1
        while not self.dead and request.stopped is None and request.ready(loop.now) < wanted:
            request.waiter = loop.create_future()
            timer = loop.call_at(request.times[wanted - 1], request.wake)
            try:
                await request.waiter
            finally:
                timer.cancel()
        error = next((one for one in request.pieces[: request.ready(loop.now)] if isinstance(one, Exception)), None)
        if error is not None and type(error).__name__ == "EngineDeadError":
            self._die(error)
        if self.dead or error:
            request.reason, request.stopped = "error", loop.now
            raise self.dead or error

    def _die(self, error: Exception) -> None:
        self.dead = error
        for request in self.requests:
            request.wake()


def _loop() -> VirtualLoop:
    """Return the check's loop; an engine answers only in the loop that it began in, as vLLM's does."""
    loop = asyncio.get_running_loop()
    if not isinstance(loop, VirtualLoop):
        raise RuntimeError("the engine must be used in the event loop that runs already, got one of your own")
    return loop


def _replies(told: Any) -> list[Reply]:
    if isinstance(told, Reply):
        return [told]
    if any(isinstance(one, Reply) for one in told):
        return list(told)
    return [Reply(tuple(told))]


def _shared(text: str, earlier: str) -> int:
    """Return how many tokens of a prompt are in the prefix cache: full blocks, and never the last token."""
    same = min(len(os.path.commonprefix([text, earlier])), len(text) - 1)
    return same // BLOCK * BLOCK


def _output(request: Request, shown: int, ready: int, finished: bool) -> "RequestOutput":
    from vllm import CompletionOutput, RequestOutput
    from vllm.sampling_params import RequestOutputKind

    begin = shown if request.params.output_kind == RequestOutputKind.DELTA else 0
    text, ids = "".join(request.pieces[begin:ready]), list(range(begin, ready))
    piece = CompletionOutput(0, text, ids, None, None, finish_reason=request.reason if finished else None)
    prompt_ids = [ord(letter) for letter in request.prompt]
    return RequestOutput(
        request.request_id, request.prompt, prompt_ids, None, [piece], finished, num_cached_tokens=request.cached
    )
