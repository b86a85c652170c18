"""Read the logits that the model computes for the next token, before vLLM turns them into log probabilities."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from vllm_course.errors import CourseError
from vllm_course.runtime.calls import ready
from vllm_course.streaming import end_running, require_in_process

if TYPE_CHECKING:
    from vllm import LLM


def next_logits(llm: "LLM", prompt: str | Sequence[int]) -> tuple[list[int], np.ndarray]:
    """Run the model over a text and return its logits for the next token.

    Log probabilities would do for temperature and filters; the repetition penalty divides logits, so the
    constant by which the two differ matters. A request in progress is ended.

    Args:
        llm: A vLLM engine in this process, as `load_model` makes it.
        prompt: The text, or its token ids.

    Returns:
        The token ids, and the logits as float32, shape `(vocabulary,)`.

    Raises:
        CourseError: The engine runs in another process, or its model has no logits to read.
        VLLMValidationError: The text is too long for the model's context, or empty.

    Source:
        `vllm.LLM.apply_model`, `vllm.model_executor.layers.logits_processor.LogitsProcessor`.
    """
    from vllm import SamplingParams

    require_in_process(llm)
    end_running()
    ready(llm)
    captured: list = []
    hooks = llm.apply_model(lambda model: _listen(model, captured))[0]
    try:
        once = SamplingParams(max_tokens=1, temperature=0.0, detokenize=False)
        (output,) = llm.generate(prompt if isinstance(prompt, str) else {"prompt_token_ids": list(prompt)}, once)
    finally:
        for hook in hooks:
            hook.remove()
    if not captured:
        raise CourseError(
            "llm must hold a model that generates text through vLLM's LogitsProcessor, got "
            f"{llm.llm_engine.model_config.architecture}. Use a shipped model: load_model()."
        )
    return list(output.prompt_token_ids), captured[-1][-1].float().cpu().numpy()


def _listen(model, captured: list) -> list:
    """Have every forward pass append its logits; vLLM may take several for a long prompt, the last one counts."""
    from vllm.model_executor.layers.logits_processor import LogitsProcessor

    layers = [layer for layer in model.modules() if isinstance(layer, LogitsProcessor)]
    return [layer.register_forward_hook(lambda _layer, _inputs, logits: captured.append(logits)) for layer in layers]
