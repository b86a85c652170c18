"""The rule for the forecasts of a lesson: `predict("5.1", ...)` before a measurement, `compare("5.1", value)` after."""

import ast
from typing import NamedTuple

from nbformat import NotebookNode

from tests.rules.checklist_rule import LESSON
from tests.rules.notebooks import code, tree

NAMES = ("predict", "compare")


class Call(NamedTuple):
    """A call of `predict` or `compare`: where, which, its arguments as written, and whether its cell shows it."""

    cell: int
    name: str
    arguments: list[str]
    shown: bool

    @property
    def key(self) -> str:
        """The first argument, without its quotes."""
        return self.arguments[0].strip("'") if self.arguments else ""


def forecasts(notebook: NotebookNode) -> list[str]:
    """Keys are the lesson's own and count up; each forecast is left open, and compared once, after it."""
    match = LESSON.search(notebook.cells[0].source)
    lesson = int(match.group(1)) if match else 0
    found = calls(notebook)
    predicted = [call for call in found if call.name == "predict"]
    wanted = [f"{lesson}.{n}" for n in range(1, len(predicted) + 1)]
    problems = [problem for call in found for problem in _form(call)]
    if (keys := [call.key for call in predicted]) != wanted:
        problems.append(f"the forecasts of lesson {lesson} must be {wanted}, in this order, got {keys}")
    return problems + _unpaired(found)


def calls(notebook: NotebookNode) -> list[Call]:
    """Return the calls of `predict` and `compare` in a notebook, in the order of its text."""
    found = []
    for i, cell in code(notebook):
        body = tree(cell).body
        last = body[-1].value if body and isinstance(body[-1], ast.Expr) else None
        nodes = [node for statement in body for node in ast.walk(statement) if _is_one(node)]
        for node in sorted(nodes, key=lambda node: (node.lineno, node.col_offset)):
            arguments = [ast.unparse(part) for part in (*node.args, *node.keywords)]
            found.append(Call(i, node.func.id, arguments, node is last))
    return found


def _is_one(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in NAMES


def _form(call: Call) -> list[str]:
    """What is wrong with one call by itself."""
    rules = {
        "have two arguments, a key in quotes first": len(call.arguments) == 2 and call.arguments[0].startswith("'"),
        "be the last line of its cell, or its card is not shown": call.shown,
        "be left open, with ... for the number": call.name != "predict" or call.arguments[1:] == ["..."],
        "hold what was measured": call.name != "compare" or call.arguments[1:] != ["..."],
    }
    written = f"{call.name}({', '.join(call.arguments)})"
    return [f"cell {call.cell}: a forecast must {rule}, got {written}" for rule, kept in rules.items() if not kept]


def _unpaired(found: list[Call]) -> list[str]:
    """Each forecast has one comparison, after it, and each comparison a forecast."""
    problems = []
    for key in dict.fromkeys(call.key for call in found):
        names = [call.name for call in found if call.key == key]
        if names != list(NAMES):
            problems.append(f"forecast {key} must be one predict, then one compare, got {names}")
    return problems
