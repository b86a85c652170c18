"""The chat at a terminal: a line is read, edited and remembered, and then obeyed, until the user leaves."""

import contextlib
import sys
import termios
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from vllm_course.chat.files import write_conversation
from vllm_course.errors import CourseError
from vllm_course.terminal.commands import loaded, obey
from vllm_course.terminal.engine import open_session
from vllm_course.terminal.line import Prompt

if TYPE_CHECKING:
    from vllm_course.chat.session import Session
    from vllm_course.terminal.settings import Settings
    from vllm_course.terminal.view import View

AGAIN = "(Ctrl-C once more, or Ctrl-D, leaves)"


def chat(settings: "Settings", view: "View") -> int:
    """Load the model and chat until the user leaves; return the exit code."""
    view.line(f"Loading {settings.model} ...")
    session = open_session(settings)
    view.line(f"{settings.model}, context of {session.context:,} tokens. /help shows the commands, Ctrl-D leaves.")
    talk = Chat(session, view, save=settings.save)
    if settings.loaded:
        loaded(talk, settings.loaded.model)
    talk.run()
    return 0


class Chat:
    """A chat that goes on until `leave`.

    Args:
        session: The conversation.
        view: Where answers appear.
        save: File for the conversation when the user leaves, None for none.
    """

    def __init__(self, session: "Session", view: "View", *, save: Path | None = None) -> None:
        self.session, self.view, self.goes_on = session, view, True
        self._save = save

    def run(self) -> None:
        """Read and obey lines. A mistake is shown, and the conversation stays as it was."""
        prompt = Prompt()
        if prompt.note:
            self.view.line(prompt.note)
        while self.goes_on:
            line = prompt.read(on_ctrl_c=lambda: self.view.line(AGAIN))
            try:
                with _without_echo():
                    self.leave() if line is None else obey(self, line)
            except CourseError as error:
                self.view.error(error)
            except KeyboardInterrupt:  # between two steps of a command
                self.view.line("(interrupted)")

    def leave(self) -> None:
        """End the chat. Where saving fails the chat goes on, once, so that nothing is lost."""
        save, self._save = self._save, None
        if save and self.session.turns:
            write_conversation(save, self.session.saved(), name="--save")
        self.goes_on = False


@contextlib.contextmanager
def _without_echo() -> Iterator[None]:
    """Keep what is typed during an answer off the screen; the next prompt takes it."""
    if not sys.stdin.isatty():
        yield
        return
    before = termios.tcgetattr(sys.stdin)
    without = [*before[:3], before[3] & ~termios.ECHO, *before[4:]]
    termios.tcsetattr(sys.stdin, termios.TCSANOW, without)
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSANOW, before)
