"""Saved conversations: JSON files that are written as a whole, replaced on purpose alone, and checked when read."""

import json
import os
from pathlib import Path
from typing import Any, NamedTuple

from vllm_course.chat.messages import check_messages
from vllm_course.chat.settings import check_values
from vllm_course.errors import CourseError
from vllm_course.files import write
from vllm_course.tool import UsageError

VERSION = 1
KEYS = {"version": int, "model": str, "params": dict, "messages": list}
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
    content = _parsed(file, name)
    try:
        saved = Saved(content["model"], check_values(content["params"]), _checked(content["messages"]))
    except CourseError as reason:
        raise _damaged(file, name, str(reason)) from None
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
    if not file.parent.is_dir():
        raise UsageError(f"{name} must be in a folder that is there, got {file}. Make the folder {file.parent}.")
    if file.exists() and not file.is_file():
        raise UsageError(f"{name} must be a file, got {file}, which is something else. Choose another name.")
    for place in [file.parent, *([file] if file.exists() else [])]:
        if not os.access(place, os.W_OK):
            raise UsageError(f"{name} must be in a place that can be written, got a read-only {place}. Choose another.")
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


def _parsed(file: Path, name: str) -> dict[str, Any]:
    if file.exists() and not file.is_file():
        raise UsageError(f"{name} must be a file, got {file}, which is something else. Check the path.")
    try:
        content = json.loads(file.read_text("utf-8-sig"))
    except OSError as error:
        raise UsageError(f"{name} must be a readable file, got {error.strerror}: {file}. Check the path.") from None
    except UnicodeDecodeError:
        raise _damaged(file, name, "it must be text in UTF-8, got other bytes.") from None
    except (ValueError, RecursionError) as error:
        raise _damaged(file, name, f"it must be valid JSON, got: {error}.") from None
    return _with_keys(content, file, name)


def _with_keys(content: Any, file: Path, name: str) -> dict[str, Any]:
    if not isinstance(content, dict):
        raise _damaged(file, name, f"it must be a JSON object, got {type(content).__name__}.")
    for key, kind in KEYS.items():
        if type(content.get(key)) is not kind:
            raise _damaged(file, name, f"{key} must be of type {kind.__name__}, got {content.get(key)!r:.60}.")
    if content["version"] != VERSION:
        reason = f"version must be {VERSION}, got {content['version']}."
        raise _damaged(file, name, reason, remedy="Read it with the release of the course that wrote it.")
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


def _damaged(file: Path, name: str, reason: str, *, remedy: str = "Mend it or take another file.") -> UsageError:
    text = " ".join(reason.split())
    return UsageError(f"{name} must be a saved conversation, got {file}: {text} {remedy}")
