"""The keyboard: a line with editing, completion and a history that is kept, and Ctrl-C during an answer."""

import contextlib
import os
import signal
import sys
import termios
import threading
from collections.abc import Callable, Iterable, Iterator

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, Completer, Completion, PathCompleter, WordCompleter
from prompt_toolkit.document import Document
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.output import create_output

from vllm_course.errors import CourseError
from vllm_course.progress import place

HISTORY = "chat_history"
ENDINGS = (signal.SIGHUP, signal.SIGTERM)  # the terminal's window is closed; the machine shuts down
keys = KeyBindings()
told_to_leave = threading.Event()


class Prompt:
    """Reads lines, with editing, completion of commands and files, and a history that outlives the program.

    Args:
        commands: What may stand at the beginning of a line, for example `["/help", "/load"]`.

    Attributes:
        note: Why the history is kept in memory alone, "" when it is kept in a file.
    """

    def __init__(self, commands: Iterable[str]) -> None:
        history, self.note = kept_history()
        self._session: PromptSession[str] = PromptSession(
            [("bold", "> ")],
            history=history,
            completer=Commands(commands),
            key_bindings=keys,
            reserve_space_for_menu=5,
            output=create_output(always_prefer_tty=True),
        )

    def read(self, *, on_ctrl_c: Callable[[], None]) -> str | None:
        """Return the next line that is not blank, or None when the user leaves: Ctrl-D, Ctrl-C twice, or `ENDINGS`."""
        pressed = False
        while not told_to_leave.is_set():
            try:
                line = self._session.prompt().strip()
            except EOFError:
                return None
            except KeyboardInterrupt:
                if told_to_leave.is_set() or pressed and not self._session.default_buffer.text:
                    return None
                pressed = True
                on_ctrl_c()
                continue
            if line:
                return line
        return None


class Commands(Completer):
    """Completes a command at the beginning of a line, and a file after /save and /load.

    Args:
        names: The commands.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._names = WordCompleter(list(names), sentence=True)

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterator[Completion]:
        """Yield what may come next."""
        name, blank, rest = document.text_before_cursor.partition(" ")
        if blank and name in ("/save", "/load"):
            yield from PathCompleter(expanduser=True).get_completions(Document(rest), complete_event)
        elif name.startswith("/") and not blank:
            yield from self._names.get_completions(document, complete_event)


class SafeHistory(FileHistory):
    """A history file on a disk that may be full: what cannot be written is remembered until the program ends."""

    def store_string(self, string: str) -> None:
        """Append a line."""
        with contextlib.suppress(OSError):
            super().store_string(string)


def kept_history() -> tuple[History, str]:
    """Return the history of lines, and why it is kept in memory alone, "" when it is kept in a file."""
    try:
        file = place.home() / HISTORY
        file.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600))  # nobody else's business
    except OSError as error:
        return InMemoryHistory(), f"(lines are remembered until you leave: {error.strerror}, {error.filename})"
    except CourseError as error:
        return InMemoryHistory(), f"(lines are remembered until you leave: {error})"
    return SafeHistory(file), ""


@contextlib.contextmanager
def stopped_by_ctrl_c() -> Iterator[threading.Event]:
    """Note Ctrl-C in place of raising an error, which could hit the engine in the middle of a step.

    Yields:
        An event that is set once Ctrl-C was pressed.
    """
    pressed = threading.Event()
    if threading.current_thread() is not threading.main_thread():  # signals only arrive in the main thread
        yield pressed
        return
    before = signal.signal(signal.SIGINT, lambda *_: pressed.set())
    try:
        yield pressed
    finally:
        signal.signal(signal.SIGINT, before)


@contextlib.contextmanager
def left_on_signals() -> Iterator[None]:
    """Leave when the terminal's window is closed or the program is told to end, as with Ctrl-C and then Ctrl-D.

    Ctrl-C stops an answer, a command or the line, each in its own way; then the prompt says that the user leaves.
    """

    def leave(*_: object) -> None:
        if not told_to_leave.is_set():
            told_to_leave.set()
            signal.raise_signal(signal.SIGINT)

    # nohup ignores one of them, and means it.
    caught = [number for number in ENDINGS if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, leave) for number in caught}
    try:
        yield
    finally:
        told_to_leave.clear()
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def without_echo() -> Iterator[None]:
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
        with contextlib.suppress(termios.error):  # the terminal is gone
            termios.tcsetattr(sys.stdin, termios.TCSANOW, before)


@keys.add("escape", "enter")
def _new_line(event: KeyPressEvent) -> None:
    event.current_buffer.insert_text("\n")
