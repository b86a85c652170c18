"""Lesson 06's script at a terminal of 40 columns: it draws what runs, Ctrl-C keeps what was got, no engine is left."""

import os
import re
import signal

import pexpect
import pytest

from tests.online.cases import SCRIPT, engines_of, gone, until
from tests.rules.scripts import DEADLINE, start
from tools import warm

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]|\x1b[=>]|\r")
COLOURS, MOVES = re.compile(r"\x1b\[[0-9;]*m"), re.compile(r"\x1b\[[0-9;?]*[A-Zhl]|[\r\n]+")
# A test's worker has a number of columns in the environment, which rich believes more than the terminal.
AT_A_TERMINAL = {key: os.environ[key] for key in os.environ if key not in ("COLUMNS", "LINES")} | {
    "TERM": "xterm-256color"
}
LONG = ("--max-tokens", "900", "--limit", "1")


def test_ctrl_c_at_40_columns():
    child = pexpect.spawn(
        warm.python(),
        [str(SCRIPT), *LONG],
        env=AT_A_TERMINAL,
        dimensions=(20, 40),
        encoding="utf-8",
        timeout=DEADLINE,
        echo=False,  # a terminal writes ^C where the cursor is, and makes that line longer
    )
    child.delaybeforesend = None
    child.expect(r"tokens/s")
    child.send("\x03")
    child.expect(pexpect.EOF)
    child.close()
    shown = ESCAPES.sub("", child.before)
    assert child.exitstatus == 130 and "cancelled: " in shown and "Traceback" not in shown
    assert re.search(r"interrupted: \d of 6 prompts to the end", shown)
    lines = [COLOURS.sub("", line) for line in MOVES.split(child.before)]
    assert len(lines) > 20 and [line for line in lines if len(line) > 40 and "interrupted" not in line] == []


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, -signal.SIGTERM)])
def test_an_end_while_the_engine_starts_leaves_none(sent, code):
    process = start(str(SCRIPT), cold=True)
    (engine,) = until(lambda: engines_of(process.pid))
    process.send_signal(sent)
    _, err = process.communicate(timeout=DEADLINE)
    assert process.returncode == code and err == ("interrupted\n" if code == 130 else "")
    until(lambda: gone(engine))
