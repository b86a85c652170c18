"""What vLLM draws the next token from: the model's logits after penalties, temperature and filters.

Source:
    The order of the steps is that of `vllm.v1.sample.sampler.Sampler`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vllm_course.sampling import entropy, min_p_filter, penalise, softmax, top_k_filter, top_p_filter

LOWEST_TEMPERATURE = 0.01  # SamplingParams raises what is above 0 and below it; only 0 itself is greedy


@dataclass(frozen=True)
class Distribution:
    """The probabilities of all tokens at one position, and why some of them are 0.

    Attributes:
        own: The model's own probabilities, shape `(vocabulary,)`.
        probabilities: What the next token is drawn from, shape `(vocabulary,)`.
        cut_by: For each token the parameter that cuts it ("temperature" for greedy decoding, "min_p", "top_k" or
            "top_p"), "" for one that is kept.
        order: Token ids, the likeliest first, after penalties and before the filters.
    """

    own: np.ndarray
    probabilities: np.ndarray
    cut_by: np.ndarray
    order: np.ndarray

    @property
    def entropy(self) -> float:
        """How open the choice is, in bits."""
        return entropy(self.probabilities)

    @property
    def kept(self) -> int:
        """Number of tokens that can be drawn."""
        return int((self.cut_by == "").sum())

    @property
    def cut(self) -> dict[str, int]:
        """Number of tokens that each parameter cuts, in the order in which vLLM applies them."""
        names = ("temperature", "min_p", "top_k", "top_p")
        return {name: count for name in names if (count := int((self.cut_by == name).sum()))}

    def heights(self) -> np.ndarray:
        """Return what a chart draws: kept tokens as they are drawn, cut ones with the model's own probability."""
        return np.where(self.cut_by == "", self.probabilities, self.own)


def distribution(
    logits: np.ndarray,
    *,
    prompt: Sequence[int] = (),
    output: Sequence[int] = (),
    temperature: float = 1.0,
    top_p: float = 1.0,
    top_k: int = 0,
    min_p: float = 0.0,
    repetition_penalty: float = 1.0,
    presence_penalty: float = 0.0,
    frequency_penalty: float = 0.0,
) -> Distribution:
    """Compute what the next token is drawn from.

    Args:
        logits: Shape `(vocabulary,)`. Log probabilities do as long as repetition_penalty is 1.
        prompt: Token ids of the prompt; the repetition penalty counts them.
        output: Token ids generated so far; all penalties count them.
        temperature: As in `vllm.SamplingParams`, like all that follow: >= 0, 0 is greedy.
        top_p: In (0, 1]; 1 is off.
        top_k: >= 1; 0 or -1 is off.
        min_p: In [0, 1]; 0 is off.
        repetition_penalty: > 0; 1 is off.
        presence_penalty: In [-2, 2]; 0 is off.
        frequency_penalty: In [-2, 2]; 0 is off.

    Returns:
        The distribution, which agrees with vLLM's `logprobs_mode="processed_logprobs"` to 1e-4 (at temperature 0, where
        vLLM reports the probabilities before the choice, all probability is on the token that it takes).

    Raises:
        ValueError: A value is out of range.

    Example:
        >>> found = distribution(np.log([0.6, 0.3, 0.1]), top_k=2)
        >>> found.probabilities.round(2), found.cut
        (array([0.67, 0.33, 0.  ]), {'top_k': 1})
    """
    if temperature < 0:
        softmax(logits, temperature)  # says the rule
    penalised = penalise(
        logits,
        prompt=prompt,
        output=output,
        repetition_penalty=repetition_penalty,
        presence_penalty=presence_penalty,
        frequency_penalty=frequency_penalty,
    )
    if temperature == 0:
        probabilities = softmax(penalised, 0)
        cut_by = np.where(probabilities == 0, "temperature", "")
    else:
        left, cut_by = _filtered(
            penalised / max(temperature, LOWEST_TEMPERATURE), min_p=min_p, top_k=top_k, top_p=top_p
        )
        probabilities = softmax(left)
    return Distribution(softmax(logits), probabilities, cut_by, np.argsort(-penalised, kind="stable"))


def _filtered(logits: np.ndarray, *, min_p: float, top_k: int, top_p: float) -> tuple[np.ndarray, np.ndarray]:
    """Apply the filters in vLLM's order; return what they leave, and for each token which of them cut it."""
    cut_by = np.full(len(logits), "", dtype=object)
    for name, value, keep in (
        ("min_p", min_p, min_p_filter),
        ("top_k", top_k, top_k_filter),
        ("top_p", top_p, top_p_filter),
    ):
        left = keep(logits, value)
        cut_by[np.isfinite(logits) & ~np.isfinite(left)] = name
        logits = left
    return logits, cut_by
