"""The exercises of a notebook: the text of each, the cell that the learner fills, and the cell that grades."""

import ast
import re
from dataclasses import dataclass
from typing import Any

from nbformat import NotebookNode

TITLE = re.compile(r"^## Exercise (\d+)\.(\d+): \S", re.MULTILINE)


@dataclass(frozen=True)
class ExerciseCells:
    """One exercise: number such as "1.3", its text, the cell that the learner fills, and the cell that grades."""

    number: str
    text: str
    stub: NotebookNode
    grade: NotebookNode

    def answers(self, namespace: dict[str, Any]) -> list[Any]:
        """Return what the grade cell passes to `check`; names that the namespace lacks give a placeholder."""
        return [_value(argument, namespace) for argument in check_calls(self.grade)[-1].args[1:]]


def exercises(notebook: NotebookNode) -> list[ExerciseCells]:
    """Return the exercises of a notebook that keeps `structure`."""
    found = []
    for text, cells in sections(notebook):
        lesson, number = TITLE.search(text).groups()
        stub = next(cell for cell in cells if nbgrader(cell).get("solution"))
        grade = next(cell for cell in cells if nbgrader(cell).get("grade"))
        found.append(ExerciseCells(f"{lesson}.{number}", text, stub, grade))
    return found


def sections(notebook: NotebookNode) -> list[tuple[str, list[NotebookNode]]]:
    """Return the text under each exercise's heading and the code cells up to the next."""
    found: list[tuple[str, list[NotebookNode]]] = []
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and TITLE.search(cell.source):
            found.append((cell.source, []))
        elif cell.cell_type == "code" and found:
            found[-1][1].append(cell)
    return found


def nbgrader(cell: NotebookNode) -> dict[str, Any]:
    """Return what nbgrader notes about a cell."""
    return cell.metadata.get("nbgrader", {})


def check_calls(cell: NotebookNode) -> list[ast.Call]:
    """Return the calls of `check` in a cell."""
    calls = [node for node in ast.walk(ast.parse(cell.source)) if isinstance(node, ast.Call)]
    return [c for c in calls if isinstance(c.func, ast.Name) and c.func.id == "check" and c.args]


def _value(argument: ast.expr, namespace: dict[str, Any]) -> Any:
    try:
        return eval(ast.unparse(argument), dict(namespace))
    except NameError:
        return object()
