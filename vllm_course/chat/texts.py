"""Texts that come in and go out: what a tokenizer can read, and what a terminal can show."""

import unicodedata

from vllm_course.errors import CourseError


def check_text(text: str, *, name: str) -> str:
    """Return a text that a person wrote, if a tokenizer can read it.

    Raises:
        CourseError: It is blank, or no text.
    """
    if not text.strip():
        raise CourseError(f"{name} must hold a text that is not empty, got {text!r:.40}. Write what you want to say.")
    if "\0" in text or not text.isascii() and text.encode("utf-8", "ignore").decode() != text:
        raise CourseError(f"{name} must be text in UTF-8, got other bytes. Save or type it as UTF-8.")
    return text


def harmless(text: str) -> str:
    """Replace control characters, with which a text could move the cursor or clear the screen.

    Example:
        >>> harmless("red: \\x1b[31m")
        'red: \ufffd[31m'
    """
    return "".join(c if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cs") else "\ufffd" for c in text)
