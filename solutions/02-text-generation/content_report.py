"""The report of `content_generator.py` in Markdown, and charts as text."""

import io
from urllib.parse import quote

import pandas as pd

METRICS = ["length", "diversity", "coherence", "quality"]


def report(topic: str, ranked: pd.DataFrame, *, top: int = 3, chart: str | None = None) -> str:
    """Return the Markdown report: the best texts, a table of all, statistics by temperature, and the chart.

    Args:
        topic: What the texts are about.
        ranked: What `content_generator.rank` returns.
        top: Number of texts that are quoted.
        chart: Name of the chart's file beside the report; None for no chart.
    """
    best = [
        f"### {place}. Quality {row.quality:.2f}\n\n{_quoted(row)}"
        for place, row in enumerate(ranked[:top].itertuples(), 1)
    ]
    statistics = ranked.groupby("temperature")[METRICS].agg(["mean", "std"])
    statistics.columns = [f"{metric} {kind}" for metric, kind in statistics.columns]
    parts = [f"# Texts about {_cell(topic)}", "## The best", *best, "## Comparison"]
    parts += [table(ranked[["temperature", *METRICS, "prompt", "text"]])]
    parts += ["## By temperature", table(statistics.reset_index())]
    return "\n\n".join(parts + ([f"![Quality by temperature]({quote(chart)})"] if chart else []))


def table(frame: pd.DataFrame) -> str:
    """Return a frame as a Markdown table; a bar or a line break in a text would end its cell."""
    rows = [list(frame.columns), ["---"] * len(frame.columns), *frame.itertuples(index=False)]
    return "\n".join("| " + " | ".join(_cell(value) for value in row) + " |" for row in rows)


def _cell(value) -> str:
    return f"{value:.2f}" if isinstance(value, float) else " ".join(str(value).replace("|", "\\|").split())


def _quoted(row) -> str:
    return "\n".join(f"> {line}" for line in f"{row.prompt}{row.text}".splitlines())


def svg(ax) -> str:
    """Return a chart as the text of an SVG file."""
    drawn = io.StringIO()
    ax.figure.savefig(drawn, format="svg")
    return drawn.getvalue()
