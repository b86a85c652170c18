"""Jobs: what each line of a file asks for. JSON lines, a CSV file with a column `prompt`, or one prompt a line.

A line that cannot be read is a job too. It carries the reason, so that order and number of lines stay. The file is
read as it is needed, and may be larger than the memory: only the ids are kept.
"""

import csv
import itertools
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from vllm_course.errors import UsageError, did_you_mean, is_text
from vllm_course.files import once, refuse_half_characters
from vllm_course.parameters import PARAMETERS

KEYS = ("id", "prompt", "messages", "params")
TYPES = {
    "id": ((str, int), "a text or a whole number", "Change it, or leave it out."),
    "prompt": ((str,), "a text", "Put it into quotation marks."),
    "messages": ((list,), "a list of messages", 'Write [{"role": "user", "content": ...}].'),
    "params": ((dict,), "an object", 'Write {"max_tokens": 8}.'),
}
ONLY_IN_JSON = {*PARAMETERS, "params", "messages"}
UNREADABLE = "surrogateescape"  # what is no UTF-8 arrives as half characters, which `is_text` finds
NO_TEXT = "a line must be text in UTF-8, got other bytes. Save the file as UTF-8."
QUOTE = 'Put a text with a comma or a line end into quotation marks, and write "" for one inside.'
LONGEST_CELL = 2**31 - 1  # Python's own limit, 131072 characters, is less than the context of large models


class Job(NamedTuple):
    """What one line asks for.

    Attributes:
        id: The line's own, or else its number, from 1.
        prompt: A text to continue, or the messages of a chat.
        params: Fields of `vllm.SamplingParams`, not checked yet.
        error: Why the line cannot be answered; "" where it can.
    """

    id: str | int
    prompt: str | list[dict[str, Any]] = ""
    params: dict[str, Any] = {}
    error: str = ""


def read_jobs(file: Path) -> Iterator[Job]:
    """Read jobs one after the other. Blank lines ask for nothing and are left out.

    Args:
        file: Its name ends with `.jsonl` or `.ndjson` (a line is `{"id": ..., "prompt": ..., "params": {...}}`, or has
            `messages` in place of `prompt`; id and params may be left out), with `.csv` (a column `prompt`, and `id` if
            wanted), or with `.txt` or nothing (a line is a prompt). UTF-8, with or without a byte order mark.

    Returns:
        The jobs, in the order of their lines.

    Raises:
        UsageError: The file cannot be read, has another ending or no line, or a CSV file has the wrong columns.
    """
    if (ending := file.suffix.lower()) not in READERS:
        raise UsageError(f"INPUT must end with .jsonl, .csv or .txt, got {file}. Convert it, or rename it.")
    jobs = _jobs(file, READERS[ending])
    first = next(jobs, None)
    if first is None:
        raise UsageError(f"INPUT must hold at least one prompt, got none in {file}. Check the file.")
    return itertools.chain([first], jobs)


def _jobs(file: Path, reader: Any) -> Iterator[Job]:
    seen: set[str | int] = set()
    try:
        with file.open(encoding="utf-8-sig", errors=UNREADABLE, newline="") as lines:
            for job in reader(lines):
                yield _once(job, seen)
                if not job.error:  # its id may be the line's number, which another line may have for its own
                    seen.add(job.id)
    except (OSError, ValueError) as error:  # a ValueError is about a zero byte in the name
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"INPUT must be a readable file, got {reason}: {file}. Check the path.") from None


def _once(job: Job, seen: set[str | int]) -> Job:
    if job.error or job.id not in seen:
        return job
    return job._replace(error=f"id must be there once, got {job.id!r} again. Give every line an id of its own.")


def _from_text(lines: TextIO) -> Iterator[Job]:
    for number, line in enumerate(lines, start=1):
        if line.strip():
            yield _filled(Job(number, line.rstrip("\r\n")))


def _from_json(lines: TextIO) -> Iterator[Job]:
    for number, line in enumerate(lines, start=1):
        if line.strip():
            yield _from_line(number, line.rstrip("\r\n"))


def _from_line(number: int, line: str) -> Job:
    if not is_text(line):
        return Job(number, error=NO_TEXT)
    try:
        found = json.loads(line, parse_constant=_no_number, parse_float=_finite, object_pairs_hook=once)
        refuse_half_characters(found)
    except (ValueError, RecursionError) as error:
        return Job(number, error=f"line {number} must be valid JSON, got: {_reason(error)}. Write one object a line.")
    own = found.get("id") if isinstance(found, dict) else None
    name = own if type(own) in (str, int) else number  # and not isinstance: true is no whole number
    if wrong := _wrong(found):
        return Job(name, error=wrong)
    prompt = found["messages"] if "messages" in found else found["prompt"]
    return _filled(Job(name, prompt, found.get("params", {})))


def _wrong(found: Any) -> str:
    """Return what is wrong with a line's value, "" for nothing."""
    if not isinstance(found, dict):
        return f'a line must be an object, got {found!r:.40}. Write {{"prompt": ...}}.'
    if unknown := [key for key in found if key not in KEYS]:
        remedy = "Put it into params." if unknown[0] in PARAMETERS else did_you_mean(unknown[0], KEYS, otherwise="")
        return f"a line must have no keys but {', '.join(KEYS)}, got {unknown[0]!r:.40}. {remedy or 'Remove it.'}"
    if ("prompt" in found) == ("messages" in found):
        got = "both" if "prompt" in found else "none"
        return f"a line must have either prompt or messages, got {got}. Write one of the two."
    for name, value in found.items():
        kinds, rule, remedy = TYPES[name]
        if type(value) not in kinds:
            return f"{name} must be {rule}, got {value!r:.40}. {remedy}"
    return ""


def _from_csv(lines: TextIO) -> Iterator[Job]:
    csv.field_size_limit(LONGEST_CELL)
    rows = csv.reader(lines, strict=True)
    try:
        columns = next(rows, [])
    except csv.Error as error:
        raise UsageError(f"INPUT must be valid CSV, got: {error}, in the first line. Correct it.") from None
    _check_columns(columns)
    for number in itertools.count(1):
        try:
            row = next(rows, None)
        except csv.Error as error:
            yield Job(number, error=f"row {number} must be valid CSV, got: {error}. {QUOTE}")
            continue
        if row is None:
            return
        if row:
            yield _from_row(number, columns, row)


def _check_columns(columns: list[str]) -> None:
    """Refuse a table whose columns would be misread, or silently not be read."""
    got = f"{','.join(columns)!r:.60}"
    if "prompt" not in columns:
        remedy = "Name the columns in the first line, with commas between them, such as id,prompt."
        raise UsageError(f"INPUT must have a column prompt, got {got}. {remedy}")
    if twice := [name for name in ("prompt", "id") if columns.count(name) > 1]:
        raise UsageError(f"INPUT must have a column {twice[0]} once, got {got}. Rename the other one.")
    if lost := sorted(ONLY_IN_JSON.intersection(columns)):
        raise UsageError(f"INPUT must have no column {lost[0]} as CSV, got {got}. Write JSON lines, or remove it.")


def _from_row(number: int, columns: list[str], row: list[str]) -> Job:
    if len(row) != len(columns):
        return Job(number, error=f"row {number} must have {len(columns)} cells, got {len(row)}. {QUOTE}")
    cells = dict(zip(columns, row, strict=True))
    if not is_text(cells.get("id", "")):
        return Job(number, error=NO_TEXT)
    return _filled(Job(cells.get("id") or number, cells["prompt"]))


def _filled(job: Job) -> Job:
    """Refuse a text that no tokenizer can read, or without a character."""
    if isinstance(job.prompt, str) and not is_text(job.prompt):
        return job._replace(prompt="", error=NO_TEXT)
    if job.prompt == "":
        return job._replace(error="prompt must not be empty. Fill it, or remove the line.")
    return job


def _reason(error: Exception) -> str:
    return f"{error.msg} at column {error.colno}" if isinstance(error, json.JSONDecodeError) else str(error)


def _no_number(name: str) -> None:
    raise ValueError(f"{name}, which is no number in JSON")


def _finite(text: str) -> float:
    if math.isinf(value := float(text)):
        raise ValueError(f"{text:.40}, which is too large")
    return value


READERS = {".jsonl": _from_json, ".ndjson": _from_json, ".csv": _from_csv, ".txt": _from_text, "": _from_text}
