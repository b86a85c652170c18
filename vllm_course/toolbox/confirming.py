"""The question before a tool runs. Only a person at the terminal can answer it, and only for what is shown to him.

What a model or a server writes cannot answer or hide it. Names and arguments are shown with all that is invisible as
escapes. The answer is read from the terminal itself, not from a pipe, and what was typed before does not count.
"""

import contextlib
import json
import os
import signal
import sys
import termios
import threading
import unicodedata
from collections.abc import Iterator
from typing import Any

from vllm_course.toolbox.schemas import Tool

TERMINAL = "/dev/tty"
LONGEST = 2000  # characters of the arguments; who cannot see all of it should say no
DECLINED = "the user declined this call; do without it"
NOBODY = "nobody can be asked here, so this call is declined; do without it"


def question(tool: Tool, arguments: dict[str, Any]) -> str:
    r"""Return what the user is asked, as one line.

    Example:
        >>> question(Tool("send", "mail", "", {}), {"to": "me\n[read-only]"})
        'Run send of mail with {"to": "me\\n[read-only]"}? [y/N] '
    """
    text = visible(json.dumps(arguments, ensure_ascii=False))
    if len(text) > LONGEST:
        text = f"{text[:LONGEST]} ... ({len(text) - LONGEST} more characters)"
    return f"Run {visible(tool.name)} of {visible(tool.server)} with {text}? [y/N] "


def visible(text: str) -> str:
    r"""Write all that is not seen, or moves what is seen, as an escape.

    Control characters, line ends, marks that turn the direction of writing, and letters without width.

    Example:
        >>> visible("rm\x1b[2K\u202e")
        'rm\\x1b[2K\\u202e'
    """
    hidden = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
    return "".join(
        letter.encode("unicode_escape").decode() if unicodedata.category(letter) in hidden else letter
        for letter in text
    )


def confirm(tool: Tool, arguments: dict[str, Any]) -> str:
    """Ask the user at the terminal whether a call may run.

    Returns:
        "" for yes; else why not, for the model.

    Raises:
        KeyboardInterrupt: The user pressed Ctrl-C.
    """
    try:
        terminal = os.open(TERMINAL, os.O_RDWR | os.O_NOCTTY)
    except OSError:
        return NOBODY
    try:
        with _ctrl_c_interrupts(), _line_mode(terminal):
            sys.stdout.flush()
            os.write(terminal, question(tool, arguments).encode(errors="backslashreplace"))
            answer = os.read(terminal, 4096).decode(errors="replace")  # a line; none at the end of input
    except (OSError, termios.error):  # the terminal's window was closed
        return NOBODY
    finally:
        os.close(terminal)
    return "" if answer.strip().lower() in ("y", "yes") else DECLINED


@contextlib.contextmanager
def _line_mode(terminal: int) -> Iterator[None]:
    """Show what is typed, and forget what was typed before: it was not meant for this question."""
    before = termios.tcgetattr(terminal)
    shown = [*before[:3], before[3] | termios.ECHO | termios.ICANON | termios.ISIG, *before[4:]]
    termios.tcsetattr(terminal, termios.TCSAFLUSH, shown)
    try:
        yield
    finally:
        with contextlib.suppress(termios.error):
            termios.tcsetattr(terminal, termios.TCSANOW, before)


@contextlib.contextmanager
def _ctrl_c_interrupts() -> Iterator[None]:
    """Let Ctrl-C end the question: an event loop would only note it, and go on waiting for the answer."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
