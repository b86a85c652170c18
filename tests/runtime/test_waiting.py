"""Long work says so to a person at a terminal or in a notebook, and to nobody else."""

import io
import os
import pty
import subprocess
import sys
import termios
from types import SimpleNamespace

import pytest

from tests.runtime.local_hub import serve
from vllm_course import paths
from vllm_course.runtime import waiting
from vllm_course.tool import tool

MODEL, MINI = "someone/mini", "pocket-base-mini"
WORK = """
import sys
from vllm_course import generate, load_model
from vllm_course.runtime import waiting
assert "vllm" not in sys.modules
waiting.LATE = 0
llm = load_model("someone/mini", kv_cache_memory_bytes=2**28, dtype="float32")
frame = generate(llm, ["Once upon a time"] * 4, max_tokens=20, ignore_eos=True)
print("done", len(frame))
"""


class Terminal(io.StringIO):
    """Keeps what is written, and says that it is a terminal."""

    def isatty(self) -> bool:
        """Say yes."""
        return True


class Kernel:
    """What the course asks a notebook's kernel."""

    def __init__(self, allow_stdin: bool) -> None:
        self._allow_stdin = allow_stdin


@pytest.fixture
def terminal(monkeypatch) -> Terminal:
    """A terminal in the place of standard output."""
    screen = Terminal()
    monkeypatch.setattr(waiting, "sys", SimpleNamespace(stdout=screen, modules={}))  # pytest has the real one
    return screen


@pytest.fixture
def clock(monkeypatch) -> list[float]:
    """A clock that a test sets."""
    now = [100.0]
    monkeypatch.setattr(waiting.time, "monotonic", lambda: now[0])
    return now


def in_terminal(code: str, **variables: str) -> str:
    """Run code in a process whose standard output is a terminal, and return what it writes there."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 80))
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
        env=os.environ | {"TERM": "xterm"} | variables,
    ):
        os.close(theirs)
        written = bytearray()
        while chunk := _read(ours):
            written += chunk
    os.close(ours)
    return written.decode()


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65536)
    except OSError:  # the other end is closed
        return b""


def last_screen(written: str) -> list[str]:
    """Return the lines that are left at the end, as a terminal shows them."""
    lines = []
    for line in written.replace("\r\n", "\n").split("\n"):
        shown = ""
        for part in line.split("\r"):
            part = part.rpartition("\x1b[K")[2] if "\x1b[K" in part else part + shown[len(part) :]
            shown = part
        lines.append(shown.rstrip())
    return [line for line in lines if line]


@pytest.mark.parametrize("stream", [io.StringIO(), None])
def test_nobody_watches_a_pipe(monkeypatch, stream):
    monkeypatch.setattr(waiting, "sys", SimpleNamespace(stdout=stream, modules={}))
    assert not waiting.watched()
    with waiting.said("Long work ..."):
        waiting.Bar(lambda: 1 / 0).look()


@pytest.mark.parametrize("allow_stdin", [True, False])
def test_a_person_watches_a_notebook_that_no_program_executes(monkeypatch, terminal, allow_stdin):
    monkeypatch.setattr(waiting, "_kernel", lambda: Kernel(allow_stdin))
    assert waiting.watched() is allow_stdin


def test_a_line_goes_away(terminal):
    with waiting.said("Long work ..."):
        assert terminal.getvalue() == "Long work ..."
    assert last_screen(terminal.getvalue()) == []


@pytest.mark.parametrize("arguments", [["--json"], ["--message", "x", "--json"]])
def test_nothing_is_said_beside_json(monkeypatch, terminal, arguments):
    seen = []
    main = tool(lambda argv: seen.append(waiting.watched()) or 0)
    monkeypatch.setattr(sys, "argv", ["tool.py", *arguments])
    assert (main(arguments), main(None), main([])) == (0, 0, 0)
    assert seen == [False, False, True]


def test_a_bar_appears_late_moves_and_goes_away(terminal, clock):
    left = [1000]
    bar = waiting.Bar(lambda: left[0])
    for seconds, tokens, shown in ((2.9, 900, ""), (0.2, 700, "300/1000"), (1, 100, "900/1000")):
        clock[0] += seconds
        left[0] = tokens
        bar.look()
        assert shown in terminal.getvalue() and bool(shown) == bool(terminal.getvalue())
    bar.close()
    assert "Generating" in terminal.getvalue()
    assert last_screen(terminal.getvalue()) == []


def test_a_short_call_and_vllms_own_bar_get_none(terminal, clock):
    for bar in (waiting.Bar(lambda: 1000), waiting.Bar(lambda: 1 / 0, wanted=False)):
        bar.look()
        bar.close()
    assert terminal.getvalue() == ""


@pytest.mark.parametrize("at_terminal", [True, False])
def test_a_download_the_import_and_a_long_call_are_seen_at_a_terminal_only(tmp_path, at_terminal):
    with serve(MODEL, paths.models() / MINI, seconds=1) as hub:
        variables = hub | {"HF_HOME": str(tmp_path)}
        if at_terminal:
            written = in_terminal(WORK, **variables)
            assert "Importing vLLM, which takes some seconds" in written
            assert f"Downloading {MODEL}:" in written and "%|" in written
            assert "Generating:" in written
            assert last_screen(written) == ["done 4"]
        else:
            env = os.environ | variables
            done = subprocess.run([sys.executable, "-c", WORK], capture_output=True, text=True, env=env)
            assert (done.stdout, done.stderr) == ("done 4\n", "")
