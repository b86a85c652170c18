"""The parts of the chat widget: system prompt, conversation with the field below it, and two lines of text."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import anywidget
import ipywidgets as widgets
import traitlets

STATIC = Path(__file__).parent / "static"


class Talk(anywidget.AnyWidget):
    """Transcript, input field and buttons.

    They are one widget because a text then arrives together with the key that sends it, and because a screen reader
    hears new answers only where the page's elements stay and their texts change.

    Attributes:
        rows: What `transcript.rows` returns.
        running: Whether an answer grows.
        unfinished: Whether the last answer was cut or stopped, so that the model can go on with it.
    """

    _esm = STATIC / "talk.js"
    _css = STATIC / "chat_box.css"
    rows = traitlets.List().tag(sync=True)
    running = traitlets.Bool(False).tag(sync=True)
    unfinished = traitlets.Bool(False).tag(sync=True)

    def listen(self, commands: dict[str, Callable[..., bool]]) -> None:
        """Call a function for each button, and tell the page whether it was done.

        Args:
            commands: Function by the name of its button; `send` is called with the text.
        """
        self.on_msg(lambda _, message, buffers: self._heard(commands, message))

    def _heard(self, commands: dict[str, Callable[..., bool]], message: dict[str, Any]) -> None:
        texts = [message["text"]] if "text" in message else []
        self.send({"done": message["do"], "taken": commands[message["do"]](*texts)})


class Parts:
    """What the chat widget is made of.

    Args:
        system: System prompt to begin with.
    """

    def __init__(self, system: str) -> None:
        self.system = widgets.Textarea(
            system, description="system", rows=2, layout=widgets.Layout(width="auto"), continuous_update=False
        )
        self.system.tooltip = "Message of the role system, sent before the conversation; empty for none"
        self.talk = Talk()
        self.error, self.state = widgets.HTML(), widgets.HTML().add_class("vc-state")

    def laid_out(self) -> list[widgets.Widget]:
        """Return the children of the chat widget, from top to bottom."""
        return [self.system, self.talk, self.error, self.state]
