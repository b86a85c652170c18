"""The rooms of the house: who may import whom, no circles, nothing found by way of Python's search path.

`ROOMS` is the table; a new module of the package's own folder is added to `GROUND` or to `ENGINE`. CONTRIBUTING.md
says what each room promises.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.rules.notebooks import in_folder, read, tree

GROUND = ["as_written", "catalogue", "drift", "errors", "files", "forecasts", "output", "parameters", "paths"]
GROUND += ["sampling", "shipped"]
ENGINE = ["distribution", "fields", "generation", "loading_errors", "measures", "models", "plots", "streaming", "tool"]
BELOW = ["ground", "runtime", "engine"]
PACKAGE = ["face", *BELOW, "chat", "completion", "batch", "describing", "memory", "online", "configuring", "serving"]
PACKAGE += ["remote", "toolbox", "progress", "checks", "checks_online", "checks_http", "forecasting", "reviewing"]
PACKAGE += ["widgets", "film", "drills", "terminal", "tool_chat", "lab", "classroom", "doctor", "cli"]
WITHOUT_FOLDER = ("face", "ground", "engine", "cli")

# Each room and what it may import beside itself, the standard library and other projects.
ROOMS = {
    "ground": [],
    "runtime": ["ground"],
    "engine": ["ground", "runtime"],
    "chat": BELOW,
    "completion": BELOW,
    "batch": BELOW,
    "describing": BELOW,
    "memory": [*BELOW, "describing"],
    "online": BELOW,
    "configuring": [*BELOW, "memory"],
    "serving": [*BELOW, "memory", "configuring"],
    "remote": [*BELOW, "chat"],
    "toolbox": [*BELOW, "chat", "configuring", "remote"],
    "progress": ["ground"],
    "checks": ["ground", "progress"],
    "checks_online": ["ground", "checks"],
    "checks_http": ["ground", "checks"],
    "forecasting": ["ground", "progress", "checks"],
    "reviewing": ["ground", "progress", "checks"],
    "classroom": ["ground", "progress", "reviewing"],
    "doctor": BELOW,
    "lab": ["ground", "progress", "reviewing"],
    "widgets": [*BELOW, "chat", "checks", "progress"],
    "film": [*BELOW, "widgets"],
    "drills": [*BELOW, "film"],
    "terminal": [*BELOW, "chat", "online", "progress"],
    "tool_chat": [*BELOW, "chat", "remote", "toolbox", "terminal"],
    "cli": ["face", *BELOW, "doctor", "classroom", "reviewing"],
    "face": PACKAGE,  # `vllm_course/__init__.py`, which only cli imports
    "lesson": PACKAGE,  # a folder of lessons/, exercises/ or solutions/
    "answers": PACKAGE,  # checks/lesson_NN.py
    "tools": PACKAGE,
    "training": PACKAGE,  # what makes models/; no arrow joins it to the rest of tools/
    "mutants": [*PACKAGE, "tools", "tests"],  # tools/mutants/ tries the tests' wrong answers too
    "tests": [*PACKAGE, "tools", "training", "mutants"],
}
# Where a module may be found by its path or by a name that is made at run time, and why.
BY_NAME = {
    "vllm_course": "the face imports a module when one of its names is used first",
    "vllm_course.runtime.environment": "vLLM's table of variables is read without the seconds that its import takes",
    "vllm_course.checks.exercises": "an exercise's check is found by its number",
    "tools.doctor": "the limits of memory are read without the package, which an old Python cannot import",
    "tools.warm.server": "it stands for Python itself, which finds what it is told to run",
}
BY_PATH = re.compile(
    r"import importlib\b(?!\.metadata)|from importlib import (?!metadata)\w+|\brunpy\b|importlib\.util"
)
SEARCH_PATH = re.compile(r"\bsys\.(path|meta_path)\b|\bsyspath_prepend\b|\baddsitedir\b")
# The one place, what stands for Python itself, what an environment that several clones share starts with, and the rule.
SEARCHING = ("tools.solving", "tools.warm.server", "tools.clone_first", "tests.rules.rooms", "tests.rules.test_rooms")
FIRST_PARTY = {"vllm_course", "tools", "tests", "conftest", "checks", "lessons", "exercises", "solutions"}


class Source(NamedTuple):
    """A file of code: its text, or that of a notebook's code cells, and what Python makes of it."""

    text: str
    tree: ast.Module


class Import(NamedTuple):
    """An import of a module: where, of what, and whether type checkers alone follow it."""

    line: int
    target: str
    typed: bool


def sources(root: Path) -> dict[str, Source]:
    """Return every file of code by its dotted name, notebooks too: `vllm_course.chat.history`."""
    files = [f for part in sorted(FIRST_PARTY - {"conftest"}) for f in (root / part).rglob("*.py")]
    found = {dotted(file.relative_to(root)): file.read_text("utf-8") for file in [*files, root / "conftest.py"]}
    scripts = {name: Source(text, ast.parse(text)) for name, text in found.items()}
    notebooks = [path for part in ("lessons", "exercises", "solutions") for path in in_folder(part, root=root)]
    return scripts | {f"{dotted(path.relative_to(root))}.notebook": _cells(path) for path in notebooks}


def room(name: str) -> str:
    """Return the room of a module by its dotted name, "" for what belongs in none."""
    top, *rest = name.split(".")
    if top == "vllm_course":
        return _room_in_package(rest)
    if top == "tools":
        return rest[0] if rest[:1] in (["training"], ["mutants"]) else "tools"
    return {"tests": "tests", "conftest": "tests", "checks": "answers"}.get(top, "lesson")


def imports(source: Source, names: set[str], folder: str = "") -> list[Import]:
    """Return what a file imports of this project, also inside functions."""
    typed = {id(inner) for node in ast.walk(source.tree) if _for_types(node) for inner in ast.walk(node)}
    found = []
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            found += [Import(node.lineno, target, id(node) in typed) for target in _targets(node, names, folder)]
    return found


def walls(files: dict[str, Source]) -> list[str]:
    """A room imports what the table allows, never a test file, and no other lesson."""
    found = [f"{name} must be in GROUND or ENGINE of rooms.py, or in a folder" for name in files if not room(name)]
    for name, imported in _graph(files).items():
        own = room(name)
        for line, target, _ in imported:
            other = room(target)
            beside = own == other and _folder(name) == _folder(target)
            if not (beside or other in ROOMS.get(own, [])) or target.rpartition(".")[2].startswith("test_"):
                found.append(f"{name}, line {line}: {own} must not import {target} ({other or 'no room'})")
    return found


def circles(files: dict[str, Source]) -> list[str]:
    """No module imports itself by way of others; imports for type checkers alone do not count."""
    graph = {name: {i.target for i in imported if not i.typed} for name, imported in _graph(files).items()}
    while free := {name for name, targets in graph.items() if not targets & set(graph)}:
        graph = {name: targets for name, targets in graph.items() if name not in free}
    # What is left is in a circle or leads into one: keep what is also led to.
    while ends := set(graph) - {target for targets in graph.values() for target in targets}:
        graph = {name: targets for name, targets in graph.items() if name not in ends}
    return [f"{name} must be in no circle, got imports of {sorted(graph[name] & set(graph))}" for name in graph]


def relative(files: dict[str, Source]) -> list[str]:
    """Imports name the module in full."""
    nodes = [(name, node) for name, source in files.items() for node in ast.walk(source.tree)]
    return [
        f"{name}, line {node.lineno}: name the module in full, got a relative import"
        for name, node in nodes
        if isinstance(node, ast.ImportFrom) and node.level
    ]


def by_name(files: dict[str, Source]) -> list[str]:
    """Only tests, and the few that `BY_NAME` explains, find modules by path or by a name made at run time."""
    return [
        f"{name} must import by name, got {found}"
        for name, source in files.items()
        if room(name) != "tests" and name not in BY_NAME
        for node in ast.walk(source.tree)
        for found in BY_PATH.findall(ast.unparse(node) if isinstance(node, ast.Import | ast.ImportFrom) else "")
    ]


def search_path(files: dict[str, Source]) -> list[str]:
    """Nothing changes where Python looks for modules, also not in code that is written as a text."""
    return [
        f"{name} must leave Python's search path alone, got {match.group()}"
        for name, source in files.items()
        if name not in SEARCHING
        for match in SEARCH_PATH.finditer(source.text)
    ]


def dotted(path: Path) -> str:
    """Return the name of a file's module, from its path below the top folder."""
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


def _cells(path: Path) -> Source:
    cells = [cell for cell in read(path).cells if cell.cell_type == "code"]
    nodes = [node for cell in cells for node in tree(cell).body]
    return Source("\n".join(cell.source for cell in cells), ast.Module(nodes, []))


def _room_in_package(parts: list[str]) -> str:
    if not parts:
        return "face"
    if parts == ["cli"] or parts[0] in PACKAGE and parts[0] not in WITHOUT_FOLDER:
        return parts[0]
    return "ground" if parts[0] in GROUND else "engine" if parts[0] in ENGINE else ""


def _folder(name: str) -> str:
    """Return the folder of a lesson's script or notebook; other rooms are one folder."""
    return ".".join(name.split(".")[:2]) if room(name) == "lesson" else ""


def _graph(files: dict[str, Source]) -> dict[str, list[Import]]:
    return {name: imports(source, set(files), _folder(name)) for name, source in files.items()}


def _targets(node: ast.Import | ast.ImportFrom, names: set[str], folder: str) -> Iterator[str]:
    """Yield the modules of this project that an import names; in a lesson's folder also what is beside it."""
    whole = isinstance(node, ast.Import)
    for alias in node.names:
        base = alias.name if whole else node.module or ""
        beside = f"{folder}.{base}"
        if folder and beside in names:
            yield beside
        elif base.split(".")[0] in FIRST_PARTY:
            inner = f"{base}.{alias.name}"
            yield inner if not whole and inner in names else base


def _for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


RULES = (walls, circles, relative, by_name, search_path)
