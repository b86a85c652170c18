"""What a copy of a notebook gets for a page: hints and solutions, folded, and films that play."""

import ast
from pathlib import Path
from typing import Any

from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell

from tools.exercise_cells import TITLE, nbgrader

WARNING = """:::{warning}
This page holds the solutions. Try each [exercise](EXERCISES) yourself first, and open its hints before you come here. A
solution opens when you click it. The search does not find this page.
:::"""
BEGIN, END = "### BEGIN SOLUTION\n", "### END SOLUTION"
SVG, FILM = "image/svg+xml", "<title>Timeline of a film</title>"
HIDDEN = "### BEGIN HIDDEN TESTS"


def hints(checks: Path) -> dict[str, tuple[list[str], str]]:
    """Return the hints of each exercise, and the concept page to read, from the text of a lesson's checks.

    The checks are not imported, since that needs vLLM. A hint may use the constants of the module.
    """
    tree = ast.parse(checks.read_text("utf-8"))
    constants: dict[str, Any] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            try:
                constants[node.targets[0].id] = _value(node.value, constants)
            except (NameError, TypeError, AttributeError):
                continue  # made by a call: no hint is
    calls = [call for node in tree.body for call in getattr(node, "decorator_list", []) if _is_exercise(call)]
    return {call.args[0].value: _said(call, constants) for call in calls}


def with_hints(notebook: NotebookNode, said: dict[str, tuple[list[str], str]]) -> NotebookNode:
    """Add each exercise's hints, folded, below the cell that grades it."""
    cells, number = [], ""
    for cell in notebook.cells:
        cells.append(cell)
        if title := TITLE.search(cell.source) if cell.cell_type == "markdown" else None:
            number = ".".join(title.groups())
        if nbgrader(cell).get("grade") and number in said:
            cells.append(new_markdown_cell(_folded(*said[number])))
    notebook.cells = cells
    return notebook


def with_solutions(notebook: NotebookNode, exercises: str) -> NotebookNode:
    """Fold the solutions, leave out what nbgrader alone reads, and begin with a warning.

    Args:
        notebook: One of solutions/.
        exercises: Where the exercises are, as a link.
    """
    title, *rest = notebook.cells[0].source.split("\n")
    warning = WARNING.replace("EXERCISES", exercises)
    notebook.cells[0].source = "\n".join([title.replace("Exercises", "Solutions"), "", warning, *rest])
    for cell in notebook.cells:
        if nbgrader(cell).get("solution"):
            cell.source = _only_solution(cell.source)
            cell.metadata["tags"] = [*cell.metadata.get("tags", []), "hide-cell"]
    notebook.cells = [cell for cell in notebook.cells if not nbgrader(cell).get("grade")]
    return notebook


def _folded(texts: list[str], concept: str) -> str:
    """Return the hints as folded blocks, each of which opens for itself."""
    parts = [f":::{{dropdown}} Hint {number}\n{_escaped(text)}\n:::" for number, text in enumerate(texts, 1)]
    if concept:
        parts.append(f":::{{dropdown}} Where to read on\n[{concept}](../../concepts/{concept})\n:::")
    return "\n\n".join(parts)


def _escaped(text: str) -> str:
    """Return a hint, which is plain text, as Markdown that reads the same."""
    return "".join(f"\\{c}" if c in "\\`*_[]<>$#{}" else c for c in text)


def _only_solution(source: str) -> str:
    """Return a solution without its stub: what is between the marks, or all where there are none."""
    before, mark, after = source.partition(BEGIN)
    return after.partition(END)[0].strip() if mark else before


def _is_exercise(call: ast.expr) -> bool:
    return isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "exercise"


def _said(call: ast.Call, constants: dict[str, Any]) -> tuple[list[str], str]:
    given = {word.arg: word.value for word in call.keywords}
    return _value(given["hints"], constants), _value(given["concept"], constants) if "concept" in given else ""


def _value(node: ast.expr, constants: dict[str, Any]) -> Any:
    """Return the value of an expression of literals and of the module's constants."""
    return eval(compile(ast.Expression(node), "checks", "eval"), {"__builtins__": {}}, constants)


def with_films(notebook: NotebookNode) -> None:
    """Put pictures of films into the page itself, where `static/film.js` plays them."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            picture = output.get("data", {}).get(SVG, "")
            if FILM in picture:
                output.data = NotebookNode({"text/html": f'<figure class="film">{picture}</figure>'})
