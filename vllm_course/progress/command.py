"""`vllm-course progress`: what is done and what comes next; export it, begin anew. `classroom/` adds the merge."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from vllm_course import progress
from vllm_course.errors import UsageError
from vllm_course.files import check_place, write
from vllm_course.forecasts import calibration
from vllm_course.output import as_csv
from vllm_course.progress import exporting, report

EXPORT_COLUMNS = ["learner", "lesson", "kind", "number", "title", "status", "attempts", "hints", "passed_at"]
EXPORT_COLUMNS += ["guess", "measured", "factor"]
EPILOG = """examples:
  vllm-course progress
  vllm-course progress --json --output ada.json
  vllm-course progress reset
  vllm-course progress --merge exports
  vllm-course progress --merge exports --html class.html --pseudonyms"""


def add_parser(commands: argparse._SubParsersAction) -> argparse.ArgumentParser:
    """Add the sub-command `progress` to `vllm-course`, and return its parser."""
    parser = commands.add_parser(
        "progress",
        help="show, export, merge or reset what is done of the course",
        description="Show what is done of each lesson, the forecasts, and what to do next.",
        epilog=EPILOG,
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print everything as JSON, the form that --merge reads")
    form.add_argument(
        "--csv", action="store_true", help="print one row per exercise, question, checklist item or forecast"
    )
    parser.add_argument("--learner", metavar="NAME", help="name in an export (default: the login name)")
    parser.add_argument("--output", type=Path, metavar="FILE", help="write to a file in place of the terminal")
    parser.add_argument(
        "action", nargs="?", metavar="reset", choices=["reset"], help="begin anew; what was there is moved aside"
    )
    parser.add_argument("--yes", action="store_true", help="do not ask before a reset")
    return parser


def run(arguments: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    """Show, export or reset; return the exit code."""
    if problem := _misuse(arguments):
        parser.error(problem)
    if arguments.output:
        check_output(arguments.output, parser)
    if arguments.action:
        return _reset(arguments.yes)
    hand_out(_own(arguments), arguments.output)
    return 0


def _misuse(arguments: argparse.Namespace) -> str:
    if arguments.action and any((arguments.json, arguments.csv, arguments.learner, arguments.output)):
        return "reset must stand without other options than --yes."
    if arguments.yes and not arguments.action:
        return "--yes must come with reset, got none."
    if arguments.action and not arguments.yes and not sys.stdin.isatty():
        return "reset must be confirmed, got no terminal to ask on. Add --yes."
    if arguments.learner is not None and not (arguments.json or arguments.csv):
        return "--learner must come with --json or --csv: the table shows no name."
    return ""


def check_output(output: Path, parser: argparse.ArgumentParser, *, name: str = "--output") -> None:
    """End with one line where no file can be written to a place."""
    try:
        check_place(output, name=name)
    except UsageError as error:
        parser.error(str(error))


def _own(arguments: argparse.Namespace) -> str:
    if not (arguments.json or arguments.csv):
        return report.as_table(report.summary(), calibration(progress.read().forecasts.values()))
    name = arguments.learner
    learner = exporting.default_learner() if name is None else exporting.learner_name(name)
    export = exporting.build(learner)
    return as_json(export) if arguments.json else as_csv(EXPORT_COLUMNS, exporting.rows(export))


def as_json(document: dict[str, Any]) -> str:
    """Write a document as the command prints it."""
    return json.dumps(document, indent=2, ensure_ascii=False)


def hand_out(text: str, output: Path | None) -> None:
    """Write a text to a file, or print it."""
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
