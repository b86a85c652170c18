"""The package as a whole: small, cheap to import, quiet by default, documented."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

import vllm_course
from tests.rules.rooms import PACKAGE as ROOMS
from tests.rules.rooms import dotted, room
from tests.rules.size import lines_of_code

PACKAGE = Path(vllm_course.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))
MOST_LINES = 700  # of code in a room
PROBE = """
import json, os, sys
import vllm_course
heavy = [name for name in ("vllm", "torch", "transformers", "matplotlib.pyplot", "numba") if name in sys.modules]
names = ("VLLM_LOGGING_LEVEL", "VLLM_ENABLE_V1_MULTIPROCESSING")
print(json.dumps({"heavy": heavy, "set": {name: os.environ.get(name) for name in names}}))
"""


def undocumented(source: str) -> list[str]:
    """Name the public functions and classes of a module that have no docstring."""
    tree = ast.parse(source)
    public = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and not node.name.startswith("_")
    ]
    nested = {child for node in public for child in ast.walk(node) if child is not node and node in public}
    methods = {child for node in public if isinstance(node, ast.ClassDef) for child in node.body}
    return [node.name for node in public if (node not in nested or node in methods) and not ast.get_docstring(node)]


@pytest.fixture(scope="module")
def fresh() -> dict:
    """What a fresh process holds after `import vllm_course`, in an environment that sets nothing."""
    done = subprocess.run(
        [sys.executable, "-c", PROBE], capture_output=True, text=True, check=True, env={"PATH": "/usr/bin:/bin"}
    )
    assert done.stderr == ""
    return json.loads(done.stdout)


def test_importing_it_imports_no_engine(fresh):
    assert fresh["heavy"] == []


def test_importing_it_keeps_vllm_quiet_and_in_one_process(fresh):
    assert fresh["set"] == {"VLLM_LOGGING_LEVEL": "ERROR", "VLLM_ENABLE_V1_MULTIPROCESSING": "0"}


@pytest.mark.parametrize("name", ROOMS)
def test_a_room_stays_small(name):
    files = [file for file in FILES if room(dotted(file.relative_to(PACKAGE.parent))) == name]
    assert files and sum(lines_of_code(file.read_text(encoding="utf-8")) for file in files) < MOST_LINES


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(PACKAGE).as_posix())
def test_everything_public_has_a_docstring(file):
    source = file.read_text(encoding="utf-8")
    assert ast.get_docstring(ast.parse(source))
    assert undocumented(source) == []


def test_a_missing_docstring_is_seen():
    source = 'class A:\n    """Docs."""\n    def b(self): ...\n\n    def _c(self): ...\n\ndef d(): ...\n'
    assert undocumented(source) == ["d", "b"] or undocumented(source) == ["b", "d"]


@pytest.mark.parametrize("name", vllm_course.__all__)
def test_what_it_offers_is_there(name):
    assert callable(getattr(vllm_course, name))
