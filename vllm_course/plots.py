"""Charts of the course: data first, `ax=None`, axes with units, and the Axes back. None of them calls `plt.show()`."""

from typing import TYPE_CHECKING

import pandas as pd

from vllm_course.distribution import Distribution, distribution

if TYPE_CHECKING:
    from matplotlib.axes import Axes

KEPT, DROPPED = "tab:blue", "lightgrey"


def plot_next_token(
    candidates: pd.DataFrame,
    *,
    temperature: float = 1.0,
    top_p: float = 1.0,
    top_k: int = 0,
    min_p: float = 0.0,
    top: int = 10,
    ax: "Axes | None" = None,
) -> "Axes":
    """Draw the likeliest next tokens as bars, after temperature and filters.

    Args:
        candidates: What `next_token` returns: columns `token` and `logprob`, the whole vocabulary.
        temperature: As in `vllm.SamplingParams`, >= 0; 1 shows the model's own distribution.
        top_p: As in `vllm.SamplingParams`, in (0, 1]; 1 keeps all.
        top_k: As in `vllm.SamplingParams`, >= 1; 0 keeps all.
        min_p: As in `vllm.SamplingParams`, in [0, 1]; 0 keeps all.
        top: Number of bars.
        ax: Axes to draw on; None makes a new figure.

    Returns:
        The Axes. Its title states temperature, top_p, the other filters that are on, and the entropy in bits.

    Raises:
        ValueError: A parameter is out of range.
    """
    filters = {"top_k": top_k, "min_p": min_p}
    found = distribution(candidates["logprob"].to_numpy(), temperature=temperature, top_p=top_p, **filters)
    tokens = [f"{token!r}" for token in candidates["token"].to_numpy()[found.order[:top]]]
    ax = plot_distribution(found, tokens, ax=ax)
    said = {"temperature": temperature, "top_p": top_p} | {name: value for name, value in filters.items() if value > 0}
    settings = ", ".join(f"{name}={value:g}" for name, value in said.items())
    ax.set_title(f"{settings}: {found.entropy:.1f} bits")
    return ax


def plot_distribution(found: Distribution, tokens: list[str], *, ax: "Axes | None" = None) -> "Axes":
    """Draw the likeliest tokens of a distribution as bars, and beside each that is cut the parameter that cuts it.

    Args:
        found: What `distribution` returns.
        tokens: Labels of the first tokens of `found.order`, one bar each.
        ax: Axes to draw on; None makes a new figure.

    Returns:
        The Axes. A kept token's bar is its probability; a cut one's, grey and hatched, the model's own.
    """
    order = found.order[: len(tokens)]
    ax = ax or new_axes(height=0.3 * len(tokens) + 1)
    bars = ax.barh(range(len(tokens)), found.heights()[order], color=KEPT)
    for bar, reason in zip(bars, found.cut_by[order], strict=True):
        if reason:
            bar.set(facecolor=DROPPED, hatch="///", edgecolor="grey")
            ax.text(bar.get_width() + 0.01, bar.get_y() + bar.get_height() / 2, reason, va="center", color="dimgrey")
    ax.set_yticks(range(len(tokens)), tokens)
    ax.invert_yaxis()
    ax.set(xlim=(0, 1), xlabel="probability (0 to 1)", ylabel="next token")
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
    ax = ax or new_axes(height=3.5)
    for value, group in [("", frame)] if hue is None else frame.groupby(hue):
        means = group.groupby(x)[y].mean()
        shown = f"{value:g}" if isinstance(value, float) else value
        ax.plot(means.index, means.to_numpy(), marker="o", label=None if hue is None else f"{hue}={shown}")
    ax.set(xlabel=x, ylabel=f"{y} (mean)")
    if hue is not None:
        ax.legend()
    return ax


def new_axes(*, height: float) -> "Axes":
    """Return the Axes of a new figure, 6 inches wide.

    Args:
        height: Its height in inches.
    """
    import matplotlib.pyplot as plt

    _, ax = plt.subplots(figsize=(6, height), layout="constrained")
    return ax
