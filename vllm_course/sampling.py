"""How vLLM picks the next token, in NumPy, small enough to read.

Every function takes log probabilities or logits of shape `(vocabulary,)` and agrees with the log probabilities that
vLLM itself reports after processing (`logprobs_mode="processed_logprobs"`) to 1e-4; a test holds them together. Tokens
that a filter removes get minus infinity, as in vLLM.

Source:
    `vllm.v1.sample.sampler.Sampler`, `vllm.v1.sample.ops.topk_topp_sampler`, `vllm.v1.sample.ops.penalties`.
"""

from collections.abc import Sequence

import numpy as np


def softmax(logits: np.ndarray, temperature: float = 1.0) -> np.ndarray:
    """Turn logits into probabilities: `exp(logits / T)`, scaled to sum to 1.

    Args:
        logits: Shape `(vocabulary,)`. Log probabilities serve as well: a constant added to all changes nothing.
        temperature: >= 0. 1 leaves the model's distribution as it is, below 1 sharpens it, above 1 flattens it, 0 puts
            all probability on the likeliest token (greedy). vLLM's lowest above 0 is 0.01.

    Returns:
        Probabilities, shape `(vocabulary,)`, in the order of the logits.

    Raises:
        ValueError: The temperature is negative.

    Example:
        >>> softmax(np.array([2.0, 1.0]), temperature=0.5).round(3)
        array([0.881, 0.119])
        >>> softmax(np.array([2.0, 1.0]), temperature=0)
        array([1., 0.])
    """
    if temperature < 0:
        raise ValueError(f"temperature must be >= 0, got {temperature}. Use 0 for greedy decoding.")
    logits = np.asarray(logits, dtype=np.float64)
    if temperature == 0:
        return np.eye(len(logits))[np.argmax(logits)]
    shifted = (logits - logits.max()) / temperature
    weights = np.exp(shifted)
    return weights / weights.sum()


def top_k_filter(logits: np.ndarray, k: int) -> np.ndarray:
    """Keep the k largest logits, and those equal to the smallest of them.

    Args:
        logits: Shape `(vocabulary,)`.
        k: Number of tokens to keep, >= 1; 0 or -1 keeps all.

    Returns:
        Logits with minus infinity for the removed tokens.

    Raises:
        ValueError: k is below -1.

    Example:
        >>> top_k_filter(np.array([1.0, 3.0, 2.0]), k=2)
        array([-inf,   3.,   2.])
    """
    if k < -1:
        raise ValueError(f"top_k must be 0 (off) or at least 1, got {k}. Use 0 to keep all tokens.")
    logits = np.asarray(logits, dtype=np.float64)
    if k in (0, -1) or k >= len(logits):
        return logits
    return np.where(logits >= np.sort(logits)[-k], logits, -np.inf)


def top_p_filter(logits: np.ndarray, p: float) -> np.ndarray:
    """Keep the smallest set of likeliest tokens whose probabilities add up to at least p (nucleus sampling).

    Args:
        logits: Shape `(vocabulary,)`, after temperature.
        p: Probability to keep, in (0, 1]; 1 keeps all.

    Returns:
        Logits with minus infinity for the removed tokens; at least one token stays.

    Raises:
        ValueError: p is outside (0, 1].

    Example:
        >>> top_p_filter(np.log([0.5, 0.3, 0.2]), p=0.7).round(2)
        array([-0.69, -1.2 ,  -inf])

    Source:
        Holtzman et al., The Curious Case of Neural Text Degeneration, 2020.
    """
    if not 0 < p <= 1:
        raise ValueError(f"top_p must be in (0, 1], got {p}. Use 1 to keep all tokens.")
    logits = np.asarray(logits, dtype=np.float64)
    if p == 1:  # or else rounding would remove the least likely tokens
        return logits
    order = np.argsort(-logits, kind="stable")
    probabilities = softmax(logits)[order]
    reached_before = np.cumsum(probabilities) - probabilities
    filtered = np.full_like(logits, -np.inf)
    kept = order[reached_before < p]
    filtered[kept] = logits[kept]
    return filtered


def min_p_filter(logits: np.ndarray, min_p: float) -> np.ndarray:
    """Keep the tokens that are at least min_p times as likely as the likeliest.

    Args:
        logits: Shape `(vocabulary,)`, after temperature.
        min_p: Fraction in [0, 1]; 0 keeps all.

    Returns:
        Logits with minus infinity for the removed tokens.

    Raises:
        ValueError: min_p is outside [0, 1].

    Example:
        >>> min_p_filter(np.log([0.5, 0.3, 0.2]), min_p=0.5).round(2)
        array([-0.69, -1.2 ,  -inf])
    """
    if not 0 <= min_p <= 1:
        raise ValueError(f"min_p must be in [0, 1], got {min_p}. Use 0 to keep all tokens.")
    logits = np.asarray(logits, dtype=np.float64)
    if min_p == 0:
        return logits
    return np.where(logits >= logits.max() + np.log(min_p), logits, -np.inf)


def penalise(
    logits: np.ndarray,
    *,
    prompt: Sequence[int] = (),
    output: Sequence[int] = (),
    repetition_penalty: float = 1.0,
    presence_penalty: float = 0.0,
    frequency_penalty: float = 0.0,
) -> np.ndarray:
    """Make tokens that occurred before less likely.

    Args:
        logits: Shape `(vocabulary,)`, as the model computed them (log probabilities will not do here).
        prompt: Token ids of the prompt; only the repetition penalty counts them.
        output: Token ids generated so far.
        repetition_penalty: > 0; divides positive and multiplies negative logits of every token seen. 1 is off.
        presence_penalty: In [-2, 2]; subtracted once from every token in the output. 0 is off.
        frequency_penalty: In [-2, 2]; subtracted once for each time a token is in the output. 0 is off.

    Returns:
        The changed logits, shape `(vocabulary,)`.

    Raises:
        ValueError: repetition_penalty is not above 0.

    Example:
        >>> penalise(np.array([2.0, -1.0, 0.5]), output=[0, 0], frequency_penalty=0.5)
        array([ 1. , -1. ,  0.5])
    """
    if repetition_penalty <= 0:
        raise ValueError(f"repetition_penalty must be > 0, got {repetition_penalty}. Use 1 to switch it off.")
    changed = np.array(logits, dtype=np.float64)
    seen = np.unique(np.array([*prompt, *output], dtype=int))
    changed[seen] = np.where(changed[seen] > 0, changed[seen] / repetition_penalty, changed[seen] * repetition_penalty)
    counts = np.bincount(np.array(output, dtype=int), minlength=len(changed))
    return changed - frequency_penalty * counts - presence_penalty * (counts > 0)


def entropy(probabilities: np.ndarray) -> float:
    """Measure how open the choice is, in bits: 0 when one token is certain, log2(n) for n equally likely ones.

    Args:
        probabilities: Shape `(vocabulary,)`, summing to 1.

    Returns:
        Entropy in bits, `-sum(p * log2(p))`.

    Example:
        >>> entropy(np.array([0.25, 0.25, 0.25, 0.25]))
        2.0
    """
    positive = np.asarray(probabilities)[np.asarray(probabilities) > 0]
    return float(0.0 - np.sum(positive * np.log2(positive)))  # 0.0 - x, since -0.0 would print as "-0.0"
