"""A plan and a measurement as a reader sees them, in a terminal and in a notebook."""

from html import escape
from typing import TYPE_CHECKING

from vllm_course.memory.sizes import shown_bytes
from vllm_course.output import table

if TYPE_CHECKING:
    from vllm_course.memory.measuring import Measured
    from vllm_course.memory.planning import Plan


def rows(plan: "Plan") -> list[list[str]]:
    """Return name, value and explanation of what a reader wants to know of a plan."""
    about = {name: " (estimated)" for name in plan.estimated}
    parts = {
        "weights": ("weights_bytes", plan.dtype + _ranks(plan)),
        "activations": ("activations_bytes", "values of one step"),
        "overhead": ("overhead_bytes", "the process itself"),
        "KV cache": ("kv_cache_bytes", f"{plan.kv_bytes_per_token:,} bytes per token"),
    }
    found = [
        [shown, shown_bytes(getattr(plan, name)), how + about.get(name, "")] for shown, (name, how) in parts.items()
    ]
    return [
        *found,
        ["blocks", f"{plan.blocks:,}", f"{plan.block_size} tokens each" + about.get("blocks", "")],
        ["tokens", f"{plan.tokens:,}", f"in requests of {plan.max_model_len:,}" + about.get("tokens", "")],
        ["max_concurrency", f"{plan.max_concurrency:,.2f}", "requests of full length" + about.get("blocks", "")],
    ]


def title(plan: "Plan") -> str:
    """Say in one line whether it fits."""
    card = "" if plan.memory is None else f" on {shown_bytes(plan.memory)}"
    return f"{plan.model}{card}: {'fits' if plan.fits else 'does not fit'}, limit: {plan.limit}"


def measured_rows(found: "Measured") -> list[list[str]]:
    """Return name, value and explanation of what was measured."""
    return [
        ["weights", shown_bytes(found.weights_bytes), found.dtype],
        ["KV cache", shown_bytes(found.kv_cache_bytes), f"{found.kv_bytes_per_token:,} bytes per token"],
        ["blocks", f"{found.blocks:,}", f"{found.block_size} tokens each"],
        ["tokens", f"{found.tokens:,}", f"in requests of {found.max_model_len:,}"],
        ["max_concurrency", f"{found.max_concurrency:,.2f}", "requests of full length"],
        ["RSS", shown_bytes(found.rss), "this process, with all libraries"],
    ]


def as_text(title: str, rows: list[list[str]], advice: str = "") -> str:
    """Return a table as text, between its title and a sentence."""
    return "\n".join([title, table(rows[0], rows[1:]), *([advice] if advice else [])])


def as_html(title: str, rows: list[list[str]], advice: str = "") -> str:
    """Return the same as HTML."""
    cells = "".join(f"<tr><th>{escape(a)}</th><td>{escape(b)}</td><td>{escape(c)}</td></tr>" for a, b, c in rows)
    return f"<p><b>{escape(title)}</b></p><table>{cells}</table><p>{escape(advice)}</p>"


def _ranks(plan: "Plan") -> str:
    return "" if plan.tensor_parallel_size == 1 else f", on each of {plan.tensor_parallel_size} cards"
