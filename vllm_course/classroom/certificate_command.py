"""`vllm-course certificate`: write a certificate of the lessons that are completed, or check one."""

import argparse
import sys
from pathlib import Path

from vllm_course.errors import UsageError
from vllm_course.files import check_place, write
from vllm_course.progress.exporting import learner_name

DEFAULT = Path("certificate.html")
EPILOG = """examples:
  vllm-course certificate --name "Ada Lovelace"
  vllm-course certificate --verify certificate.html

The checksum proves that a file is as the course wrote it. It does not prove who did
the work: anybody who has the course can write such a file."""


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add the sub-command `certificate` to `vllm-course`."""
    parser = commands.add_parser(
        "certificate",
        help="write a certificate of the lessons that are completed, or check one",
        description="Write a certificate of the lessons whose exercises are all passed: a page to print, and a text.",
        epilog=EPILOG,
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--name", metavar="NAME", help="whose certificate it is")
    what.add_argument(
        "--verify", type=Path, metavar="FILE", help="check that a certificate, page or text, is unchanged"
    )
    parser.add_argument(
        "--output", type=Path, metavar="FILE.html", help=f"the page; the text is beside it (default: {DEFAULT})"
    )
    parser.set_defaults(run=lambda arguments: _run(arguments, parser))


def _run(arguments: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    if arguments.verify is not None:
        if arguments.output:
            parser.error("--output must come with --name, got --verify.")
        return _verify(arguments.verify)
    try:
        places = _places(arguments.output or DEFAULT)
    except UsageError as error:
        parser.error(str(error))
    return _write(learner_name(arguments.name, name="--name", option="--name"), places)


def _places(page: Path) -> dict[str, Path]:
    """Return where page and text go, by their endings."""
    if page.suffix != ".html":
        raise UsageError(f"--output must end in .html, got {page}. The text gets the same name with .txt.")
    places = {ending: page.with_suffix(ending) for ending in (".html", ".txt")}
    for place in places.values():
        check_place(place, name="--output")
    return places


def _write(name: str, places: dict[str, Path]) -> int:
    from vllm_course.classroom import certificate

    for ending, text in certificate.documents(name, certificate.completed()).items():
        write(places[ending], text)
    print(f"The certificate is in {places['.html']}, and as a text in {places['.txt']}.")
    return 0


def _verify(file: Path) -> int:
    from vllm_course.classroom import certificate

    print(f"{file} is as the course wrote it (checksum {certificate.verify(file)}).")
    print("That does not prove who did the work: anybody who has the course can write such a file.", file=sys.stderr)
    return 0
