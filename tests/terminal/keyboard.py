"""A script at a terminal: keys are typed, and what is shown comes back."""

import os
import re
from pathlib import Path

import pexpect

from tests.terminal.cases import SCRIPT
from tools import warm
from vllm_course.chat.models import CHAT_MODEL_VARIABLE

LOADING = 180  # seconds until the first prompt, on a busy machine
SECONDS = 60  # for everything after it
READS, OBEYS = r"\x1b\[\?2004h", r"\x1b\[\?2004l"  # pasting is switched on while a line is read
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]|\x1b[=>]|\r")
UP, LEFT, CTRL_C, CTRL_D, ALT_ENTER = "\x1b[A", "\x1b[D", "\x03", "\x04", "\x1b\r"


class Terminal:
    """A script that chats, in a pseudo-terminal of 30 lines with 100 columns.

    Args:
        folder: Where its lines are remembered.
        *words: Its command line.
        script: Its file.
        python: What runs it. The warm one's process has no terminal of its own, `/dev/tty`.
    """

    def __init__(self, folder: Path, *words: str, script: Path = SCRIPT, python: str = "") -> None:
        # No cursor position requests: nobody would answer them.
        env = os.environ | {"TERM": "xterm-256color", "PROMPT_TOOLKIT_NO_CPR": "1", "VLLM_COURSE_HOME": str(folder)}
        env.pop(CHAT_MODEL_VARIABLE, None)
        command = [str(script), *words]
        self.child = pexpect.spawn(
            python or warm.python(), command, env=env, dimensions=(30, 100), encoding="utf-8", timeout=SECONDS
        )
        self.child.delaybeforesend = None
        self.child.expect(READS, timeout=LOADING)

    def types(self, text: str) -> str:
        """Type what ends a line and return what is shown between this line and the next."""
        self.child.send(text)
        self.child.expect(OBEYS)
        self.child.expect(READS)
        return ESCAPES.sub("", self.child.before)

    def says(self, line: str) -> str:
        """Type a line and Enter."""
        return self.types(line + "\r")

    def ends(self) -> int:
        """Wait for its end, and return the exit code."""
        self.child.expect(pexpect.EOF)
        self.child.close()
        return self.child.exitstatus
