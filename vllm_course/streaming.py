"""One request that advances step by step in the engine of an `LLM`, so that a caller can look at it and stop it."""

import contextlib
import itertools
from typing import TYPE_CHECKING

from vllm_course.errors import CourseError
from vllm_course.runtime.calls import ready

if TYPE_CHECKING:
    from vllm import LLM, CompletionOutput, SamplingParams
    from vllm.inputs import PromptType

_numbers = itertools.count()
_latest: "Stream | None" = None


def end_running() -> None:
    """End the request in progress, if there is one: the engine's next caller would take its outputs."""
    if _latest is not None:
        _latest.close()


class Stream:
    """A request in progress.

    `LLM.generate` returns when all is done. Here every call of `step` runs the engine once, which adds one token to
    each completion. A new request ends the one before.

    Args:
        llm: A vLLM engine in this process.
        prompt: Text to continue, or `{"prompt_token_ids": [...]}`.
        params: Sampling parameters; they are changed to ask for intermediate outputs.

    Attributes:
        prompt_token_ids: The prompt's tokens, empty before the first step.
        completions: What there is so far, one `CompletionOutput` for each of `params.n`.
        finished: Whether nothing more will come.

    Raises:
        VLLMValidationError: vLLM refuses the prompt or the parameters.

    Source:
        `vllm.v1.engine.llm_engine.LLMEngine`: `add_request`, `step`, `abort_request`.
    """

    def __init__(self, llm: "LLM", prompt: "PromptType", params: "SamplingParams") -> None:
        from vllm.sampling_params import RequestOutputKind

        global _latest
        end_running()
        ready(llm)
        params.output_kind = RequestOutputKind.CUMULATIVE
        self.prompt_token_ids: list[int] = []
        self._found: dict[int, CompletionOutput] = {}
        self._llm = llm  # not its engine, which would then stay in memory when load_model frees it
        self._name = f"stream-{next(_numbers)}"
        self._id = llm.llm_engine.add_request(self._name, prompt, params)
        self.finished = False
        _latest = self

    @property
    def completions(self) -> "list[CompletionOutput]":
        """The completions so far, in the order of their index."""
        return [self._found[index] for index in sorted(self._found)]

    def step(self) -> None:
        """Run the engine once. A finished request stays as it is."""
        if self.finished:
            return
        for output in self._llm.llm_engine.step():
            if output.request_id == self._name:
                self.prompt_token_ids = list(output.prompt_token_ids)
                self._found |= {completion.index: completion for completion in output.outputs}
                self.finished = self.finished or output.finished
        self.finished = self.finished or self._is_gone()

    def close(self) -> None:
        """End the request, if it still runs; what was generated stays in `completions`."""
        if not self.finished:
            self.finished = True
            with contextlib.suppress(CourseError):  # an engine that was freed holds no request
                self._llm.llm_engine.abort_request([self._id], internal=True)

    def _is_gone(self) -> bool:
        """Return whether another call has ended the request, which gives no output for it."""
        held = self._llm.llm_engine.output_processor
        return self._id not in held.request_states and self._id not in held.parent_requests


def require_in_process(llm: "LLM") -> None:
    """Refuse an engine that cannot be looked into.

    Raises:
        CourseError: The engine runs in a process of its own.
    """
    from vllm.v1.engine.core_client import InprocClient

    if not isinstance(llm.llm_engine.engine_core, InprocClient):
        raise CourseError(
            "llm must run in this process, got an engine in a process of its own. Set the environment variable "
            "VLLM_ENABLE_V1_MULTIPROCESSING=0 before the first import, and load the model again."
        )
