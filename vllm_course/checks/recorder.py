"""An engine that is watched, so that a check can see how an answer calls it."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vllm import LLM, RequestOutput


class Recorder:
    """Stands before an engine, passes every call on, and notes those of `generate`.

    Attributes:
        llm: The engine.
        calls: The sampling parameters of every call, as they were given: one object, a list of them, or None.
        outputs: What every call returned.
    """

    def __init__(self, llm: "LLM") -> None:
        self.llm = llm
        self.calls: list[Any] = []
        self.outputs: list[list[RequestOutput]] = []

    def generate(self, prompts: Any, sampling_params: Any = None, **options: Any) -> "list[RequestOutput]":
        """Note the call and pass it on."""
        self.calls.append(sampling_params)
        self.outputs.append(self.llm.generate(prompts, sampling_params, **options))
        return self.outputs[-1]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.llm, name)
