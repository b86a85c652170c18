"""The parts of the playground beside its sliders, and how all of them are laid out."""

from pathlib import Path

import anywidget
import ipywidgets as widgets

from vllm_course.widgets.controls import STYLE, WIDE

STATIC = Path(__file__).parent / "static"


class Access(anywidget.AnyWidget):
    """Makes the box that holds it usable with a screen reader and without a mouse; see `static/access.js`."""

    _esm = STATIC / "access.js"


class Parts:
    """Prompt, buttons, and the places for chart, text and messages.

    Args:
        prompt: Text to begin with.
    """

    def __init__(self, prompt: str) -> None:
        self.prompt = widgets.Textarea(
            prompt, description="prompt", rows=2, style=STYLE, layout=WIDE, continuous_update=False
        )
        self.generate = widgets.Button(description="Generate", tooltip="Draw texts with these settings")
        self.stop = widgets.Button(description="Stop", tooltip="End the text in progress", disabled=True)
        self.progress = widgets.IntProgress(layout=widgets.Layout(width="8em", visibility="hidden"))
        self.position = widgets.IntSlider(description="position", max=0, style=STYLE, layout=WIDE)
        self.position.tooltip = "Number of generated tokens before the one that the chart shows"
        self.chart, self.error, self.state, self.text = (
            widgets.HTML().add_class(name) for name in ("vc-chart", "vc-message", "vc-state", "vc-text")
        )

    def laid_out(self, controls: dict[str, widgets.Widget]) -> list[widgets.Widget]:
        """Return the children of the playground: controls on the left, what they lead to on the right or below."""
        style = widgets.HTML(f"<style>{(STATIC / 'playground.css').read_text(encoding='utf-8')}</style>")
        buttons = widgets.HBox([self.generate, self.stop, self.progress])
        left = widgets.VBox([self.prompt, *controls.values(), buttons, self.state]).add_class("vc-controls")
        right = widgets.VBox([self.error, self.chart, self.position, self.text]).add_class("vc-results")
        return [style, widgets.Box([left, right]).add_class("vc-columns"), Access()]
