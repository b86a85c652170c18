"""Lesson 02's script on a full disk and under Ctrl-C: one line, and whole files or none."""

import errno
import os
import signal
import subprocess
import time

import pytest

from tests.completion.cases import SCRIPT, SHORT, Tool, full_disk, refused
from tests.rules.scripts import DEADLINE, start
from tools import warm
from vllm_course import models

pytestmark = pytest.mark.usefixtures("one_engine")
LONG = [word for number in range(64) for word in ("--prompt", f"Once upon a time, {number}")]


@pytest.fixture
def tool(tmp_path, capsys):
    return Tool(tmp_path, capsys)


@pytest.mark.parametrize("ending", ["txt", "json", "csv", "md"])
def test_full_disk_leaves_the_old_results(tool, ending, monkeypatch):
    old = {f"out.{ending}": b"old"}
    tool.write(**{f"out_{ending}": b"old"})
    words = [*SHORT[:2], "--temperature", "1", "--max-tokens", "40", "--n", "64"]
    with full_disk():
        run = tool(*words, "--output", str(tool.folder / f"out.{ending}"))
    refused(run, code=1, text="--output must be a file that can be written, got File too large", before=old)


def test_full_disk_under_the_log(tool):
    tool.write(run_log="x" * 4000)
    with full_disk():
        run = tool(*SHORT, "--log-file", str(tool.folder / "run.log"), "--output", str(tool.folder / "out.json"))
    assert run.code == 1 and "--log-file must be writable to the end, got File too large" in run.err
    assert len(run.err.splitlines()) == 1 and list(run.files) == ["run.log"]
    assert tool(*SHORT).code == 0


def test_full_disk_under_stdout():
    with open("/dev/full", "w") as full:
        done = subprocess.run([warm.python(), str(SCRIPT), *SHORT], stdout=full, stderr=subprocess.PIPE, text=True)
    reason = os.strerror(errno.ENOSPC)
    assert (done.returncode, done.stderr) == (
        1,
        f"stdout must be writable to the end, got {reason}. Free some space or read all of it.\n",
    )


def test_ctrl_c_while_generating_leaves_no_file(tmp_path):
    out, log = tmp_path / "out.json", tmp_path / "run.log"
    out.write_text("old")
    words = ["--max-tokens", "900", "--n", "8", "--temperature", "1", "--output", str(out), "--log-file", str(log)]
    process, end = start(str(SCRIPT), *LONG, *words), time.monotonic() + DEADLINE
    while "stop = []" not in (log.read_text() if log.exists() else "") and time.monotonic() < end:
        time.sleep(0.1)
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=DEADLINE)
    assert (process.returncode, stderr) == (130, "interrupted\n")
    assert out.read_text() == "old" and sorted(path.name for path in tmp_path.iterdir()) == ["out.json", "run.log"]
    assert log.read_text().rstrip().endswith("interrupted")


def test_ctrl_c_frees_the_engine(tool, monkeypatch):
    """A notebook may call `main` too, and its next call must not see requests of this one."""
    assert tool(*SHORT).code == 0
    llm = models.load_model("pocket-base")

    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(llm, "generate", interrupt)
    run = tool(*SHORT, "--output", str(tool.folder / "out.json"))
    assert (run.code, run.err, run.files) == (130, "interrupted\n", {})
    assert models._engine is None
    assert tool(*SHORT).code == 0
