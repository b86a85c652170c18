"""What the command line and standard input ask a chat behind a server for, checked before anything is started."""

import argparse
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vllm_course.chat.messages import check_text
from vllm_course.chat.settings import RULES
from vllm_course.errors import CourseError, UsageError
from vllm_course.parameters import number
from vllm_course.remote.endpoint import Endpoint
from vllm_course.terminal.settings import messages_of
from vllm_course.tool_chat.files import check_save, read_talk

HERE = "http://127.0.0.1:8000/v1"
URL_VARIABLE, KEY_VARIABLE = "OPENAI_BASE_URL", "VLLM_API_KEY"
SAMPLING = ("temperature", "top_p", "max_tokens", "seed")


@dataclass(frozen=True)
class Asked:
    """What is to be done.

    Attributes:
        endpoint: The model, not opened yet.
        params: Sampling parameters that the command line gives.
        says: Messages of the user, None to ask a person at the terminal.
        messages: What the conversation begins with: a system prompt, and what was loaded.
        save: File for the conversation, None for none.
    """

    endpoint: Endpoint
    params: dict[str, Any]
    says: list[str] | None
    messages: list[dict[str, Any]]
    save: Path | None


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what every chat behind a server has. Sampling parameters have no defaults: those of the server count."""
    add = parser.add_argument
    add("--base-url", metavar="URL", help=f"the server (default: {URL_VARIABLE}, or {HERE})")
    add("--model", metavar="NAME", help="name of a model there (default: its first)")
    add("--api-key", metavar="KEY", help="what the server wants to see; others on this machine see it too")
    add("--api-key-env", metavar="NAME", default=KEY_VARIABLE, help=f"variable that holds it (default: {KEY_VARIABLE})")
    limit = number(float, low=0, high=3600, above=True, remedy="Leave it out for 300.")
    add("--timeout", type=limit, default=300, metavar="SECONDS", help="what an answer may take (default: 300)")
    add("--message", action="append", metavar="TEXT", help="what you say; repeat it for more turns")
    add("--system", metavar="TEXT", help='system prompt, "" for none')
    add("--load", metavar="FILE", help="go on with a saved conversation")
    add("--save", metavar="FILE", help="save the conversation")
    for name in SAMPLING:
        add(f"--{name.replace('_', '-')}", type=RULES[name].kind, help=RULES[name].meaning)
    add("--plain", action="store_true", help="no Markdown and no colours; NO_COLOR does the same")
    add("--json", action="store_true", help="print one JSON object instead of text")


def read_asked(args: argparse.Namespace) -> Asked:
    """Check what can be checked without a server.

    Raises:
        UsageError: A value, a file or standard input breaks a rule.
    """
    try:
        url = check_text(args.base_url or os.environ.get(URL_VARIABLE) or HERE, name="--base-url")
        key = args.api_key or os.environ.get(args.api_key_env)
        if key and not (key.isascii() and key.isprintable()):
            raise UsageError("--api-key must be plain text of one line, got another text. Copy it anew.")
        save = Path(args.save).expanduser() if args.save else None
        if save:
            check_save(save, name="--save")
        return Asked(
            endpoint=Endpoint(url, model=args.model, api_key=key, timeout=args.timeout),
            params={name: value for name in SAMPLING if (value := getattr(args, name)) is not None},
            says=messages_of(args),
            messages=_beginning(args),
            save=save,
        )
    except CourseError as error:
        raise UsageError(str(error)) from None


def _beginning(args: argparse.Namespace) -> list[dict[str, Any]]:
    loaded = read_talk(Path(args.load).expanduser(), name="--load") if args.load else []
    if args.system is None:
        return loaded
    system = [{"role": "system", "content": check_text(args.system, name="--system")}] if args.system else []
    return system + [message for message in loaded if message["role"] != "system"]
