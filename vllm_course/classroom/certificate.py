"""A certificate of the lessons that a learner completed: a page to print, a text, and a checksum for each."""

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from vllm_course import catalogue, progress
from vllm_course.catalogue import Lesson
from vllm_course.classroom.page import render
from vllm_course.errors import CourseError
from vllm_course.files import damaged, read_text
from vllm_course.progress import Progress
from vllm_course.progress.report import passed

WHAT = "a certificate of this course, whole and unchanged"
# A name is always within a line, and on the page it is escaped, so it cannot be taken for this line.
CHECKSUM = re.compile(r"^(?:<p>)?Checksum \(SHA-256\): (?:<code>)?([0-9a-f]{64})(?:</code></p>)?$", re.MULTILINE)
UNKNOWN = "0" * 64  # stands where the checksum will be


@dataclass(frozen=True)
class Completed:
    """A lesson all of whose exercises were passed.

    Attributes:
        lesson: The lesson.
        ticked: How many items of its checklist are ticked.
        begun: Day of the first try at one of its exercises, in UTC.
        ended: Day on which the last exercise was passed.
    """

    lesson: Lesson
    ticked: int
    begun: date
    ended: date


def completed() -> list[Completed]:
    """Return the lessons that are completed. The checks judge exercises; the checklist is the learner's own judgement.

    Raises:
        CourseError: There is none, or the progress cannot be read.
    """
    done, lessons = progress.read(), [lesson for lesson in catalogue.lessons() if lesson.exercises]
    found = [_completed(lesson, done) for lesson in lessons if _passed(lesson, done) == len(lesson.exercises)]
    if not found:
        closest = max(lessons, key=lambda lesson: _passed(lesson, done) / len(lesson.exercises), default=None)
        raise _nothing(closest, _passed(closest, done) if closest else 0)
    return found


def documents(name: str, lessons: list[Completed]) -> dict[str, str]:
    """Return a certificate in both forms, by the ending of its file.

    Args:
        name: The learner's, any text of one line.
        lessons: What was completed, from `completed`.
    """
    values = {"name": name, "lessons": lessons, "total": len(catalogue.lessons()), "day": datetime.now(UTC).date()}
    return {
        ".html": _signed(render("certificate.html.jinja", unknown=UNKNOWN, **values)),
        ".txt": _signed(_text(**values)),
    }


def verify(file: Path) -> str:
    """Hold a certificate to its checksum.

    Returns:
        The checksum.

    Raises:
        UsageError: The file cannot be read.
        CourseError: It is no certificate, or it was changed.
    """
    text = read_text(file, name="--verify")
    stated = CHECKSUM.findall(text)
    if len(stated) != 1:
        reason = f"it must hold one checksum, got {len(stated)}."
        raise damaged(file, reason, name="--verify", what=WHAT, remedy="Ask for the file that the command wrote.")
    if (right := _checksum(_stating(text, UNKNOWN))) != stated[0]:
        found = f"its text has the checksum {right[:12]}, and it states {stated[0][:12]}"
        raise CourseError(f"--verify must be {WHAT}, got {file}: {found}. Ask for it again.")
    return right


def _passed(lesson: Lesson, done: Progress) -> int:
    return sum(bool(passed(done.attempts.get(number, []))) for number in lesson.exercises)


def _completed(lesson: Lesson, done: Progress) -> Completed:
    tries = [done.attempts[number] for number in lesson.exercises]
    days = [date.fromisoformat(one.at[:10]) for each in tries for one in (each[0], passed(each))]
    ended = max(date.fromisoformat(passed(each).at[:10]) for each in tries)
    return Completed(lesson, len(done.ticks.get(lesson.number, set()).intersection(lesson.checklist)), min(days), ended)


def _nothing(closest: Lesson | None, count: int) -> CourseError:
    rule = "a certificate must have a lesson whose exercises are all passed, got none"
    if closest is None or not count:
        return CourseError(f"{rule}. Begin with: make lab")
    return CourseError(f"{rule}. Lesson {closest.number} is closest, {count} of {len(closest.exercises)}: go on there.")


def _text(*, name: str, lessons: list[Completed], total: int, day: date) -> str:
    rows = [
        f"  {one.lesson.number}  {one.lesson.title}: {len(one.lesson.exercises)} exercises, "
        f"checklist {one.ticked} of {len(one.lesson.checklist)}, {one.begun} to {one.ended}"
        for one in lessons
    ]
    head = ["CERTIFICATE OF THE VLLM COURSE", "", f"for {name}", ""]
    head += [f"who passed all exercises of {len(lessons)} of {total} lessons:", ""]
    return "\n".join(
        [*head, *rows, "", f"Written on {day}. Days are in UTC.", "", PROVES, "", f"Checksum (SHA-256): {UNKNOWN}"]
    )


PROVES = """The checksum proves that this file is as the course wrote it: vllm-course certificate --verify FILE.
It does not prove who did the work. Anybody who has the course can write such a file."""


def _signed(document: str) -> str:
    return _stating(document, _checksum(document))


def _stating(document: str, checksum: str) -> str:
    """Return a document that states this checksum. Only that line changes, whatever a name is."""
    start, end = CHECKSUM.search(document).span(1)
    return document[:start] + checksum + document[end:]


def _checksum(document: str) -> str:
    """Return the checksum of a document in which it is not stated yet. Line ends do not count: mail changes them."""
    return hashlib.sha256("\n".join(document.splitlines()).rstrip("\n").encode()).hexdigest()
