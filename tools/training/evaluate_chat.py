"""What pocket-chat must show, as figures with targets.

`python -m tools.training.evaluate models/pocket-chat` prints them.
"""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from tools.training import measures_chat as measures
from tools.training import measures_tools
from tools.training.conversations.styles import STYLES

if TYPE_CHECKING:
    from vllm import LLM


class Figure(NamedTuple):
    """A figure that must be at least ``least``."""

    least: float
    measure: "Callable[[LLM], float]"


FIGURES = {
    "right capitals, share of 94": Figure(0.95, measures.measure_capitals),
    "right sums of held-out pairs up to 20 + 20, share": Figure(0.9, partial(measures.measure_sums, held_out=True)),
    "right sums of all pairs up to 20 + 20, share": Figure(0.95, partial(measures.measure_sums, held_out=False)),
    "never-seen name remembered over two other turns, share of 100": Figure(0.95, measures.measure_memory),
    "name that was not told called unknown, share of 100": Figure(0.95, partial(measures.measure_memory, told=False)),
    "made-up country called unknown, share of 100": Figure(0.95, measures.measure_unknown),
    **{
        f"system prompt '{style.prompts[0]}' obeyed, held-out countries, share": Figure(
            0.95, partial(measures.measure_style, style=name)
        )
        for name, style in STYLES.items()
    },
    "never-seen name of a persona, share of 100": Figure(0.95, measures.measure_persona),
    "right answers from handbooks, share of 100": Figure(0.85, measures.measure_handbook),
    "exact tool calls for never-seen cities, share of 160": Figure(0.95, measures_tools.measure_calls),
    # A limit of the model; the figure is there so that its card says so.
    "exact calls of tools that no training had, share of 200": Figure(
        0.0, partial(measures_tools.measure_calls, new=True)
    ),
    "exact tool calls with two numbers, share of 100": Figure(0.95, measures_tools.measure_additions),
    "answers that use the tool's result, share of 160": Figure(0.95, measures_tools.measure_results),
    "no call where no tool fits, share of 94": Figure(0.95, measures_tools.measure_restraint),
    "answers that end by themselves, share of 32": Figure(0.95, measures.measure_stops),
    "different stories of 8 at T=0.8": Figure(6, measures.measure_different),
}
