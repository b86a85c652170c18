"""The guards of the checks: each `require`, and each shape that a check asks for, with its place."""

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from tools.mutants.judging import Place

REFUSING = {"require", "NotYet"}
SHARED = ("shapes.py", "trying.py", "watch.py")  # in vllm_course/checks/, for all lessons


class Guard(NamedTuple):
    """A call that can refuse an answer: its file, its first and last line, and how it begins."""

    file: str
    first: int
    last: int
    text: str

    def refused(self, places: Iterable[Place]) -> bool:
        """Whether it was being executed when a check ended."""
        return any(file == self.file and self.first <= line <= self.last for file, line in places)


def guards(root: Path, numbers: set[str], *, shared: bool) -> list[Guard]:
    """Return the guards of some exercises, in the order of the files.

    Args:
        root: The checkout.
        numbers: The exercises.
        shared: Whether those in `vllm_course/checks/` count too, which only all exercises together can prove.
    """
    found: list[Guard] = []
    shapes = _refusing(root / "vllm_course" / "checks" / "shapes.py")
    for file in sorted((root / "checks").glob("lesson_*.py")):
        tree = ast.parse(file.read_text("utf-8"))
        asked = REFUSING | _imported(tree, shapes)
        for function in _functions(tree, numbers):
            found += [guard for guard in _guards(file, function, asked) if guard not in found]
    for file in [root / "vllm_course" / "checks" / name for name in SHARED if shared]:
        found += _guards(file, ast.parse(file.read_text("utf-8")), REFUSING)
    return sorted(found)


def _functions(tree: ast.Module, numbers: set[str]) -> list[ast.AST]:
    """Return the checks of these exercises, and what they use of the same file."""
    named = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    wanted = [node for node in named.values() if _number(node) in numbers]
    for node in wanted:  # grows while it is walked
        used = {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}
        wanted += [named[name] for name in sorted(used & set(named)) if named[name] not in wanted]
    return wanted


def _number(node: ast.FunctionDef | ast.ClassDef) -> str:
    """Return the number in `@exercise("3.9", ...)`, "" for what is no check."""
    calls = [decorator for decorator in node.decorator_list if isinstance(decorator, ast.Call)]
    return next((call.args[0].value for call in calls if ast.unparse(call.func).endswith("exercise")), "")


def _refusing(file: Path) -> set[str]:
    """Return the functions of a file that can refuse an answer."""
    functions = [node for node in ast.parse(file.read_text("utf-8")).body if isinstance(node, ast.FunctionDef)]
    return {node.name for node in functions if list(_guards(file, node, REFUSING))}


def _imported(tree: ast.Module, shapes: set[str]) -> set[str]:
    """Return under which names a file imports some of the shapes."""
    imports = [node for node in tree.body if isinstance(node, ast.ImportFrom)]
    named = [alias for node in imports if node.module == "vllm_course.checks.shapes" for alias in node.names]
    return {alias.asname or alias.name for alias in named if alias.name in shapes}


def _guards(file: Path, tree: ast.AST, refusing: set[str]) -> Iterator[Guard]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in refusing:
            yield Guard(str(file), node.lineno, node.end_lineno or node.lineno, ast.unparse(node)[:100])
