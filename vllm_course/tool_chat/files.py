"""A conversation with calls of tools and their results, in a file."""

from pathlib import Path
from typing import Any

from vllm_course.chat.files import WHAT
from vllm_course.chat.messages import check_messages
from vllm_course.errors import CourseError
from vllm_course.files import check_place, damaged, misfit, read_json

SHAPE = {"version": int, "model": str, "messages": list}
VERSION = 1
KEYS = ("role", "content", "tool_calls", "tool_call_id")


def check_save(file: Path, *, name: str) -> None:
    """Refuse a place where no conversation should be written.

    Raises:
        UsageError: The folder is missing, or what lies there is no saved conversation.
    """
    check_place(file, name=name)
    if file.exists() and file.stat().st_size:
        read_talk(file, name=name)


def read_talk(file: Path, *, name: str) -> list[dict[str, Any]]:
    """Read the messages of a saved conversation, calls and results of tools among them.

    Raises:
        UsageError: The file cannot be read, or breaks a rule.
    """
    content = read_json(file, name=name, what=WHAT)
    if reason := misfit(content, SHAPE):
        raise damaged(file, f"{reason}.", name=name, what=WHAT)
    try:
        for index, message in enumerate(check_messages(content["messages"])):
            if unknown := next((key for key in message if key not in KEYS), None):
                raise CourseError(f"messages[{index}] must hold {', '.join(KEYS)} alone, got {unknown!r}.")
    except CourseError as error:
        raise damaged(file, str(error), name=name, what=WHAT) from None
    return content["messages"]
