"""`plan_chart(model, ...)`: context length against concurrency, with the line where it stops fitting."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vllm_course.errors import CourseError
from vllm_course.memory.planning import Plan, plan
from vllm_course.memory.sizes import shown_bytes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHORTEST = 128  # tokens


def plan_chart(model: str | Path | Mapping[str, Any], *, ax: "Axes | None" = None, **settings: Any) -> "Axes":
    """Draw how many requests of full length the KV cache holds, for context lengths up to the model's longest.

    Args:
        model: As for `plan`.
        ax: Axes to draw on; None makes a new figure.
        **settings: All of `plan` but `max_model_len`: `memory` or `kv_cache_memory_bytes`, `max_num_seqs`, `dtype`,
            `block_size`, `tensor_parallel_size`.

    Returns:
        The Axes, both scales logarithmic. The red line is the longest context that fits, and grey points are beyond it.

    Raises:
        UsageError: As `plan` does.
        CourseError: Not even one token fits.

    Example:
        plan_chart("Llama-3.1-8B", memory=24 * 2**30)
    """
    from vllm_course.plots import new_axes

    longest = plan(model, max_model_len=-1, **settings)
    if not longest.fits:
        got = f"got the limit {longest.limit!r}"
        raise CourseError(f"the settings must leave room for a KV cache, {got}. {longest.advice}")
    found = [plan(model, max_model_len=length, **settings) for length in _lengths(longest)]
    return _draw(ax or new_axes(height=3.5), found, longest)


def _lengths(longest: Plan) -> list[int]:
    """Return powers of two up to the model's longest context, this one, and the longest that fits."""
    end = longest.max_position_embeddings
    doubled = [SHORTEST * 2**power for power in range(end.bit_length()) if SHORTEST * 2**power < end]
    return sorted({*doubled, end, longest.max_model_len})


def _draw(ax: "Axes", found: list[Plan], longest: Plan) -> "Axes":
    for color, fits in (("tab:blue", True), ("lightgrey", False)):
        part = [one for one in found if one.fits is fits]
        lengths = [one.max_model_len for one in part]
        ax.plot(lengths, [one.max_concurrency for one in part], marker="o", color=color)
    ax.axvline(longest.max_model_len, color="tab:red", linestyle="--")
    where = {"textcoords": "offset points", "ha": "right", "xytext": (-4, 4), "va": "bottom"}
    said = f"longest that fits: {longest.max_model_len:,}"
    ax.annotate(said, (longest.max_model_len, 0), xycoords=("data", "axes fraction"), color="tab:red", **where)
    ax.axhline(longest.max_num_seqs, color="grey", linestyle=":")
    said = f"max_num_seqs={longest.max_num_seqs}"
    ax.annotate(said, (1, longest.max_num_seqs), xycoords=("axes fraction", "data"), color="dimgrey", **where)
    ax.set(xscale="log", yscale="log", xlabel="max_model_len (tokens)", ylabel="requests of full length")
    ax.set_ylim(top=3 * max(longest.max_num_seqs, found[0].max_concurrency))
    ax.set_title(f"{longest.model.rpartition('/')[2]}: {shown_bytes(longest.kv_cache_bytes)} of KV cache")
    return ax
