"""Grade a lesson: `python -m tools.grading LESSON [--submitted FOLDER]`, or `make grade LESSON=01`."""

import argparse
import shutil
import sys
import time
from pathlib import Path

from tools.grading import report, steps
from vllm_course import paths

EPILOG = """what was collected is in submitted/NAME/01-basic-inference/exercises.ipynb, one folder for each learner

examples:
  make grade LESSON=01
  make grade LESSON=01 SUBMITTED=/home/me/collected ARGS="--only ada --seconds 60"
"""


def main(argv: list[str] | None = None) -> int:
    """Grade; return 0, 1 when a submission could not be graded, 2 for a wrong argument."""
    args = parser().parse_args(argv)
    found = sorted((paths.root() / "solutions").glob(f"{args.lesson}-*/exercises.ipynb"))
    if len(args.lesson) != 2 or not found:
        return wrong(f"LESSON must be the number of a lesson, like 01, got {args.lesson}. See lessons/README.md.")
    assignment, submitted, graded = found[0].parent.name, args.submitted.resolve(), args.output.resolve()
    names = handed_in(submitted, assignment)
    if not names:
        place = f"{args.submitted}/NAME/{assignment}/exercises.ipynb"
        return wrong(f"submissions must be in {place}, got none. Put them there, or name the folder: SUBMITTED=FOLDER")
    if unknown := sorted({*args.only} - {*names}):
        return wrong(f"--only must name who handed in, got {unknown[0]}. These did: {', '.join(names)}.")
    chosen = [name for name in names if name in args.only or not args.only]
    failed = grade_all(graded, found[0], submitted, chosen, args.seconds)
    table = list(report.rows(graded, assignment, [name for name in names if is_graded(graded, assignment, name)]))
    report.write(graded / f"{assignment}.csv", table)
    print(f"\nTable:    {graded / f'{assignment}.csv'}\nFeedback: {graded / 'feedback'}/NAME/{assignment}")
    return 1 if failed else 0


def grade_all(graded: Path, solution: Path, submitted: Path, names: list[str], seconds: int) -> list[str]:
    """Grade submissions one after the other, and return the names of those that could not be graded."""
    steps.prepare(graded, solution, submitted, names)
    api = steps.nbgrader(graded, seconds)
    if trouble := steps.release(api, solution.parent.name):
        print(f"{solution.parent.name}: could not be entered into the gradebook, {trouble}", file=sys.stderr)
        return names
    return [name for name in names if not graded_one(api, solution.parent.name, name)]


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    raw = argparse.RawDescriptionHelpFormatter
    result = argparse.ArgumentParser("python -m tools.grading", None, __doc__, EPILOG, formatter_class=raw)
    result.add_argument("lesson", metavar="LESSON", help="number of the lesson, 01")
    result.add_argument(
        "--submitted", type=Path, default=Path("submitted"), metavar="FOLDER", help="what was collected"
    )
    result.add_argument("--output", type=Path, default=Path("graded"), metavar="FOLDER", help="for all that is made")
    result.add_argument("--only", action="append", default=[], metavar="NAME", help="grade only NAME; may be repeated")
    result.add_argument("--seconds", type=seconds, default=120, help="of a cell, then it is interrupted; 120")
    return result


def seconds(text: str) -> int:
    """Read a time."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number >= 1, got {text}. Leave it out for 120.")
    return int(text)


def handed_in(submitted: Path, assignment: str) -> list[str]:
    """Return the names of those who handed in; say who has a folder without the notebook."""
    folders = sorted(folder for folder in submitted.glob("*") if folder.is_dir() and not folder.name.startswith("."))
    there = [folder for folder in folders if (folder / assignment / "exercises.ipynb").is_file()]
    for folder in folders:
        if folder not in there:
            print(f"{folder.name}: left out, there is no {assignment}/exercises.ipynb", file=sys.stderr)
    return [folder.name for folder in there]


def graded_one(nbgrader: steps.NbGraderAPI, assignment: str, name: str) -> bool:
    """Grade one submission, write its feedback, and say in one line how it went."""
    start, trouble = time.perf_counter(), steps.grade(nbgrader, assignment, name)
    took = f"{time.perf_counter() - start:.0f} s"
    if trouble:
        print(f"{name}: could not be graded, {trouble}", file=sys.stderr, flush=True)
        shutil.rmtree(Path(nbgrader.coursedir.root) / "autograded" / name / assignment, ignore_errors=True)
        return False
    found = list(report.rows(Path(nbgrader.coursedir.root), assignment, [name]))
    points, most = sum(row[3] for row in found), sum(row[4] for row in found)
    print(f"{name}: {points:g} of {most:g} points, {took}", flush=True)
    return True


def is_graded(graded: Path, assignment: str, name: str) -> bool:
    """Whether there is a graded notebook, from this call or an earlier one."""
    return (graded / "autograded" / name / assignment / "exercises.ipynb").is_file()


def wrong(message: str) -> int:
    """Say what is wrong with an argument."""
    print(message, file=sys.stderr)
    return 2


if __name__ == "__main__":
    try:
        raise SystemExit(main())
    except KeyboardInterrupt:
        print("Interrupted. What is graded is in the gradebook; the same command begins anew.", file=sys.stderr)
        raise SystemExit(130) from None
