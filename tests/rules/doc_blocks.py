"""The code blocks of a page: each says what it is, and runs or is checked; what it prints is compared."""

import contextlib
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from tests.rules import doc_calls, doc_shell
from tests.rules.markdown import Block
from tools import warm
from vllm_course import paths

REASONS = {"gpu", "network", "long"}
SHELL = {"bash", "sh", "console"}
CHARTS = re.compile(r"(flowchart (LR|TD)|sequenceDiagram|stateDiagram-v2)$")


def mermaid(code: str) -> None:
    """Refuse a diagram that GitHub would not draw, as far as its first line, brackets and subgraphs tell."""
    first, *lines = code.strip().splitlines()
    if not CHARTS.match(first):
        raise ValueError(f"a diagram must begin with its kind, for example 'flowchart LR', got {first!r}")
    for line in lines:
        unequal = any(line.count(opening) != line.count(closing) for opening, closing in ("[]", "()", "{}"))
        if unequal or line.count('"') % 2 or line.count("|") % 2:
            raise ValueError(f"a line of a diagram must close what it opens, got {line.strip()!r}")
    opened, closed = (sum(line.split()[:1] == [word] for line in lines) for word in ("subgraph", "end"))
    if opened != closed:
        raise ValueError(f"each subgraph must have its end, got {opened} subgraphs and {closed} ends")


DATA = {"text": str, "json": json.loads, "yaml": yaml.safe_load, "mermaid": mermaid}
TIMEOUT = 120  # seconds for one shell block


def labelled(page: list[Block]) -> list[str]:
    """Every block says what it is, and why it is not run if so."""
    found = []
    for block in page:
        if block.language not in {"python", *SHELL, *DATA}:
            found.append(f"line {block.line}: a block must be python, shell or data, got {block.language!r}")
        if block.reason is not None and block.reason not in REASONS:
            found.append(f"line {block.line}: not-run must say one of {sorted(REASONS)}, got {block.reason!r}")
    return found


def run_python(block: Block, namespace: dict[str, Any]) -> str:
    """Run a block; return what it prints, and its error as a last line where the page shows one."""
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        try:
            exec(compile(block.code, f"line {block.line}", "exec"), namespace)
        except Exception as error:
            if block.expected is None:
                raise
            print(f"{type(error).__name__}: {error}")
    return output.getvalue()


def run_shell(block: Block, *, root: Path | None = None) -> str:
    """Run a block with bash and return what it prints; a failing command fails it."""
    lines = block.code.splitlines()
    is_console = block.language == "console"
    code = "\n".join(line[2:] for line in lines if line.startswith("$ ")) if is_console else block.code
    pythons = [str(Path(python).parent) for python in (warm.python(), sys.executable)]
    path = os.pathsep.join([*pythons, os.environ["PATH"]])
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", code],
        cwd=root or paths.root(),
        env=os.environ | {"PATH": path},
        timeout=TIMEOUT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    shown = [line for line in lines if is_console and not line.startswith("$ ")]
    assert not shown or done.stdout.split() == " ".join(shown).split()
    return done.stdout


def problems(page: list[Block], *, compare: bool = True) -> list[str]:
    """Run or check the blocks of one page, in order."""
    found, namespace, names = labelled(page), {"__name__": "__main__"}, {}
    for block in page:
        reports, output = [], None
        if block.reason is not None:
            reports = shown_only(block, names)
        elif block.language == "python":
            doc_calls.problems(block.code, names)  # for the names: what the engine accepts needs no check
            output = run_python(block, namespace)
        elif block.language in SHELL:
            reports = doc_shell.runnable(block.code)
            output = None if reports else run_shell(block)
        elif block.language in DATA:
            DATA[block.language](block.code)
        if compare and None not in (output, block.expected) and output.rstrip() != block.expected.rstrip():
            reports.append(f"must print\n{block.expected}\ngot\n{output}")
        found += [f"line {block.line}: {report}" for report in reports]
    return found


def shown_only(block: Block, names: dict[str, Any]) -> list[str]:
    """Check a block that is not run."""
    if block.language == "python":
        return doc_calls.problems(block.code, names)
    commands = doc_shell.commands(block.code, prompts=block.language == "console") if block.language in SHELL else []
    return [report for words in commands for report in doc_shell.problems(words)]
