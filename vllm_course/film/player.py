"""A film shown step by step: a table of the step, and slider and buttons that go back and forth."""

import html
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from vllm_course.film.drawing import bars
from vllm_course.film.engine import STATUSES, Seen, Step
from vllm_course.widgets.parts import Access

if TYPE_CHECKING:
    from vllm_course.film.recording import Film

STATIC = Path(__file__).parent / "static"
ROWS = 40  # requests that a step shows at most
HEAD = (
    '<thead><tr><th scope="col">request</th><th scope="col">status</th><th scope="col">tokens in this step</th>'
    '<th scope="col" class="vc-number">in KV cache</th><th scope="col" class="vc-number">blocks</th></tr></thead>'
)


class Player(widgets.VBox):
    """The widget that `Film.show` returns.

    Attributes:
        position: The slider, from 1 to the number of steps.
    """

    def __init__(self, film: "Film") -> None:
        self._film = film
        look = {"style": {"description_width": "initial"}, "layout": {"width": "auto"}}
        self.position = widgets.IntSlider(1, min=1, max=len(film), description="step", **look)
        self.position.tooltip = "Step that is shown. Once clicked, it follows the arrow keys, Home and End"
        self._back = widgets.Button(description="Back", tooltip="One step back")
        self._on = widgets.Button(description="Forward", tooltip="One step forward")
        self._said = widgets.HTML().add_class("vc-live")
        self._table = widgets.HTML()
        self._back.on_click(lambda _: self._move(-1))
        self._on.on_click(lambda _: self._move(1))
        self.position.observe(lambda _: self._draw(), "value")
        self._draw()
        style = widgets.HTML(f"<style>{(STATIC / 'film.css').read_text(encoding='utf-8')}</style>")
        buttons = widgets.HBox([self._back, self._on])
        super().__init__([style, self.position, buttons, self._said, self._table, Access()])
        self.add_class("vc-film")

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        """Return the widget, and for viewers without widgets the film's timeline as a figure and as text."""
        still = {"text/plain": as_text(self._film), "image/svg+xml": self._film.svg()}
        return super()._repr_mimebundle_(**options) | still

    def _move(self, steps: int) -> None:
        self.position.value += steps  # the slider keeps it in its range

    def _draw(self) -> None:
        number = self.position.value
        step = self._film.steps_seen[number - 1]
        self._said.value = f"<b>Step {number} of {len(self._film)}.</b> {html.escape(summary(step))}"
        self._table.value = table(step)


def table(step: Step) -> str:
    """Return a step as an HTML table, one row per request."""
    most = max([seen.scheduled_tokens for seen in step.requests], default=1)
    rows = "".join(_row(seen, most) for seen in step.requests[:ROWS])
    more = len(step.requests) - ROWS
    left_out = f"<p>{more} more requests are left out. <code>film.frame()</code> has all.</p>" if more > 0 else ""
    return f"<table>{HEAD}<tbody>{rows}</tbody></table>{left_out}"


def summary(step: Step) -> str:
    """Say in a few words what a step did.

    Example:
        >>> summary(Step([Seen("0", "running", "prefill", 5, 5, 0, 1)], 1, 0, 511))
        '1 running. Tokens: 5 prefill, 0 decode. Blocks: 1 of 511 in use, 0 known to the prefix cache.'
    """
    found = step.totals()
    who = ", ".join(f"{found[name]} {name}" for name in STATUSES if found[name]) or "nobody left"
    spared = f", {found['cached_tokens']} from the prefix cache" if found["cached_tokens"] else ""
    return (
        f"{who}. Tokens: {found['prefill']} prefill, {found['decode']} decode{spared}. "
        f"Blocks: {step.blocks_used} of {step.blocks} in use, {step.blocks_cached} known to the prefix cache."
    )


def as_text(film: "Film") -> str:
    """Write a film as text, one line per request: what it did in which steps."""
    lines: dict[str, list[str]] = {}
    for bar in bars(film.frame()):
        last = bar.first + bar.steps - 1
        when = f"step {bar.first}" if bar.steps == 1 else f"steps {bar.first} to {last}"
        lines.setdefault(bar.request_id, []).append(f"{bar.state} {when}")
    return "\n".join([repr(film), *(f"request {name}: {', '.join(parts)}" for name, parts in lines.items())])


def _row(seen: Seen, most: int) -> str:
    spared = f", {seen.cached_tokens} from the prefix cache" if seen.cached_tokens else ""
    said = f"{seen.scheduled_tokens} {seen.phase}{spared}" if seen.phase else "none"
    width = 100 * seen.scheduled_tokens / max(most, 1)  # percent of the longest bar
    bar = f'<span class="vc-bar"><span class="vc-{seen.phase}" style="width:{width:.0f}%"></span></span>'
    tokens = f'<div class="vc-work"><span class="vc-said">{said}</span>{bar if seen.phase else ""}</div>'
    numbers = "".join(f'<td class="vc-number">{number}</td>' for number in (seen.computed_tokens, seen.blocks))
    name = html.escape(seen.request_id)
    return (
        f'<tr class="vc-{seen.status}"><th scope="row">{name}</th><td>{seen.status}</td><td>{tokens}</td>{numbers}</tr>'
    )
