"""Charts of the course: data first, `ax=None`, axes with units, and the Axes back. None of them calls `plt.show()`."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from vllm_course.sampling import entropy, softmax, top_p_filter

if TYPE_CHECKING:
    from matplotlib.axes import Axes

KEPT, DROPPED = "tab:blue", "lightgrey"


def plot_next_token(
    candidates: pd.DataFrame, *, temperature: float = 1.0, top_p: float = 1.0, top: int = 10, ax: "Axes | None" = None
) -> "Axes":
    """Draw the likeliest next tokens as bars, after temperature and top-p.

    Args:
        candidates: What `next_token` returns: columns `token` and `logprob`, the whole vocabulary.
        temperature: As in `vllm.SamplingParams`, >= 0; 1 shows the model's own distribution.
        top_p: As in `vllm.SamplingParams`, in (0, 1]; 1 keeps all. Tokens that temperature 0 or top-p
            excludes are grey, with the model's own probability.
        top: Number of bars.
        ax: Axes to draw on; None makes a new figure.

    Returns:
        The Axes. Its title states temperature, top_p and the entropy in bits.

    Raises:
        ValueError: temperature or top_p is out of range.
    """
    own = softmax(candidates["logprob"].to_numpy())
    tempered = softmax(candidates["logprob"].to_numpy(), temperature)
    with np.errstate(divide="ignore"):
        probabilities = softmax(top_p_filter(np.log(tempered), top_p))
    order = np.argsort(-own, kind="stable")[:top]
    kept = probabilities[order] > 0
    ax = ax or _new_axes(height=0.3 * top + 1)
    heights = np.where(kept, probabilities[order], own[order])
    labels = [f"{token!r}" for token in candidates["token"].to_numpy()[order]]
    ax.barh(range(len(order)), heights, color=np.where(kept, KEPT, DROPPED).tolist())
    ax.set_yticks(range(len(order)), labels)
    ax.invert_yaxis()
    ax.set(xlim=(0, 1), xlabel="probability (0 to 1)", ylabel="next token")
    ax.set_title(f"temperature={temperature:g}, top_p={top_p:g}: {entropy(probabilities):.1f} bits")
    return ax


def plot_sweep(frame: pd.DataFrame, *, x: str, y: str, hue: str | None = None, ax: "Axes | None" = None) -> "Axes":
    """Draw the mean of one column over a swept parameter, one line for each value of another.

    Args:
        frame: What `sweep` returns, with any columns added to it.
        x: Swept parameter on the horizontal axis, for example `"temperature"`.
        y: Column of numbers to average, for example `"tokens"`.
        hue: Second swept parameter, one line a value; None draws one line.
        ax: Axes to draw on; None makes a new figure.

    Returns:
        The Axes.

    Raises:
        ValueError: The frame has no such column.
    """
    for name, column in {"x": x, "y": y, "hue": hue}.items():
        if column is not None and column not in frame:
            raise ValueError(f"{name} must be a column of the sweep, got {column!r}. Columns: {', '.join(frame)}.")
    ax = ax or _new_axes(height=3.5)
    for value, group in [("", frame)] if hue is None else frame.groupby(hue):
        means = group.groupby(x)[y].mean()
        shown = f"{value:g}" if isinstance(value, float) else value
        ax.plot(means.index, means.to_numpy(), marker="o", label=None if hue is None else f"{hue}={shown}")
    ax.set(xlabel=x, ylabel=f"{y} (mean)")
    if hue is not None:
        ax.legend()
    return ax


def _new_axes(*, height: float) -> "Axes":
    import matplotlib.pyplot as plt

    _, ax = plt.subplots(figsize=(6, height), layout="constrained")
    return ax
