"""Lesson 05's script as a process that is killed at any moment: no line is lost, none is there twice."""

import contextlib
import os
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.batch.cases import SCRIPT, BatchTool, json_lines
from tests.rules.scripts import DEADLINE, start
from vllm_course.models import free_engine

KILLS = 20
# `os.kill` must reach the process itself, and not the one that stands for it.
NAMED = """
import os, runpy, sys
print(os.getpid(), flush=True)
del sys.argv[0]
runpy.run_path(sys.argv[0], run_name="__main__")
"""
WORDS = ("--model", "pocket-base-mini", "--max-tokens", "6")
LINES = 160
JOBS = [{"id": f"job {number}", "prompt": f"Once upon a time, {number}"} for number in range(LINES)]
JOBS[7] = {"id": "empty", "prompt": ""}
JOBS[20] = {"id": "long", "prompt": "the fox " * 1000}
JOBS[41] |= {"params": {"temperature": 1.5, "seed": 3}}
JOBS[42] = {"prompt": "Größe 日本"}


@pytest.fixture
def tool(tmp_path, capsys):
    """The script, with its input and what it must write at the end."""
    tool = BatchTool(tmp_path, capsys)
    tool.lines(json_lines(*JOBS), *WORDS)
    (tmp_path / "out.jsonl").rename(tmp_path / "whole.jsonl")
    free_engine()
    return tool


def started(folder: Path) -> tuple[subprocess.Popen, int]:
    """Start the script as a process of its own and return its number."""
    words = (str(folder / "in.jsonl"), "--output", str(folder / "out.jsonl"), *WORDS, "--chunk", "2")
    process = start("-c", NAMED, str(SCRIPT), *words)
    return process, int(process.stdout.readline())


def size(folder: Path) -> int:
    """Return how many bytes of the output are there."""
    out = folder / "out.jsonl"
    return out.stat().st_size if out.exists() else 0


def wait_for_more(folder: Path, chunks: int, process: subprocess.Popen) -> None:
    """Wait until the output has grown so often."""
    end = time.monotonic() + DEADLINE
    for _ in range(chunks):
        before = size(folder)
        while size(folder) == before and process.poll() is None and time.monotonic() < end:
            time.sleep(0.002)


def test_kill_9_at_random_moments(tool):
    moments, whole, reached = random.Random(5), tool.files()["whole.jsonl"], set()
    for kill in range(KILLS):
        process, number = started(tool.folder)
        if kill % 5:
            wait_for_more(tool.folder, moments.randint(1, 2), process)
            time.sleep(moments.uniform(0, 0.03))
        else:
            time.sleep(moments.uniform(0, 1.5))  # while it imports or loads
        with contextlib.suppress(ProcessLookupError):
            os.kill(number, signal.SIGKILL)
        process.communicate(timeout=DEADLINE)
        written = tool.files().get("out.jsonl", b"")
        if process.returncode == 0:  # this test was too slow: the process has finished, and the next one begins anew
            assert written == whole
            (tool.folder / "out.jsonl").unlink()
            continue
        assert process.returncode == -signal.SIGKILL
        assert whole.startswith(written)
        reached.add(written.count(b"\n"))
    assert len(reached) > KILLS / 2 and max(reached) < LINES
    tool.lines(json_lines(*JOBS), *WORDS)
    assert tool.files()["out.jsonl"] == whole


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, -signal.SIGTERM)])
def test_a_friendlier_end_and_a_second_process_meanwhile(tool, sent, code):
    process, _ = started(tool.folder)
    wait_for_more(tool.folder, 2, process)
    second = tool("in.jsonl", *WORDS)
    assert second.code == 2 and "--output must be open only once, got " in second.err
    process.send_signal(sent)
    _, said = process.communicate(timeout=DEADLINE)
    written = tool.files()["out.jsonl"]
    assert process.returncode == code and tool.files()["whole.jsonl"].startswith(written)
    if sent == signal.SIGINT:
        lines = written.count(b"\n")
        assert (
            said
            == f"interrupted: {tool.folder / 'out.jsonl'} holds {lines} lines. The same command goes on from there.\n"
        )
    tool.lines(json_lines(*JOBS), *WORDS)
    assert tool.files()["out.jsonl"] == tool.files()["whole.jsonl"]
