"""A solution notebook run once, cell by cell, so that its answers can be checked, changed and broken."""

import ast
import asyncio
import contextlib
import functools
import inspect
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat

from tools.exercise_cells import nbgrader


@dataclass(frozen=True)
class Solved:
    """A solution notebook that ran: its variables, and the cells that failed."""

    namespace: dict[str, Any]
    failures: list[str]


@functools.cache
def solve(path: Path) -> Solved:
    """Run the code cells of a solution once, in one namespace, in its folder.

    Grade cells are left out: who solves a notebook calls `check` himself, and `pytest --nbval` runs these cells.
    """
    solved = Solved({"__name__": "__main__"}, [])
    cells = enumerate(nbformat.read(path, as_version=4).cells, start=1)
    ungraded = [(i, cell) for i, cell in cells if cell.cell_type == "code" and not nbgrader(cell).get("grade")]
    with contextlib.chdir(path.parent), beside(path.parent), asyncio.Runner() as runner:
        for number, cell in ungraded:
            try:
                _run(cell.source, solved.namespace, runner)
            except Exception as error:
                solved.failures.append(f"cell {number} must run, got {type(error).__name__}: {error}")
    return solved


def _run(source: str, namespace: dict[str, Any], runner: asyncio.Runner) -> None:
    """Run a cell as a notebook does, where `await` may be used at the top level; all cells share one event loop."""
    code = compile(source, "<cell>", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    if not code.co_flags & inspect.CO_COROUTINE:
        exec(code, namespace)
        return

    async def cell() -> None:
        await eval(code, namespace)

    runner.run(cell())


@contextlib.contextmanager
def beside(folder: Path) -> Iterator[None]:
    """Let code import the scripts of a folder, as Python does for a script in it and a kernel for a notebook."""
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))
