"""A solution notebook of a made-up lesson 98 that keeps every rule, for tests that break it or derive from it."""

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

TEXT = "## Exercise {}: a sum\n\n{} · 5 minutes · trains addition"
LEVELS = ["Beginner", "Intermediate", "Advanced"]
SOLUTION = "answer = ...\n### BEGIN SOLUTION\nanswer = 42\n### END SOLUTION"
GRADE = '### BEGIN HIDDEN TESTS\nassert answer == 42\n### END HIDDEN TESTS\n[check("{}", answer)] if 0 else answer'


def cell(source: str, kind: str, name: str) -> NotebookNode:
    """Return a code cell with nbgrader's metadata; its kind is "solution" or "grade"."""
    flags = {"solution": kind == "solution", "grade": kind == "grade", "locked": kind == "grade", "task": False}
    points = {"points": 1} if kind == "grade" else {}
    return new_code_cell(source, metadata={"nbgrader": {"schema_version": 3, "grade_id": name} | flags | points})


def course(count: int = 9) -> NotebookNode:
    """Return a solution notebook of lesson 98 that keeps every rule."""
    cells = []
    for n in range(1, count + 1):
        number = f"98.{n}"
        cells += [
            new_markdown_cell(TEXT.format(number, LEVELS[n % 3])),
            cell(SOLUTION, "solution", f"answer-{n}"),
            cell(GRADE.format(number), "grade", f"check-{n}"),
        ]
    for n, new in enumerate(cells):
        new["id"] = f"cell-{n}"
    return new_notebook(cells=cells)
