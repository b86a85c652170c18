"""The command `vllm-course`. Each sub-command is a module that offers `add_parser`, named in COMMANDS."""

import sys

from vllm_course import __version__, doctor
from vllm_course.classroom import certificate_command, progress_command
from vllm_course.reviewing import command as review_command
from vllm_course.runtime.interrupting import raise_from_now_on
from vllm_course.tool import ToolParser, tool

COMMANDS = (doctor, progress_command, review_command, certificate_command)


@tool
def main(argv: list[str] | None = None) -> int:
    """Run a sub-command.

    Args:
        argv: Arguments; None takes the process's.

    Returns:
        The sub-command's exit code.
    """
    raise_from_now_on()
    arguments = parser().parse_args(argv)
    return arguments.run(arguments)


def parser() -> ToolParser:
    """Return the parser with every sub-command."""
    result = ToolParser(
        prog="vllm-course",
        description="Tools beside the lessons.",
        epilog="Examples: vllm-course doctor --offline, vllm-course progress",
    )
    result.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = result.add_subparsers(required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add_parser(commands)
    return result


if __name__ == "__main__":
    sys.exit(main())
