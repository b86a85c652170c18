"""A class of five, graded as yours will be: `python -m tools.grading.rehearsal`, or `make class-rehearsal`.

One hands in the solution, one half of it, one wrong answers, one a loop without an end, and one cheats in every cell.
All that is made is in a folder that is removed afterwards, unless --keep names one.
"""

import argparse
import contextlib
import csv
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
from nbformat import NotebookNode

from tools.derive_exercises import derive
from tools.exercise_cells import TITLE, exercises, nbgrader
from tools.grading import report
from tools.grading.__main__ import grade_all
from tools.grading.tricks import BLOCKS, TRICKS
from vllm_course import paths

WRONG = "\n{} = 'I do not know'"


def main(argv: list[str] | None = None) -> int:
    """Rehearse; return 0 when each of the five got what is due."""
    parser = argparse.ArgumentParser("python -m tools.grading.rehearsal", description=__doc__.splitlines()[0])
    parser.add_argument("--exercises", nargs="+", default=[], metavar="N.M", help="only these of lesson 01")
    parser.add_argument("--seconds", type=int, default=60, help="of a cell, then it is interrupted; 60")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="leave here what is made")
    args = parser.parse_args(argv)
    with contextlib.nullcontext(args.keep) if args.keep else TemporaryDirectory() as folder:
        points = rehearse(Path(folder), args.exercises, args.seconds)
    wrong = unexpected(points)
    for line in wrong:
        print(line, file=sys.stderr)
    print("" if wrong else "Each of the five got what is due.")
    return 1 if wrong else 0


def rehearse(folder: Path, chosen: list[str], seconds: int) -> dict[str, dict[str, float]]:
    """Release a lesson, let five hand in, grade them, and return the points of the table, by name and exercise."""
    original = sorted((paths.root() / "solutions").glob("01-*/exercises.ipynb"))[0]
    solution = folder / "source" / original.parent.name / original.name
    write(only(nbformat.read(original, as_version=4), chosen), solution)
    released = nbformat.reads(derive(solution), as_version=4)
    for name, make in CLASS.items():
        handed_in = make(nbformat.read(solution, as_version=4), released)
        write(handed_in, folder / "submitted" / name / original.parent.name / original.name)
    graded = folder / "graded"
    failed = grade_all(graded, solution, folder / "submitted", list(CLASS), seconds)
    table = list(report.rows(graded, original.parent.name, [name for name in CLASS if name not in failed]))
    report.write(graded / "table.csv", table)
    with (graded / "table.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {
        name: {r["exercise"]: float(r["points"]) / float(r["of"]) for r in rows if r["name"] == name} for name in CLASS
    }


def unexpected(points: dict[str, dict[str, float]]) -> list[str]:
    """Say who got points that are not due, or did not get those that are."""
    numbers = list(points["right"])
    half = set(numbers[: len(numbers) // 2])
    due = {
        "right": dict.fromkeys(numbers, 1.0),
        "half": {number: float(number in half) for number in numbers},
        "wrong": dict.fromkeys(numbers, 0.0),
        "endless": {number: float(number != endless(numbers)) for number in numbers},
        "cheat": dict.fromkeys(numbers, 0.0),
    }
    return [
        f"{name} must get {due[name]}, got {points[name]}." for name in due if points[name] != due[name] or not numbers
    ]


def endless(numbers: list[str]) -> str:
    """Return the exercise whose answer never ends: one in the middle."""
    return numbers[len(numbers) // 2]


def only(notebook: NotebookNode, chosen: list[str]) -> NotebookNode:
    """Leave out the other exercises, outputs, and nothing when none are chosen."""
    here, kept = "", []
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and (title := TITLE.search(cell.source)):
            here = ".".join(title.groups())
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
        if not chosen or not here or here in chosen:
            kept.append(cell)
    notebook.cells = kept
    return notebook


def write(notebook: NotebookNode, path: Path) -> None:
    """Write a notebook into a folder of its own."""
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)


def right(solved: NotebookNode, released: NotebookNode) -> NotebookNode:
    """Hand in the solution."""
    return solved


def half(solved: NotebookNode, released: NotebookNode) -> NotebookNode:
    """Hand in the first half of the exercises."""
    done = exercises(solved)[: len(exercises(solved)) // 2]
    return _with(released, {nbgrader(each.stub)["grade_id"]: each.stub.source for each in done})


def wrong(solved: NotebookNode, released: NotebookNode) -> NotebookNode:
    """Hand in a text where a number, a list or a function is asked for."""
    stubs = {nbgrader(each.stub)["grade_id"]: each.stub.source for each in exercises(released)}
    names = {key: [line.split(" = ")[0] for line in text.splitlines() if " = " in line] for key, text in stubs.items()}
    answers = {
        key: "".join(WRONG.format(name) for name in found if name.isidentifier()) for key, found in names.items()
    }
    return _with(released, {key: stubs[key] + answer for key, answer in answers.items()})


def loops(solved: NotebookNode, released: NotebookNode) -> NotebookNode:
    """Hand in the solution, but for one answer, which never ends."""
    found = {each.number: each.stub for each in exercises(solved)}
    stub = found[endless(list(found))]
    return _with(solved, {nbgrader(stub)["grade_id"]: BLOCKS["loop for ever"]})


def cheat(solved: NotebookNode, released: NotebookNode) -> NotebookNode:
    """Hand in a trick in every cell, and change the cells that judge."""
    tricks = list(TRICKS.values())
    for number, each in enumerate(exercises(released)):
        each.stub.source += f"\n{tricks[number % len(tricks)]}"
        each.grade.source = "print('passed')"
    return released


def _with(notebook: NotebookNode, sources: dict[str, str]) -> NotebookNode:
    for cell in notebook.cells:
        cell.source = sources.get(nbgrader(cell).get("grade_id"), cell.source)
    return notebook


CLASS = {"right": right, "half": half, "wrong": wrong, "endless": loops, "cheat": cheat}

if __name__ == "__main__":
    raise SystemExit(main())
