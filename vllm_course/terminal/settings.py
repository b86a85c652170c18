"""What the command line and standard input ask for, checked before the seconds that importing vLLM takes."""

import argparse
import json
import os
import stat
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vllm_course.chat.files import Saved, check_place, read_conversation
from vllm_course.chat.messages import check_text
from vllm_course.chat.models import CHAT_MODEL_VARIABLE, DEFAULT_CHAT_MODEL
from vllm_course.chat.settings import RULES, check_length
from vllm_course.errors import CourseError
from vllm_course.models import find_model
from vllm_course.tool import UsageError

EXAMPLE = ["My name is Kelvo.", "What is the capital of France?", "What is my name?"]


@dataclass(frozen=True)
class Settings:
    """What is to be done.

    Attributes:
        model: Name of the model, as the user wrote it.
        engine: Arguments for the engine.
        params: Sampling parameters that the command line gives.
        says: Messages of the user, None to ask a person at the terminal.
        loaded: Conversation to go on with, None for a new one.
        save: File for the conversation, None for none.
        system: System prompt, "" for none, None to keep what was loaded.
    """

    model: str
    engine: dict[str, Any]
    params: dict[str, Any]
    says: list[str] | None
    loaded: Saved | None
    save: Path | None
    system: str | None


def read_settings(args: argparse.Namespace) -> Settings:
    """Check what can be checked without a model.

    Raises:
        UsageError: A value, a file or standard input breaks a rule.
    """
    model = args.model or os.environ.get(CHAT_MODEL_VARIABLE) or DEFAULT_CHAT_MODEL
    try:
        _check_model(model, args)
        if args.system:
            check_text(args.system, name="--system")
        save = Path(args.save).expanduser() if args.save else None
        if save:
            check_place(save, name="--save")
        return Settings(
            model=model,
            engine={} if args.max_model_len is None else {"max_model_len": args.max_model_len},
            params={name: value for name in RULES if (value := getattr(args, name, None)) is not None},
            says=messages_of(args),
            loaded=read_conversation(Path(args.load).expanduser(), name="--load") if args.load else None,
            save=save,
            system=args.system,
        )
    except CourseError as error:
        raise UsageError(str(error)) from None


def _check_model(model: str, args: argparse.Namespace) -> None:
    """Refuse what the files of a model on this machine tell about it; one of the Hub is checked once it is loaded."""
    folder = Path(find_model(model))
    if folder.is_dir() and not _has_template(folder):
        raise UsageError(f"--model must have a chat template, got {model}, which has none. Take pocket-chat.")
    if args.max_model_len and args.max_tokens:
        check_length(args.max_tokens, args.max_model_len, name="--max-tokens")


def _has_template(folder: Path) -> bool:
    config = _json(folder / "tokenizer_config.json")
    return bool(config.get("chat_template") or next(folder.glob("chat_template*"), None))


def _json(file: Path) -> dict[str, Any]:
    try:
        content = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):  # vLLM will say what is wrong with it
        return {}
    return content if isinstance(content, dict) else {}


def messages_of(args: argparse.Namespace) -> list[str] | None:
    """Return the user's messages: of --message, or standard input as a whole, or else the example; None for a chat.

    Raises:
        CourseError: A text is none that a tokenizer can read, or empty.
    """
    if args.message:
        return [check_text(text, name="--message") for text in args.message]
    if _input_holds_text():
        return [check_text(_input_text().strip("\n"), name="standard input")]
    at_terminal = sys.stdin is not None and sys.stdin.isatty()
    return None if at_terminal and not args.json else EXAMPLE


def _input_holds_text() -> bool:
    """Return whether standard input is a file or a pipe, and not a terminal, /dev/null or missing."""
    try:
        mode = os.fstat(sys.stdin.fileno()).st_mode
    except (AttributeError, OSError, ValueError):
        return False
    return not stat.S_ISCHR(mode)


def _input_text() -> str:
    try:
        return sys.stdin.buffer.read().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError("standard input must be text in UTF-8, got other bytes. Save it as UTF-8.") from None
