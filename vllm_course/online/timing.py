"""When the tokens of a request arrive: the time to the first one, and the gaps between what follows."""

import time
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from vllm import CompletionOutput, SamplingParams
    from vllm.inputs import PromptType
    from vllm.v1.engine.async_llm import AsyncLLM


class Timed(NamedTuple):
    """A finished request, with its times in seconds.

    Attributes:
        text: The completion.
        token_ids: Its tokens.
        finish_reason: As in `CompletionOutput.finish_reason`.
        ttft: Time to first token: from the call to the first output.
        itl: Inter-token latencies: the time between each output and the one before.
        total: From the call to the last output.
        arrivals: For each output, the seconds since the call and the number of its tokens. Outputs that come while
            the caller does something else arrive as one.
    """

    text: str
    token_ids: list[int]
    finish_reason: str | None
    ttft: float
    itl: list[float]
    total: float
    arrivals: list[tuple[float, int]]


class Stream:
    """A request while it runs: what has come, and when. Its clock starts when it is made.

    Attributes:
        text: The completion so far.
        token_ids: Its tokens.
        finish_reason: None while it runs.
        arrivals: For each output, the seconds since the start and the number of its tokens.
    """

    def __init__(self) -> None:
        self.text, self.finish_reason = "", None
        self.token_ids: list[int] = []
        self.arrivals: list[tuple[float, int]] = []
        self._start = time.perf_counter()

    def add(self, piece: "CompletionOutput") -> None:
        """Take a delta: what is new in an output."""
        self.arrivals.append((time.perf_counter() - self._start, len(piece.token_ids)))
        self.text += piece.text
        self.token_ids += piece.token_ids
        self.finish_reason = piece.finish_reason

    @property
    def ttft(self) -> float | None:
        """Time to first token in seconds, None before it."""
        return self.arrivals[0][0] if self.arrivals else None

    @property
    def total(self) -> float | None:
        """Seconds from the start to the last output so far, None before the first."""
        return self.arrivals[-1][0] if self.arrivals else None

    @property
    def tokens_per_second(self) -> float | None:
        """Tokens so far, divided by `total`."""
        return len(self.token_ids) / self.total if self.arrivals else None


async def timed(engine: "AsyncLLM", prompt: "PromptType", params: "SamplingParams", name: str) -> Timed:
    """Run one request to its end and note when its tokens arrive.

    Args:
        engine: An async engine.
        prompt: Text to continue, or `{"prompt_token_ids": [...]}`.
        params: Sampling parameters for one completion; a copy of them asks for deltas.
        name: The request's id, as vLLM calls it.

    Returns:
        What arrived, and when.

    Raises:
        VLLMValidationError: vLLM refuses the prompt or the parameters.
        CourseError: The engine has died, or belongs to another event loop.
    """
    from vllm.sampling_params import RequestOutputKind

    params = params.clone()
    params.output_kind = RequestOutputKind.DELTA
    found = Stream()
    async for output in engine.generate(prompt, params, name):
        (piece,) = output.outputs
        found.add(piece)
    times = [seconds for seconds, _ in found.arrivals]
    gaps = [later - earlier for earlier, later in zip(times, times[1:], strict=False)]
    return Timed(found.text, found.token_ids, found.finish_reason, found.ttft, gaps, found.total, found.arrivals)
