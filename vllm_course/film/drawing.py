"""A film's timeline: requests are lanes, steps are columns. Each state is told by its height as well as its colour."""

from typing import TYPE_CHECKING, NamedTuple
from xml.etree import ElementTree as ET

import pandas as pd

from vllm_course.plots import new_axes
from vllm_course.widgets.figure import FONT, SMALL, WIDTH, canvas, write

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# State: colour, and part of a lane's height.
LOOKS = {
    "prefill": ("#d95f02", 0.9),
    "decode": ("#2f7fc1", 0.6),
    "waiting": ("#999999", 0.15),
    "preempted": ("#c2185b", 0.3),
}
LANE, LEFT, TOP = 16, 120, 44  # pixels of the figure without a kernel
LANES = 60  # that it shows at most
LABELS = 45  # lanes that have room for their names in the tallest figure of Matplotlib


class Bar(NamedTuple):
    """Steps in a row in which a request is in one state.

    Attributes:
        request_id: The request.
        state: A name of `LOOKS`.
        first: The first of the steps.
        steps: How many.
    """

    request_id: str
    state: str
    first: int
    steps: int


def bars(frame: pd.DataFrame) -> list[Bar]:
    """Join a film's rows to bars.

    Args:
        frame: What `Film.frame` returns.

    Returns:
        The bars, request by request in the order in which they came.
    """
    found: list[Bar] = []
    for request_id, rows in frame.groupby("request_id", sort=False):
        for row in rows.itertuples():
            state = row.phase or row.status
            last = found[-1] if found else None
            if last and last[:2] == (request_id, state) and last.first + last.steps == row.step:
                found[-1] = last._replace(steps=last.steps + 1)
            else:
                found.append(Bar(request_id, state, row.step, 1))
    return found


def timeline(frame: pd.DataFrame, *, ax: "Axes | None" = None) -> "Axes":
    """Draw the bars of a film with Matplotlib.

    Args:
        frame: What `Film.frame` returns.
        ax: Axes to draw on; None makes a new figure.

    Returns:
        The Axes.
    """
    lanes = list(dict.fromkeys(frame["request_id"]))
    ax = ax or new_axes(height=min(0.25 * len(lanes) + 1.2, 12))
    for state, (colour, height) in LOOKS.items():
        of_state = [bar for bar in bars(frame) if bar.state == state]
        if not of_state:
            continue
        places = [lanes.index(bar.request_id) for bar in of_state]
        starts = [bar.first - 0.5 for bar in of_state]
        ax.barh(places, [bar.steps for bar in of_state], left=starts, height=height, color=colour, label=state)
    every = -(-len(lanes) // LABELS)
    ax.set_yticks(range(0, len(lanes), every), lanes[::every])
    ax.locator_params(axis="x", integer=True, min_n_ticks=1)  # there is no half step
    ax.set(xlabel="step", ylabel="request", xlim=(0.5, frame["step"].max() + 0.5), ylim=(len(lanes) - 0.5, -0.5))
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=len(LOOKS), frameon=False)
    return ax


def svg(frame: pd.DataFrame, *, title: str, alternative: str) -> str:
    """Draw the bars of a film as an SVG image, for viewers without a kernel.

    Args:
        frame: What `Film.frame` returns.
        title: Line above the picture.
        alternative: What a screen reader says in place of the picture.

    Returns:
        The source of the image. Lanes after the first 60 are left out, which a line says.
    """
    every = list(dict.fromkeys(frame["request_id"]))
    lanes, width = every[:LANES], (WIDTH - LEFT - 10) / frame["step"].max()
    image = canvas(height=TOP + LANE * len(lanes) + 24, name="Timeline of a film", alternative=alternative)
    write(image, 8, 18, title, FONT)
    for place, (state, (colour, _)) in enumerate(LOOKS.items()):
        _rectangle(image, LEFT + 100 * place, 36, 12, colour, LOOKS[state][1])
        write(image, LEFT + 100 * place + 16, 36, state, SMALL)
    for lane, request_id in enumerate(lanes):
        write(image, 8, TOP + LANE * (lane + 1) - 4, f"request {request_id}", SMALL)
    for bar in bars(frame):
        if bar.request_id in lanes:
            y = TOP + LANE * (lanes.index(bar.request_id) + 1) - 4
            _rectangle(image, LEFT + width * (bar.first - 1), y, width * bar.steps, *LOOKS[bar.state])
    left_out = f", {len(every) - len(lanes)} more requests are left out" if every != lanes else ""
    write(image, LEFT, TOP + LANE * len(lanes) + 16, f"steps 1 to {frame['step'].max()}{left_out}", SMALL)
    return ET.tostring(image, encoding="unicode")


def _rectangle(image: ET.Element, x: float, y: int, width: float, colour: str, height: float) -> None:
    """Put a rectangle into a lane whose text stands at y, at the middle of its height."""
    tall = round((LANE - 3) * height)
    place = {"x": f"{x:.1f}", "y": f"{y - 4 - tall / 2:.1f}", "width": f"{max(width, 1):.1f}", "height": str(tall)}
    ET.SubElement(image, "rect", place | {"fill": colour})
