"""Files that are read and written as a whole, and one refusal for each thing that can be wrong with them."""

import json
import os
import secrets
from pathlib import Path
from typing import Any

from vllm_course.errors import CourseError, UsageError


def read_text(file: Path, *, name: str) -> str:
    """Read a file that a person wrote.

    Args:
        file: Text in UTF-8, with or without the mark that some editors put before it.
        name: The option that names the file, for errors.

    Raises:
        UsageError: The file cannot be read, or holds other bytes than text.
    """
    try:
        return _decoded(file, name)
    except UnicodeError:
        raise UsageError(f"{name} must be text in UTF-8, got other bytes in {file}. Save it as UTF-8.") from None


def read_prompts(file: Path, *, name: str) -> list[str]:
    """Return the lines of a file that are not blank: one prompt a line.

    Args:
        file: Its place.
        name: What the error calls it, for example an option.

    Raises:
        UsageError: The file cannot be read, or holds no prompt.
    """
    lines = [line for line in read_text(file, name=name).split("\n") if line.strip()]
    if not lines:
        raise UsageError(f"{name} must hold at least one prompt, got none in {file}. Write one a line.")
    return lines


def read_json(file: Path, *, name: str, what: str) -> dict[str, Any]:
    """Read a file that the course wrote: one JSON object.

    Args:
        file: Where it is.
        name: The option or command that names the file, for errors.
        what: What the file should be, for errors, for example "a saved conversation".

    Raises:
        UsageError: The file cannot be read, or holds something else.
    """
    _refuse_other(file, name, remedy="Check the path.")
    try:
        content = json.loads(_decoded(file, name))
        refuse_half_characters(content)
    except UnicodeError:
        raise damaged(file, "it must be text in UTF-8, got other bytes.", name=name, what=what) from None
    except (ValueError, RecursionError) as error:
        raise damaged(file, f"it must be valid JSON, got: {error}.", name=name, what=what) from None
    if not isinstance(content, dict):
        reason = f"it must be a JSON object, got {type(content).__name__}."
        raise damaged(file, reason, name=name, what=what)
    return content


def refuse_half_characters(content: Any) -> None:
    r"""Refuse a text that JSON and YAML can write and no tokenizer can read, such as `"\ud83d"`.

    Args:
        content: What a file holds.

    Raises:
        ValueError: There is one, in a key or in a value.
    """
    try:
        json.dumps(content, ensure_ascii=False, default=str, skipkeys=True).encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"half a character in a text, {ascii(error.object[error.start])}") from None


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return a mapping of pairs; given to `json.loads` as `object_pairs_hook`, it refuses what JSON lets pass.

    Raises:
        ValueError: A key is there twice.
    """
    names = [name for name, _ in pairs]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"{name} is there twice")
    return dict(pairs)


def damaged(
    file: Path, reason: str, *, name: str, what: str, remedy: str = "Mend it or take another file."
) -> UsageError:
    """Return the error for a file that is not what it should be.

    Args:
        file: Where it is.
        reason: What is wrong with it, a sentence.
        name: The option or command that names the file.
        what: What the file should be.
        remedy: What to do, a sentence.
    """
    return UsageError(f"{name} must be {what}, got {file}: {' '.join(reason.split())} {remedy}")


def misfit(value: Any, shape: Any, *, place: str = "") -> str:
    """Return what does not fit a shape, or "" when all fits.

    Args:
        value: What a JSON file holds.
        shape: A type; a dict from each key to the shape of its value, where more keys may be there; or a list whose
            one entry is the shape of every element.
        place: Where the value is, for the message.

    Example:
        >>> shape = {"version": int, "messages": [{"role": str}]}
        >>> misfit({"version": 1, "messages": [{"role": "user"}, {"role": 5}]}, shape)
        'messages[1].role must be of type str, got 5'
        >>> misfit({"version": True, "messages": []}, shape)
        'version must be of type int, got True'
    """
    kind = shape if isinstance(shape, type) else type(shape)
    if type(value) is not kind:  # and not isinstance: true is no whole number
        return f"{place} must be of type {kind.__name__}, got {value!r:.60}"
    if isinstance(shape, dict):
        parts = [(value.get(key), part, f"{place}.{key}".lstrip(".")) for key, part in shape.items()]
    elif isinstance(shape, list):
        parts = [(part, shape[0], f"{place}[{number}]") for number, part in enumerate(value)]
    else:
        parts = []
    found = (misfit(part, expected, place=where) for part, expected, where in parts)
    return next((text for text in found if text), "")


def check_place(file: Path, *, name: str) -> None:
    """Refuse a place where no file can be written, before the work that makes its content.

    Args:
        file: Where a file is to be written.
        name: The option or command that names it, for errors.

    Raises:
        UsageError: The folder is missing or read-only, the name is too long, or what is there is no file, or read-only.
    """
    if not os.path.isdir(file.parent):
        raise UsageError(f"{name} must be in a folder that is there, got {file}. Make the folder {file.parent}.")
    _refuse_other(file, name, remedy="Choose another name.")
    for place in [file.parent, *([file] if _is_there(file, name) else [])]:
        if not os.access(place, os.W_OK):
            raise UsageError(f"{name} must be in a place that can be written, got a read-only {place}. Choose another.")


def write(file: Path, text: str, *, name: str = "--output") -> None:
    """Write a file under another name and rename it, so that nobody ever sees a half of it.

    Args:
        file: Where to write; a file that is there is replaced.
        text: Its content, without the last line's end.
        name: The option or command that names the file, for errors.

    Raises:
        CourseError: It cannot be written. What was there stays.
    """
    file = file.resolve()
    _refuse_other(file, name, remedy="Choose another name.")  # renaming would put a file in the place of a device
    unfinished = file.with_name(
        f".{secrets.token_hex(8)}.tmp"
    )  # short, where the file's own name may have no room left
    try:
        try:
            # What is no text can only be the name of a file, among the settings: it is written as escapes.
            with unfinished.open("x", encoding="utf-8", errors="backslashreplace", newline="") as stream:
                stream.write(text + "\n")
                stream.flush()
                os.fsync(stream.fileno())
            unfinished.replace(file)
        finally:
            unfinished.unlink(missing_ok=True)
    except OSError as error:
        raise CourseError(f"{name} must be a file that can be written, got {error.strerror}: {file}.") from error


def _decoded(file: Path, name: str) -> str:
    """Return a file's text; raise UnicodeError where its bytes are none, zero bytes among them."""
    try:
        text = file.read_text("utf-8-sig")
    except UnicodeError:
        raise
    except (OSError, ValueError) as error:
        raise UsageError(f"{name} must be a readable file, got {_reason(error)}: {file}. Check the path.") from None
    if "\0" in text:
        raise UnicodeError("it holds zero bytes")
    return text


def _refuse_other(file: Path, name: str, *, remedy: str) -> None:
    """Refuse a folder or a device where a file is meant."""
    if os.path.exists(file) and not os.path.isfile(file):
        raise UsageError(f"{name} must be a file, got {file}, which is something else. {remedy}")


def _is_there(file: Path, name: str) -> bool:
    """Return whether a file is there; refuse a name that none can have, such as one that is too long."""
    try:
        file.stat()
    except FileNotFoundError:
        return False
    except (OSError, ValueError) as error:
        raise UsageError(f"{name} must be a name for a file, got {_reason(error)}: {file}. Choose another.") from None
    return True


def _reason(error: OSError | ValueError) -> str:
    """Return what the system says; a ValueError is about a zero byte in the name."""
    return getattr(error, "strerror", None) or str(error)
