"""`vllm-course review`: what was missed is asked again when it is due. Nothing is shown that was not asked for."""

import argparse
import json

EPILOG = """examples:
  vllm-course review
  vllm-course review --json"""


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add the sub-command `review` to `vllm-course`."""
    parser = commands.add_parser(
        "review",
        help="ask again what you missed",
        description="Ask up to 5 questions: those that you missed in a quiz, after 1, 3, 7 and 21 days, and forecasts "
        "that were far off. Enter leaves a question for another time, Ctrl-D ends.",
        epilog=EPILOG,
    )
    parser.add_argument("--json", action="store_true", help="print what is due as JSON, and ask nothing")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Ask what is due, or print it; return the exit code."""
    from vllm_course.reviewing.asking import today  # takes pandas along, which other sub-commands do not need
    from vllm_course.reviewing.dialog import ask_all

    found = today()
    if arguments.json:
        print(json.dumps(found.as_document(), indent=2, ensure_ascii=False))
    elif found.questions:
        ask_all(found.first, left=len(found.questions) - len(found.first))
    else:
        print(found.nothing())
    return 0
