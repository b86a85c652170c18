"""`vllm-course progress`: what is done and what comes next; export it, merge a group's exports, begin anew."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from vllm_course import progress
from vllm_course.errors import CourseError, UsageError
from vllm_course.files import check_place, write
from vllm_course.forecasts import calibration
from vllm_course.output import as_csv
from vllm_course.progress import exporting, merging, report

EXPORT_COLUMNS = ["learner", "lesson", "kind", "number", "title", "status", "attempts", "hints", "passed_at"]
EXPORT_COLUMNS += ["guess", "measured", "factor"]
MERGE_COLUMNS = ["learner", "lesson", "exercises_passed", "exercises_total", "items_ticked", "items_total"]
MERGE_COLUMNS += ["forecasts_compared", "median_factor"]
EPILOG = """examples:
  vllm-course progress
  vllm-course progress --json --output ada.json
  vllm-course progress --merge exports --csv --output class.csv
  vllm-course progress reset"""


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add the sub-command `progress` to `vllm-course`."""
    parser = commands.add_parser(
        "progress",
        help="show, export, merge or reset what is done of the course",
        description="Show the lessons, the exercises passed, the items ticked, the forecasts, and what to do next.",
        epilog=EPILOG,
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print everything as JSON, the form that --merge reads")
    form.add_argument("--csv", action="store_true", help="print one row an exercise, checklist item or forecast")
    parser.add_argument("--learner", metavar="NAME", help="name in an export (default: the login name)")
    parser.add_argument("--output", type=Path, metavar="FILE", help="write to a file in place of the terminal")
    parser.add_argument("--merge", type=Path, metavar="DIR", help="read many learners' exports (*.json) as one table")
    parser.add_argument(
        "action", nargs="?", metavar="reset", choices=["reset"], help="begin anew; what was there is moved aside"
    )
    parser.add_argument("--yes", action="store_true", help="do not ask before a reset")
    parser.set_defaults(run=lambda arguments: run(arguments, parser))


def run(arguments: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    """Show, export, merge or reset; return the exit code."""
    if problem := _misuse(arguments):
        parser.error(problem)
    if arguments.output:
        _check_output(arguments.output, parser)
    if arguments.action:
        return _reset(arguments.yes)
    if arguments.merge:
        return _merge(arguments, parser)
    _hand_out(_own(arguments), arguments.output)
    return 0


def _misuse(arguments: argparse.Namespace) -> str:
    others = (arguments.json, arguments.csv, arguments.learner, arguments.output, arguments.merge)
    if arguments.action and any(others):
        return "reset must stand without other options than --yes."
    if arguments.yes and not arguments.action:
        return "--yes must come with reset, got none."
    if arguments.action and not arguments.yes and not sys.stdin.isatty():
        return "reset must be confirmed, got no terminal to ask on. Add --yes."
    if arguments.learner is not None and arguments.merge:
        return "--learner must stand without --merge: every export holds its learner's name."
    if arguments.learner is not None and not (arguments.json or arguments.csv):
        return "--learner must come with --json or --csv: the table shows no name."
    return ""


def _check_output(output: Path, parser: argparse.ArgumentParser) -> None:
    try:
        check_place(output, name="--output")
    except UsageError as error:
        parser.error(str(error))


def _own(arguments: argparse.Namespace) -> str:
    if not (arguments.json or arguments.csv):
        return report.as_table(report.summary(), calibration(progress.read().forecasts.values()))
    name = arguments.learner
    learner = exporting.default_learner() if name is None else exporting.learner_name(name)
    export = exporting.build(learner)
    return _json(export) if arguments.json else as_csv(EXPORT_COLUMNS, exporting.rows(export))


def _merge(arguments: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    try:
        exports, problems = merging.read_folder(arguments.merge)
    except CourseError as error:
        parser.error(str(error))
    for line in problems + merging.united(exports):
        print(f"{parser.prog}: {line}", file=sys.stderr)
    if exports:
        rows = merging.merge(exports)
        if arguments.json:
            text = _json(merging.nested(rows))
        else:
            text = as_csv(MERGE_COLUMNS, merging.flat(rows)) if arguments.csv else merging.as_table(rows)
        _hand_out(text, arguments.output)
    return int(bool(problems))


def _json(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False)


def _hand_out(text: str, output: Path | None) -> None:
    if output:
        write(output, text)
    else:
        print(text)


def _reset(yes: bool) -> int:
    file = progress.file()
    if not yes and not _confirmed(f"Move your progress aside and begin anew ({file})? yes/no: "):
        print("Nothing was changed.")
        return 0
    aside = progress.reset()
    print(f"Your progress was moved to {aside}." if aside else f"There is no progress to reset: {file} is not there.")
    return 0


def _confirmed(question: str) -> bool:
    try:
        return input(question).strip().lower() in ("yes", "y")
    except EOFError:  # Ctrl-D
        print()
        return False
