"""What messages must look like before a chat template turns them into a prompt, and texts that a terminal can show."""

import unicodedata
from typing import Any

from vllm_course.errors import CourseError, is_text

ROLES = ("system", "user", "assistant", "tool")


def check_messages(messages: Any, *, name: str = "messages") -> list[dict[str, Any]]:
    """Refuse what is no conversation, with one line that says where and why.

    vLLM passes much of it on to the template, and what comes out then is anyone's guess: a message without content is
    an empty turn, and some templates leave out a role that they do not know.

    Args:
        messages: What should be a list of messages.
        name: What the error calls it, for example a file's name.

    Returns:
        The messages, as they were given.

    Raises:
        CourseError: It is no list, empty, or a message breaks a rule.

    Example:
        >>> check_messages([{"role": "user", "content": "Hello!"}])
        [{'role': 'user', 'content': 'Hello!'}]
    """
    if not isinstance(messages, list):
        raise CourseError(f'{name} must be a list of messages, got {_kind(messages)}. Write [{{"role": ..., ...}}].')
    if not messages:
        raise CourseError(f"{name} must hold at least one message, got none. Begin with a message of the role user.")
    for index, message in enumerate(messages):
        _check(message, index, f"{name}[{index}]")
    if all(message["role"] == "system" for message in messages):
        raise CourseError(
            f"{name} must hold a message to answer, got a system message alone. Add one of the role user."
        )
    return messages


def check_text(text: Any, *, name: str) -> str:
    """Return a text that a person wrote, if a tokenizer can read it.

    Raises:
        CourseError: It is blank, or no text.
    """
    if not isinstance(text, str) or not text.strip():
        raise CourseError(f"{name} must hold a text that is not empty, got {text!r:.40}. Write what you want to say.")
    if not is_text(text):
        raise CourseError(f"{name} must be text in UTF-8, got other bytes. Save or type it as UTF-8.")
    return text


def harmless(text: str) -> str:
    """Replace control characters, with which a text could move the cursor or clear the screen.

    Example:
        >>> harmless("red: \\x1b[31m")
        'red: \ufffd[31m'
    """
    return "".join(c if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cs") else "\ufffd" for c in text)


def _check(message: Any, index: int, place: str) -> None:
    if not isinstance(message, dict):
        raise CourseError(
            f'{place} must be an object with role and content, got {_kind(message)}. Write {{"role": ...}}.'
        )
    role, content = message.get("role"), message.get("content")
    if role not in ROLES:
        raise CourseError(f"{place}.role must be one of {', '.join(ROLES)}, got {role!r}. Correct it.")
    if role == "system" and index > 0:
        raise CourseError(f"{place}.role must not be system: only the first message may be. Join the two texts.")
    may_be_empty = role == "assistant" and message.get("tool_calls")
    if not isinstance(content, str) and not (may_be_empty and content is None):
        raise CourseError(f"{place}.content must be a text, got {_kind(content)}. Put it into quotation marks.")
    if not content and not may_be_empty and role == "user":
        raise CourseError(f"{place}.content must not be empty. Write what the user says, or remove the message.")


def _kind(value: Any) -> str:
    return "nothing" if value is None else f"{type(value).__name__} {value!r}"[:60]
