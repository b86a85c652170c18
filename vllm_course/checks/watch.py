"""An engine that is watched, so that a check can see how an answer calls it, and say what the model says."""

import copy
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vllm_course.checks.trying import Endless
from vllm_course.checks.verdict import require

if TYPE_CHECKING:
    from vllm import LLM, RequestOutput, SamplingParams


@dataclass
class Call:
    """One call of `generate` or `chat`, as it was when it was made.

    Attributes:
        method: "generate" or "chat".
        prompts: One prompt or conversation a request, copied, since a history is changed later on.
        params: The sampling parameters, one a request; the model's own where none were given.
        options: All other arguments.
        outputs: What the engine returned, one a request.
        ids: The prompts' token ids, one list a request, copied, since those of an output may be changed later on.
        seconds: How long it took, with the engine's pause.
    """

    method: str
    prompts: list[Any]
    params: "list[SamplingParams]"
    options: dict[str, Any]
    outputs: "list[RequestOutput]"
    ids: list[list[int]]
    seconds: float = 0.0


class Brief:
    """Stands before an engine whose texts nobody reads: every request is rendered and checked, and gets one token.

    Args:
        llm: The engine.
    """

    def __init__(self, llm: "LLM") -> None:
        self.llm = llm

    def generate(self, prompts: Any, params: Any = None, *args: Any, **options: Any) -> "list[RequestOutput]":
        """Pass a call on, with copies of its parameters."""
        from vllm import SamplingParams

        several = isinstance(params, list | tuple)
        short = [copy.copy(one) for one in (params if several else [params])]
        for one in short:
            if isinstance(one, SamplingParams):
                one.max_tokens, one.min_tokens = 1, 0
        return self.llm.generate(prompts, short if several else short[0], *args, **options)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.llm, name)


class Watch:
    """Stands before an engine, notes every call of `generate` and `chat`, and passes it on.

    The engine renders and runs every call, so that what it refuses is refused here too.

    Args:
        llm: The engine.
        says: Texts that the model is to say in place of its own; the last one is said for ever.
        most: Calls after which the answer that makes them is ended.
        pause: Seconds that each call takes longer, so that the time of a call can be told from that of none.
        each: What it takes longer besides for each prompt.
        first: What the first call takes longer besides, as that of a real engine does.
        wait: What lets seconds pass: `Clock.wait` does so without waiting.

    Attributes:
        calls: The calls so far, in order.
    """

    def __init__(
        self,
        llm: "LLM",
        *,
        says: Iterable[str] = (),
        most: int = 100,
        pause: float = 0,
        each: float = 0,
        first: float = 0,
        wait: Callable[[float], Any] = time.sleep,
    ) -> None:
        self.llm, self.most = llm, most
        self.pause, self.each, self.first, self.wait = pause, each, first, wait
        self.calls: list[Call] = []
        self._says = list(says)

    def generate(self, prompts: Any, sampling_params: Any = None, *args: Any, **options: Any) -> "list[RequestOutput]":
        """Note the call and pass it on."""
        is_one = isinstance(prompts, str | dict) or _lists(prompts, int)
        return self._pass_on("generate", prompts, is_one, sampling_params, args, options)

    def chat(self, messages: Any, sampling_params: Any = None, *args: Any, **options: Any) -> "list[RequestOutput]":
        """Note the call and pass it on."""
        return self._pass_on("chat", messages, _lists(messages, dict), sampling_params, args, options)

    def asked(self, method: str, times: int | None = None, **sampling: Any) -> list[Call]:
        """Return the calls of a method, which must be so many and take these sampling parameters.

        Args:
            method: "generate" or "chat".
            times: How many calls there must be; None for one or more.
            **sampling: Sampling parameters and the values that every request must have.
        """
        calls = [call for call in self.calls if call.method == method]
        require(bool(calls), f"Call {method} of the llm that your function is given, its first argument.")
        require(times in (None, len(calls)), f"llm.{method} must be called {times} time(s), not {len(calls)}.")
        for name, value in sampling.items():
            for found in (getattr(params, name) for call in calls for params in call.params):
                require(found == value, f"Every call of llm.{method} must take {name}={value}, not {found}.")
        return calls

    def _pass_on(self, method: str, given: Any, is_one: bool, params: Any, args: tuple, options: dict) -> list:
        if len(self.calls) == self.most:
            raise Endless
        prompts = copy.deepcopy([given] if is_one else list(given))
        every = params if params is not None else self.llm.get_default_sampling_params()
        every = list(every) if isinstance(every, list | tuple) else [every] * len(prompts)
        call = Call(method, prompts, copy.deepcopy(every), options, [], [])
        self.calls.append(call)  # also where the engine then refuses it
        start = time.perf_counter()
        self.wait(self.pause + self.each * len(prompts) + (self.first if len(self.calls) == 1 else 0))
        call.outputs.extend(getattr(self.llm, method)(given, params, *args, **options))
        call.seconds = time.perf_counter() - start
        call.ids.extend(list(output.prompt_token_ids or []) for output in call.outputs)
        if self._says and call.outputs:
            call.outputs[0].outputs[0].text = self._says.pop(0) if len(self._says) > 1 else self._says[0]
        return list(call.outputs)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.llm, name)


def _lists(value: Any, kind: type) -> bool:
    """Whether a value is a list of a kind, looked at as vLLM does; what has no length is refused as there."""
    return len(value) > 0 and isinstance(value, list) and isinstance(value[0], kind)
