"""The table of a graded lesson: who, exercise, points, and what the check said."""

import csv
from collections.abc import Iterator
from pathlib import Path

import nbformat
from nbgrader.api import Gradebook

from tools.exercise_cells import nbgrader
from tools.grading.execute import asked_by

COLUMNS = ["name", "lesson", "exercise", "points", "of", "said"]


def rows(folder: Path, assignment: str, names: list[str]) -> Iterator[list]:
    """Yield one row for each exercise of each submission that was graded; nobody else has rows."""
    asked = asked_by(folder / "solutions" / assignment / "exercises.ipynb")
    with Gradebook(f"sqlite:///{folder / 'gradebook.db'}") as gradebook:
        for name in names:
            said = said_in(folder / "autograded" / name / assignment / "exercises.ipynb")
            grades = {grade.name: grade for grade in gradebook.find_submission(assignment, name).notebooks[0].grades}
            for cell, (number, _) in asked.grades.items():
                yield [name, assignment, number, grades[cell].score, grades[cell].max_score, said.get(cell, "")]


def said_in(notebook: Path) -> dict[str, str]:
    """Return what the judge said in each grade cell that does not have all points."""
    cells = [cell for cell in nbformat.read(notebook, as_version=4).cells if nbgrader(cell).get("grade")]
    return {nbgrader(cell)["grade_id"]: " ".join(o.get("evalue", "") for o in cell.outputs).strip() for cell in cells}


def write(path: Path, found: list[list]) -> None:
    """Write the table as CSV. A text that a spreadsheet would compute gets an apostrophe in front."""
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(COLUMNS)
        table.writerows([_harmless(value) for value in row] for row in found)


def _harmless(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@")) else value
