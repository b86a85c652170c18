"""`vllm-course progress`, and with `--merge` the report on a class."""

import argparse
import sys
from pathlib import Path

from vllm_course.classroom import merging, tables
from vllm_course.classroom.report import Report, of_class
from vllm_course.errors import CourseError
from vllm_course.progress import command


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add the sub-command `progress` to `vllm-course`."""
    parser = command.add_parser(commands)
    group = parser.add_argument_group("for instructors")
    group.add_argument(
        "--merge", type=Path, metavar="DIR", help="read many learners' exports (*.json) as a report on the class"
    )
    group.add_argument("--html", type=Path, metavar="FILE", help="write the report as one HTML page, too")
    group.add_argument("--pseudonyms", action="store_true", help="write stable pseudonyms in place of names")
    parser.set_defaults(run=lambda arguments: _run(arguments, parser))


def _run(arguments: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    if problem := _misuse(arguments):
        parser.error(problem)
    return _merge(arguments, parser) if arguments.merge else command.run(arguments, parser)


def _misuse(arguments: argparse.Namespace) -> str:
    merge, html = arguments.merge, arguments.html
    if arguments.action and any((merge, html, arguments.pseudonyms)):
        return "reset must stand without other options than --yes."
    if merge and arguments.yes:
        return "--yes must come with reset, got none."
    if merge and arguments.learner is not None:
        return "--learner must stand without --merge: every export holds its learner's name."
    if not merge and (html or arguments.pseudonyms):
        return f"{'--html' if html else '--pseudonyms'} must come with --merge DIR, got none."
    if html and arguments.output and html.resolve() == arguments.output.resolve():
        return f"--html and --output must be two files, got {html} for both."
    return ""


def _merge(arguments: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    for name in ("output", "html"):
        if place := getattr(arguments, name):
            command.check_output(place, parser, name=f"--{name}")
    try:
        exports, problems = merging.read_folder(arguments.merge)
    except CourseError as error:
        parser.error(str(error))
    for line in problems + merging.united(exports):
        print(f"{parser.prog}: {line}", file=sys.stderr)
    if exports:
        if arguments.pseudonyms:
            from vllm_course.classroom.pseudonyms import pseudonymous

            exports = pseudonymous(exports)
        _hand_out(of_class(merging.merge(exports)), arguments)
    return int(bool(problems))


def _hand_out(report: Report, arguments: argparse.Namespace) -> None:
    if arguments.html:
        from vllm_course.classroom.page import write_page

        write_page(report, arguments.html)
    if arguments.json:
        text = command.as_json(tables.as_document(report))
    else:
        text = tables.as_rows(report) if arguments.csv else tables.as_text(report)
    command.hand_out(text, arguments.output)
