"""Every lesson's script is a tool: it helps, prints text or JSON, answers a mistake with one line, ends on Ctrl-C.

A start of vLLM takes seconds, so `main` is called in this process where that shows the same; real processes run for the
defaults and for Ctrl-C.
"""

import ast
import contextlib
import importlib.util
import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from tests.rules.notebooks import label, lessons, stem

MAX_LINES = 150
LOADING = 350 * 2**20  # bytes: more than a script needs before it imports vLLM
DEADLINE = 180  # seconds
ONE_LINE = re.compile(r"must be .+, got .+?\. \S.*\S")
SCRIPTS = [folder / f"{stem(folder)}.py" for folder in lessons()]
# A script without the option is not asked.
MISTAKES = [("--temperature", "-1"), ("--top-p", "0"), ("--max-tokens", "0"), ("--model", "no-such-model")]


def shape(source: str) -> list[str]:
    """A script is short, and importing it runs nothing."""
    guard = 'if __name__ == "__main__":'
    found = [] if source.count("\n") <= MAX_LINES else [f"a script must have at most {MAX_LINES} lines"]
    tree = ast.parse(source)
    names = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    allowed = ast.Import | ast.ImportFrom | ast.FunctionDef | ast.ClassDef | ast.Assign | ast.AnnAssign | ast.If
    bare = [node for node in tree.body[1:] if not isinstance(node, allowed)]
    if "main" not in names or guard not in source or bare:
        found.append(f"a script must have main() and `{guard}`, and run nothing else when it is imported")
    return found + ([] if ast.get_docstring(tree) else ["a script must have a docstring"])


def one_line(stderr: str, option: str, value: str) -> list[str]:
    """A mistake is answered with one line: option, rule, value, remedy."""
    found = []
    if len(stderr.strip().splitlines()) != 1 or "Traceback" in stderr:
        found.append(f"stderr must hold one line, got {stderr!r}")
    if option.lstrip("-").replace("-", "_") not in stderr.replace("-", "_") or value not in stderr:
        found.append(f"the line must name {option} and {value}, got {stderr!r}")
    return found + ([] if ONE_LINE.search(stderr) else [f"the line must say rule, value, remedy, got {stderr!r}"])


def call(script: Path, *arguments: str) -> int:
    """Call a script's `main` in this process and return its exit code."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(script.parent))  # as Python does for a script, which may import its neighbours
        spec = importlib.util.spec_from_file_location(f"script_{script.stem}", script)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        try:
            return module.main(list(arguments))
        except SystemExit as end:
            return end.code or 0


def interrupted(process: subprocess.Popen) -> list[str]:
    """Send Ctrl-C while the process loads vLLM or the model; it must end with 130 and without a traceback."""
    watched, end = psutil.Process(process.pid), time.monotonic() + DEADLINE
    with contextlib.suppress(psutil.NoSuchProcess):
        while process.poll() is None and watched.memory_info().rss < LOADING and time.monotonic() < end:
            time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=DEADLINE)
    found = [] if process.returncode == 130 else [f"Ctrl-C must end with 130, got {process.returncode}"]
    return found + (["Ctrl-C must show no traceback, got one"] if "Traceback" in stderr else [])


def start(*command: str) -> subprocess.Popen:
    return subprocess.Popen([sys.executable, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("script", SCRIPTS, ids=label)
def test_shape(script):
    assert shape(script.read_text("utf-8")) == []


@pytest.mark.parametrize("script", SCRIPTS, ids=label)
def test_help_shows_an_example(script, capsys):
    assert call(script, "--help") == 0
    assert f"python {label(script)}" in capsys.readouterr().out


@pytest.mark.parametrize("script", SCRIPTS, ids=label)
@pytest.mark.parametrize(("option", "value"), MISTAKES)
def test_mistake_is_answered_with_one_line(script, option, value, capsys):
    call(script, "--help")
    if option not in capsys.readouterr().out:
        pytest.skip(f"{script.name} has no {option}")
    assert call(script, option, value) == 2
    assert one_line(capsys.readouterr().err, option, value) == []


@pytest.mark.parametrize("script", SCRIPTS, ids=label)
def test_unknown_option_is_answered_with_one_line(script, capsys):
    assert call(script, "--no-such-option") == 2
    line = capsys.readouterr().err.strip()
    assert "\n" not in line and "--no-such-option" in line and "--help" in line


@pytest.mark.parametrize("script", SCRIPTS, ids=label)
def test_defaults_print_json_and_nothing_else(script):
    process = start(str(script), "--json")
    stdout, stderr = process.communicate(timeout=DEADLINE)
    assert (process.returncode, stderr) == (0, "") and json.loads(stdout)


@pytest.mark.parametrize("script", SCRIPTS, ids=label)
@pytest.mark.usefixtures("one_engine")
def test_defaults_print_text(script, capsys):
    assert call(script) == 0
    printed = capsys.readouterr()
    assert len(printed.out.split()) > 10 and printed.err == ""
    with pytest.raises(json.JSONDecodeError):
        json.loads(printed.out)


@pytest.mark.parametrize("script", SCRIPTS, ids=label)
def test_ctrl_c_ends_with_130(script):
    assert interrupted(start(str(script))) == []


def test_there_are_scripts():
    assert SCRIPTS and all(script.is_file() for script in SCRIPTS)
