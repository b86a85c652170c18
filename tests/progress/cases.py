"""What the tests of the progress file share: another process, another user, and what lies in a folder."""

import contextlib
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from vllm_course import cli, paths, progress

NOBODY = 65534
DENIED = r"^the progress file must be (readable and )?writable, got .+ for \S+\. Allow (it|writing), or set VLLM_COURSE"


def process(code: str, home: Path, *, prefix: tuple[str, ...] = ()) -> subprocess.Popen:
    """Start a Python process with its progress in a folder."""
    return subprocess.Popen(
        [*prefix, sys.executable, "-c", code],
        env={**os.environ, "VLLM_COURSE_HOME": str(home), "PYTHONPATH": str(paths.root())},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def output(code: str, home: Path, *, prefix: tuple[str, ...] = ()) -> str:
    """Run a Python process to its end and return what it printed."""
    started = process(code, home, prefix=prefix)
    out, err = started.communicate(timeout=120)
    assert (started.returncode, err) == (0, "")
    return out


def contents(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def first_attempts() -> list[str]:
    """Write two attempts, one hint and one tick, and return what a reader must find."""
    progress.record_attempt("1.1", "not yet", "closer", "a")
    progress.record_attempt("1.1", "passed", "", "b")
    progress.record_hint("1.1", 2)
    progress.set_tick("01", "load a model", ticked=True)
    return ["not yet", "passed"]


def kept() -> list[str]:
    """Return the statuses of the attempts at exercise 1.1."""
    return [attempt.status for attempt in progress.read().attempts.get("1.1", [])]


@contextlib.contextmanager
def unprivileged(folder: Path) -> Iterator[None]:
    """Go on as a user whom permissions bind: root becomes nobody. Skips where they bind nobody.

    Args:
        folder: A folder whose permissions are 0o555, to try them.
    """
    if root := os.geteuid() == 0:
        os.seteuid(NOBODY)
    try:
        if os.access(folder, os.W_OK, effective_ids=True):
            pytest.skip("permissions do not bind this user")
        yield
    finally:
        if root:
            os.seteuid(0)


def course(root: Path, slug: str, *, exercises: dict[str, str], items: list[str], title: str = "A lesson") -> Path:
    """Write a lesson and its exercises as the catalogue reads them, and return the lesson's notebook."""
    number, name = slug[:2], slug[3:].replace("-", "_")
    cells = [
        ("markdown", [f"# Lesson {number}: {title}\n", "\n", "Text."]),
        ("code", [f'checklist("{number}", {items})']),
    ]
    headings = [("markdown", [f"## Exercise {n}: {text}\n", "\n", "Do it."]) for n, text in exercises.items()]
    notebook(root / "exercises" / slug / "exercises.ipynb", headings)
    return notebook(root / "lessons" / slug / f"{name}.ipynb", cells)


def questions(lesson: Path, *names: str) -> None:
    """Give a lesson a quiz of these questions; "right" is right, "wrong" and "wrong too" are not."""
    options = "[{wrong: wrong, why: No.}, {right: right, why: Yes.}, {wrong: wrong too, why: No.}]"
    lines = [f"{name}: {{ask: 'What is right?', see: 1, options: {options}}}" for name in names]
    (lesson / "quiz.yaml").write_text("\n".join(lines), encoding="utf-8")


def notebook(file: Path, cells: list[tuple[str, list[str] | str]]) -> Path:
    """Write a notebook of cells, each a kind and its source."""
    file.parent.mkdir(parents=True, exist_ok=True)
    document = {"cells": [{"cell_type": kind, "source": source} for kind, source in cells]}
    file.write_text(json.dumps(document), encoding="utf-8")
    return file


def pragma(name: str) -> object:
    """Ask the progress file for one of its settings."""
    connection = sqlite3.connect(progress.file())
    try:
        return connection.execute(f"PRAGMA {name}").fetchone()[0]
    finally:
        connection.close()


def run_progress(*arguments: str) -> int:
    """Run `vllm-course progress` and return its exit code."""
    try:
        return cli.main(["progress", *arguments])
    except SystemExit as end:
        return end.code


def export(folder: Path, name: str, learner: str, done: set[str], *, changes: dict | None = None) -> None:
    """Write an export in which these exercises are passed and these items of lesson 01 ticked."""
    first = {
        "lesson": "01",
        "exercises": [{"number": n, "status": "passed" if n in done else "not yet"} for n in ("1.1", "1.2")],
        "checklist": [{"item": item, "ticked": item in done} for item in ("load", "say why")],
    }
    second = {"lesson": "02", "checklist": [], "exercises": [{"number": "2.1", "status": "passed"}] * ("2.1" in done)}
    document = {"format": "vllm-course progress", "schema": 1, "learner": learner, "lessons": [first, second]}
    (folder / name).write_text(json.dumps(document | (changes or {})), encoding="utf-8")


def course_of_two(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a folder the checkout: a course of two lessons, with exercises 1.1, 1.2 and 2.1."""
    monkeypatch.setattr(paths, "root", lambda: root)
    course(root, "01-a", exercises={"1.1": "One", "1.2": "Two"}, items=["load", "say why"])
    course(root, "02-b", exercises={"2.1": "Other"}, items=["load"])
