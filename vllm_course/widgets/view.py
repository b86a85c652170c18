"""What the playground shows where there are no widgets: the same chart and text as a figure and as plain text."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from vllm_course.distribution import Distribution
from vllm_course.widgets.figure import svg
from vllm_course.widgets.rendering import count, percent, status, summary

if TYPE_CHECKING:
    from vllm import CompletionOutput

NEUTRAL = {"top_p": 1, "top_k": 0, "min_p": 0, "repetition_penalty": 1, "presence_penalty": 0, "frequency_penalty": 0}
NEUTRAL |= {"n": 1}


@dataclass(frozen=True)
class View:
    """One moment of a playground.

    Attributes:
        prompt: The prompt.
        settings: The sampling parameters, by vLLM's names.
        distribution: What the token after the prompt is drawn from.
        tokens: Labels of the first tokens of `distribution.order`.
        completions: What was generated.
    """

    prompt: str
    settings: dict[str, Any]
    distribution: Distribution
    tokens: list[str]
    completions: "list[CompletionOutput]" = field(default_factory=list)

    def plain(self) -> str:
        """Return all of it as text; it serves as the figure's alternative text too."""
        found, width = self.distribution, max(map(len, self.tokens))
        rows = [
            f"  {label:{width}}  {percent(found.probabilities[token]):>7}  {status(found, token)}"
            for label, token in zip(self.tokens, found.order, strict=False)
        ]
        return "\n".join([self._title(), *rows, *self._notes()])

    def bundle(self) -> dict[str, str]:
        """Return figure and text as IPython's display takes them."""
        figure = svg(self.distribution, self.tokens, title=self._title(), notes=self._notes(), alternative=self.plain())
        return {"text/plain": self.plain(), "image/svg+xml": figure}

    def _title(self) -> str:
        return f"Next token after {self.prompt!r}: {summary(self.distribution)}"

    def _notes(self) -> list[str]:
        samples = [f"Sample {c.index}: {count(c)}, {c.finish_reason}: {c.text!r}" for c in self.completions]
        return [*samples, said(self.settings)]


def said(settings: dict[str, Any]) -> str:
    """Write settings as the arguments of a call, without those that change nothing.

    Example:
        >>> said({"temperature": 0.8, "top_k": 0, "seed": 1})
        'temperature=0.8, seed=1'
    """
    written = {name: f"{value:g}" if isinstance(value, float) else repr(value) for name, value in settings.items()}
    return ", ".join(f"{name}={written[name]}" for name, value in settings.items() if value != NEUTRAL.get(name))
