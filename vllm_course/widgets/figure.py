"""Figures as SVG that carry their own alternative text: the playground's chart, and what other figures are made of.

GitHub and nbconvert show SVG, readers of the page's source and screen readers find the text in it, and its numbers are
rounded, so that `pytest --nbval` can compare it.
"""

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from vllm_course.distribution import Distribution
from vllm_course.widgets.rendering import percent, status

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

WIDTH, ROW, LABEL, SCALE = 720, 20, 120, 420  # pixels; SCALE is the length of a bar of probability 1
LETTERS = 105  # that fit in a line of small print
FONT = "font-family:sans-serif;font-size:13px"
SMALL = "font-family:sans-serif;font-size:12px;fill:#444"
CODE = "font-family:monospace;font-size:13px"


def svg(found: Distribution, tokens: Sequence[str], *, title: str, notes: Sequence[str], alternative: str) -> str:
    """Draw a distribution.

    Args:
        found: What `distribution` returns.
        tokens: Labels of the first tokens of `found.order`, one bar each.
        title: Line above the chart.
        notes: Texts below it, wrapped.
        alternative: What a screen reader says in place of the figure.

    Returns:
        The source of an SVG image on a white ground.
    """
    above = textwrap.wrap(title, LETTERS)
    below = [line for note in notes for line in textwrap.wrap(note, LETTERS)]
    rows = len(above) + len(tokens) + len(below)
    image = canvas(height=ROW * rows + 20, name="Next-token chart", alternative=alternative)
    place = iter(range(ROW, ROW * (rows + 1), ROW))
    for line in above:
        write(image, 8, next(place), line, FONT)
    for label, token in zip(tokens, found.order, strict=False):
        _bar(image, next(place), label, found, token)
    for line in below:
        write(image, 8, next(place) + 8, line, SMALL)
    return ET.tostring(image, encoding="unicode")


def canvas(*, height: int, name: str, alternative: str) -> "Element":
    """Return an empty image on a white ground.

    Args:
        height: Its height in pixels.
        name: What it is called.
        alternative: What a screen reader says in its place.
    """
    size = {"width": str(WIDTH), "height": str(height), "viewBox": f"0 0 {WIDTH} {height}"}
    image = ET.Element("svg", {"xmlns": "http://www.w3.org/2000/svg", "role": "img", "style": "max-width:100%"} | size)
    ET.SubElement(image, "title").text = name
    ET.SubElement(image, "desc").text = alternative
    ET.SubElement(image, "rect", {"width": str(WIDTH), "height": str(height), "fill": "#fff"})
    return image


def _bar(image: "Element", y: int, label: str, found: Distribution, token: int) -> None:
    length = SCALE * float(found.heights()[token])
    # A cut token's bar is hollow: it must be told from the others without colour too.
    look = {"fill": "#fff", "stroke": "#777", "stroke-dasharray": "3 2"} if found.cut_by[token] else {"fill": "#2f7fc1"}
    place = {"x": str(LABEL), "y": str(y - 11), "width": f"{max(length, 1):.0f}", "height": "13"}
    write(image, 8, y, label, CODE)
    ET.SubElement(image, "rect", place | look)
    write(image, LABEL + SCALE + 12, y, f"{percent(found.probabilities[token])}  {status(found, token)}", FONT)


def write(image: "Element", x: int, y: int, text: str, style: str) -> None:
    """Put a line of text into an image, its left end at x and its base at y."""
    style = f"white-space:pre;{style}"
    ET.SubElement(image, "text", {"x": str(x), "y": str(y), "style": style}).text = text
