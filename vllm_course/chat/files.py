"""Saved conversations: JSON files that are written as a whole, replaced on purpose alone, and checked when read."""

import json
from pathlib import Path
from typing import Any, NamedTuple

from vllm_course import files
from vllm_course.chat.messages import check_messages
from vllm_course.chat.settings import check_values
from vllm_course.errors import CourseError, UsageError
from vllm_course.files import damaged, misfit, read_json, write

VERSION = 1
SHAPE = {"version": int, "model": str, "params": dict, "messages": list}
WHAT = "a saved conversation"
OTHER_VERSION = "Read it with the release of the course that wrote it."
MESSAGE_KEYS = ("role", "content", "finish_reason")
UNFINISHED = ("length", "abort")  # answers that were cut or interrupted; the others carry no mark


class Saved(NamedTuple):
    """What a file holds.

    Attributes:
        model: Name of the model that gave the answers.
        params: Sampling parameters, by vLLM's names.
        messages: The conversation; an answer that was not finished has a `finish_reason` of `UNFINISHED`.
    """

    model: str
    params: dict[str, Any]
    messages: list[dict[str, Any]]


def read_conversation(file: Path, *, name: str) -> Saved:
    """Read a saved conversation and check all of it.

    Args:
        file: What `write_conversation` wrote.
        name: The option or command that names the file, for errors.

    Raises:
        UsageError: The file cannot be read, or breaks a rule.
    """
    content = _read(file, name)
    try:
        saved = Saved(content["model"], check_values(content["params"]), _checked(content["messages"]))
    except CourseError as reason:
        raise damaged(file, str(reason), name=name, what=WHAT) from None
    return saved


def write_conversation(file: Path, saved: Saved, *, name: str) -> None:
    """Write a conversation as a whole or not at all.

    Args:
        file: A new file, an empty one, or a saved conversation, which is replaced.
        saved: What to write.
        name: The option or command that names the file, for errors.

    Raises:
        CourseError: The file is something else, or cannot be written. What was there stays.
    """
    check_place(file, name=name)
    content = {"version": VERSION, **saved._asdict()}
    write(file, json.dumps(content, indent=2, ensure_ascii=False), name=name)


def check_place(file: Path, *, name: str) -> None:
    """Refuse a place where no conversation should be written.

    Raises:
        UsageError: The folder is missing, or what lies there is no saved conversation.
    """
    files.check_place(file, name=name)
    if file.exists() and file.stat().st_size:
        _refuse_other(file, name)


def _refuse_other(file: Path, name: str) -> None:
    try:
        read_conversation(file, name=name)
    except UsageError:
        raise UsageError(
            f"{name} must be a new file or a whole saved conversation, got {file}, which is something else and would "
            "be lost. Choose another name."
        ) from None


def _read(file: Path, name: str) -> dict[str, Any]:
    content = read_json(file, name=name, what=WHAT)
    if reason := misfit(content, SHAPE):
        raise damaged(file, f"{reason}.", name=name, what=WHAT)
    if content["version"] != VERSION:
        reason = f"version must be {VERSION}, got {content['version']}."
        raise damaged(file, reason, name=name, what=WHAT, remedy=OTHER_VERSION)
    return content


def _checked(messages: list[Any]) -> list[dict[str, Any]]:
    for index, message in enumerate(check_messages(messages)):
        place = f"messages[{index}]"
        unknown = next((key for key in message if key not in MESSAGE_KEYS), None)
        if unknown:
            raise CourseError(f"{place} must hold {', '.join(MESSAGE_KEYS)} alone, got {unknown!r}.")
        if message.get("finish_reason") not in (None, *UNFINISHED):
            mark = message["finish_reason"]
            raise CourseError(f"{place}.finish_reason must be one of {', '.join(UNFINISHED)}, got {mark!r}.")
    return messages
