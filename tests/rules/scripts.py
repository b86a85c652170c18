"""A script as the tests see it: its shape, how it is called and started, and what its answers must be."""

import ast
import contextlib
import importlib.util
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType

import psutil

from tools import warm
from tools.solving import beside

MAX_LINES = 150  # of a lesson's script
LOADING = 350 * 2**20  # bytes: more than a script needs before it imports vLLM
DEADLINE = 180  # seconds
# Words without which a script does not run, or does not end.
NEEDED = {
    "batch_inference.py": ["{beside}/prompts.jsonl", "--output", "{new}/out.jsonl"],
    "serve_model.py": ["--model", "pocket-chat", "--dry-run"],
}
# Scripts that load neither vLLM nor a model, and what they import last.
NO_ENGINE = {"inspect_memory.py": "vllm_course.describing.weights", "serve_model.py": "vllm_course.serving.process"}
NO_ENGINE |= {"chat_client.py": "vllm_course.toolbox.results"}
ASKS_A_SERVER = ("chat_client.py",)  # whose address is in a variable
ONE_LINE = re.compile(r"must be .+, got .+?\. \S.*\S")


def shape(source: str) -> list[str]:
    """A script is short, and importing it runs nothing."""
    guard = 'if __name__ == "__main__":'
    found = [] if source.count("\n") <= MAX_LINES else [f"a script must have at most {MAX_LINES} lines"]
    tree = ast.parse(source)
    names = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    allowed = ast.Import | ast.ImportFrom | ast.Assign | ast.AnnAssign | ast.If
    allowed |= ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
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


def needed(script: Path, folder: Path) -> list[str]:
    """Return the words without which a script does not run; what it writes goes into a folder."""
    return [word.format(beside=script.parent, new=folder) for word in NEEDED.get(script.name, [])]


def call(script: Path, *arguments: str) -> int:
    """Call a script's `main` in this process and return its exit code."""
    with beside(script.parent):
        try:
            return module_of(script).main(list(arguments))
        except SystemExit as end:
            return end.code or 0


def module_of(script: Path) -> ModuleType:
    """Return a script as a module."""
    spec = importlib.util.spec_from_file_location(f"script_{script.stem}", script)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


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


def start(*command: str, cold: bool = False) -> subprocess.Popen:
    """Start Python with these arguments, `cold` without vLLM imported; its stdout and stderr are read as text."""
    python = sys.executable if cold else warm.python()
    return subprocess.Popen([python, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
