"""The rules for the sections "Quiz" and "Checklist" of a lesson: one call each, in literals."""

import ast
import re
from collections.abc import Iterator

from nbformat import NotebookNode

from tests.rules.markdown import headings
from tests.rules.notebooks import tree

LESSON = re.compile(r"\A# Lesson (\d\d): \S")


def checklist(notebook: NotebookNode) -> list[str]:
    """The section "Checklist" ends with the call that shows it, in literals, so that a program can read them."""
    number = LESSON.search(notebook.cells[0].source)
    shown = [node.value for cell in _section(notebook, "Checklist") for node in tree(cell).body[-1:] if shows(node)]
    if number and len(shown) == 1 and _in_literals(shown[0], number.group(1)):
        return []
    wanted = f'checklist("{number.group(1) if number else "NN"}", ["...", "..."])'
    got = [ast.unparse(call) for call in shown] or "none"
    return [f"the section Checklist must have one code cell that ends with {wanted}, in literals, got {got}"]


def quiz(notebook: NotebookNode) -> list[str]:
    """The section "Quiz" has one cell, which shows the lesson's questions."""
    number = LESSON.search(notebook.cells[0].source)
    wanted = f'quiz("{number.group(1) if number else "NN"}")'
    got = [ast.unparse(node) for cell in _section(notebook, "Quiz") for node in tree(cell).body[-1:]]
    return (
        [] if got == [wanted.replace('"', "'")] else [f"the section Quiz must end with {wanted}, got {got or 'none'}"]
    )


def _section(notebook: NotebookNode, title: str) -> Iterator[NotebookNode]:
    """Yield the code cells under a heading of level 2, up to the next."""
    current = ""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            current = next((text for level, text, _ in reversed(headings(cell.source)) if level <= 2), current)
        elif cell.cell_type == "code" and current == title:
            yield cell


def shows(node: ast.stmt) -> bool:
    """Whether a statement is a call of `checklist` whose result the cell shows."""
    call = node.value if isinstance(node, ast.Expr) else None
    return isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "checklist"


def _in_literals(call: ast.Call, number: str) -> bool:
    try:
        given, items = map(ast.literal_eval, call.args)
    except ValueError:
        return False
    texts = isinstance(items, list) and items and all(isinstance(item, str) for item in items)
    return bool(texts) and given == number and not call.keywords
