"""The playground's engine side, without widgets: a prompt, the logits after it, and the texts drawn from them."""

from typing import TYPE_CHECKING, Any

import numpy as np

from vllm_course.distribution import Distribution, distribution
from vllm_course.streaming import Stream
from vllm_course.widgets.logits import next_logits
from vllm_course.widgets.view import View

if TYPE_CHECKING:
    from vllm import LLM, SamplingParams

ROWS = 12
ALTERNATIVES = 5  # for each token, beside the one that was drawn
CONTEXT = 40  # characters
NOT_SHAPING = {"max_tokens", "n", "seed"}  # they say how much is drawn, not from what


class Scene:
    """A prompt in an engine, and positions in the text that the first sample made of it.

    Args:
        llm: A vLLM engine in this process.
        prompt: Text to continue.

    Attributes:
        stream: The request drawn last, None before the first.
        drawn_with: Its settings.

    Raises:
        CourseError: The engine runs in another process.
        VLLMValidationError: vLLM refuses the prompt.
    """

    def __init__(self, llm: "LLM", prompt: str) -> None:
        self.prompt = prompt
        self.stream: Stream | None = None
        self.drawn_with: dict[str, Any] = {}
        self._llm, self._tokenizer = llm, llm.get_tokenizer()
        self._prompt_ids, after_prompt = next_logits(llm, prompt)
        self._logits: dict[int, np.ndarray] = {0: after_prompt}  # by position

    @property
    def output_ids(self) -> list[int]:
        """Token ids of the first sample."""
        return list(self.stream.completions[0].token_ids) if self.stream and self.stream.completions else []

    def draw(self, settings: dict[str, Any]) -> Stream:
        """Begin to generate.

        Raises:
            VLLMValidationError: vLLM refuses the settings.
        """
        self.stream = Stream(self._llm, self.prompt, sampling_params(settings))
        self.drawn_with = settings
        self._logits = {0: self._logits[0]}
        return self.stream

    def distribution(self, settings: dict[str, Any], position: int = 0) -> Distribution:
        """Compute what the token after `position` generated ones is drawn from. Only a new position runs the model."""
        self._read(position)
        shaping = {name: value for name, value in settings.items() if name not in NOT_SHAPING}
        before = self.output_ids[:position]
        return distribution(self._logits[position], prompt=self._prompt_ids, output=before, **shaping)

    def labels(self, found: Distribution) -> list[str]:
        """Return the texts of the likeliest tokens, quoted."""
        return [repr(self._tokenizer.decode([int(token)])) for token in found.order[:ROWS]]

    def context(self, position: int) -> str:
        """Return the end of the text before a position."""
        ids = self._prompt_ids + self.output_ids[:position]
        text = self._tokenizer.decode(ids, skip_special_tokens=True)
        return text if len(text) <= CONTEXT else "…" + text[-CONTEXT:]

    def chosen(self, position: int) -> int | None:
        """Return the token that the first sample has at a position, None after its end."""
        return dict(enumerate(self.output_ids)).get(position)

    def view(self, settings: dict[str, Any]) -> View:
        """Return what is shown where there are no widgets."""
        found = self.distribution(settings)
        completions = self.stream.completions if self.stream else []
        return View(self.prompt, settings, found, self.labels(found), completions)

    def _read(self, position: int) -> None:
        if position not in self._logits:
            _, self._logits[position] = next_logits(self._llm, self._prompt_ids + self.output_ids[:position])


def sampling_params(settings: dict[str, Any]) -> "SamplingParams":
    """Make vLLM's object, which checks the settings.

    Raises:
        VLLMValidationError: vLLM refuses them.
    """
    from vllm import SamplingParams

    return SamplingParams(**settings, logprobs=ALTERNATIVES)
