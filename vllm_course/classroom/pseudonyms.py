"""Names that tell learners apart and say nothing about who they are."""

import base64
import dataclasses
import hmac
import os
import secrets
from pathlib import Path

from vllm_course import progress
from vllm_course.classroom.report import without_values
from vllm_course.errors import CourseError
from vllm_course.progress.importing import Export

SALT = "pseudonyms.salt"
LENGTH = 10  # characters, 50 bits: in a class of a thousand two are the same once in two thousand million reports


def pseudonymous(exports: list[Export]) -> list[Export]:
    """Replace names by pseudonyms, the same ones whenever this instructor makes a report.

    Hints lose the values in them, which may hold what a learner wrote.

    Raises:
        CourseError: The instructor's salt cannot be read or written.
    """
    salt = _salt()
    return [
        dataclasses.replace(
            export,
            learner=pseudonym(export.learner, salt),
            tries=None if export.tries is None else frozenset(map(_without_values, export.tries)),
        )
        for export in exports
    ]


def pseudonym(name: str, salt: bytes) -> str:
    """Return a name's pseudonym: nobody can compute it from the name without the salt.

    Example:
        >>> pseudonym("Ada", b"secret"), pseudonym("Ada", b"another")
        ('learner MS4TB-6OJ52', 'learner 5JREK-5UXQ4')
    """
    digest = base64.b32encode(hmac.digest(salt, name.encode(), "sha256")).decode()[:LENGTH]
    return f"learner {digest[:5]}-{digest[5:]}"


def _without_values(one: progress.Attempt) -> progress.Attempt:
    return dataclasses.replace(one, message=without_values(one.message))


def _salt() -> bytes:
    """Return the salt in the instructor's data folder; make one the first time, readable by its owner only.

    It is linked to its name when it is whole, so that two reports at once share one.
    """
    file = progress.home() / SALT
    try:
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            _make(file)
        salt = bytes.fromhex(file.read_text("ascii"))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "other text"
        raise _refused(file, reason) from error
    if len(salt) < 16:
        raise _refused(file, f"{len(salt)} bytes")
    return salt


def _make(file: Path) -> None:
    unfinished = file.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        with open(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as stream:
            stream.write(secrets.token_hex(32))
        try:
            os.link(unfinished, file)
        except FileExistsError:
            pass  # another report made one meanwhile: that one counts
        except OSError:  # a file system without links
            unfinished.replace(file)
    finally:
        unfinished.unlink(missing_ok=True)


def _refused(file: Path, reason: str) -> CourseError:
    rule = "the salt of the pseudonyms must be a file of at least 32 hexadecimal digits that can be read and written"
    remedy = "Allow it, or delete a damaged one: the next report then has other pseudonyms."
    return CourseError(f"{rule}, got {reason}: {file}. {remedy}")
