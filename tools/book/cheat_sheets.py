"""Cheat sheets, one page each: what a lesson lets you do, its rules, its commands and the code that one keeps.

All of it is taken from the lesson. The code is that of the cells with the tag `cheat-sheet`, and before it the
statements that it needs. The sheet of the course takes its tables from lessons, the Makefile and concept pages.
"""

import ast
import builtins
import re
import symtable
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from tools.book.outline import SHEET, Lesson, lessons

TAG = "cheat-sheet"
# Which point of a lesson's Summary the sheet of the course shows; the first where nothing is said.
RULE = {"01": 4, "02": 5, "03": 4, "04": 5, "05": 6, "07": 3, "08": 4, "09": 4}
TARGETS = ("lesson", "lab", "progress", "review", "doctor", "certificate", "book")
SUMMARY = re.compile(r"^## Summary\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
TOOL = re.compile(r"^## (?:\d+\. )?The tool\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
BASH = re.compile(r"^```bash\n(.*?)^```", re.MULTILINE | re.DOTALL)
# The concept pages' tables on the sheet of the course, each with the beginning of its first line.
TABLES = {
    "Why a text ended": ("request-output.md", "| value | meaning |"),
    "What to catch": ("errors.md", "| call | raises | when | retry |"),
    "What limits a batch": ("continuous-batching.md", "| limit | what it counts |"),
}
LINKED = re.compile(r"\[([^\]]*)\]\([^)]*\)")


def pages(root: Path) -> dict[str, str]:
    """Return the Markdown of every sheet by its path in the book, the course's first."""
    rows = lessons(root)
    return {SHEET: _course(root, rows)} | {row.sheet: _sheet(root, row) for row in rows}


def link(target: Path, row: Lesson) -> None:
    """Add to the copy of a lesson, at its beginning, the way to its sheet."""
    notebook = nbformat.read(target / row.notebook, as_version=4)
    notebook.cells[0].source += f"\n\nThis lesson on one page, to print: [cheat sheet](../../{row.sheet})."
    nbformat.write(notebook, target / row.notebook)


def rules(notebook: NotebookNode) -> list[str]:
    """Return the numbered points of the Summary, without links.

    Raises:
        ValueError: There are none.
    """
    found = SUMMARY.search(_prose(notebook))
    points = re.findall(r"^\d+\. (.+)$", found.group(1), re.MULTILINE) if found else []
    if not points:
        raise ValueError("a lesson must have numbered points under ## Summary, got none")
    return [LINKED.sub(r"\1", point) for point in points]


def commands(notebook: NotebookNode, number: str) -> list[str]:
    """Return the commands of a lesson: to run its script, to open it, and those of the section on its tool."""
    tool = TOOL.search(_prose(notebook))
    shown = "".join(BASH.findall(tool.group(1))) if tool else ""
    given = [line for line in shown.splitlines() if line.strip()]
    own = [f'make lesson LESSON={number} ARGS="--help"', f"make lab LESSON={number}"]
    return own + [line for line in given if line not in own]


def code(notebook: NotebookNode) -> str:
    """Return the code of the tagged cells, and before each the statements that give it its names."""
    statements = list(_statements(notebook))
    wanted: set[int] = set()
    for place, statement in enumerate(statements):
        if statement.tagged:
            _want(place, statements, wanted)
    kept = [statements[place] for place in sorted(wanted)]
    return "\n".join([*_imports(kept), *_spaced([one for one in kept if not one.imports])]).strip()


def _want(place: int, statements: list["Statement"], wanted: set[int]) -> None:
    """Add a statement and those that it needs: of two that make a name, the one that is wanted already."""
    wanted.add(place)
    for name in sorted(statements[place].needed):
        above = [earlier for earlier in range(place) if name in statements[earlier].bound]
        if above and not wanted.intersection(above):
            _want(above[-1], statements, wanted)


def _imports(kept: list["Statement"]) -> list[str]:
    """Return the imports in three parts, each name once: Python's, others', the course's."""
    used = {name for statement in kept for name in statement.needed}
    modules: dict[str, set[str]] = {}
    for one in kept:
        for start, name in one.imported(used) if one.imports else []:
            modules.setdefault(start, set()).add(name)
    parts: list[list[str]] = [[], [], []]
    for start, names in sorted(modules.items(), key=lambda item: (item[0].startswith("from"), item[0])):
        room = start.split()[1].split(".")[0] if start.startswith("from") else min(names).split(".")[0]
        part = 0 if room in sys.stdlib_module_names else 2 if room == "vllm_course" else 1
        lines = (
            [f"import {name}" for name in sorted(names)]
            if start == "import"
            else [f"{start} {', '.join(sorted(names))}"]
        )
        parts[part] += lines
    return [line for part in parts if part for line in [*part, ""]]


class Statement:
    """A statement of a notebook.

    Attributes:
        text: As it is written.
        tagged: Whether its cell has the tag.
        cell: The number of its cell.
        bound: The names that it makes.
        needed: The names that it takes from statements above.
        imports: Whether it is an import.
        defines: Whether it defines a function or a class.
    """

    def __init__(self, node: ast.stmt, source: str, cell: int, *, tagged: bool) -> None:
        first = min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", []))])
        self.text = "\n".join(source.split("\n")[first - 1 : node.end_lineno])
        self.cell, self.node = cell, node
        self.imports = isinstance(node, ast.Import | ast.ImportFrom)
        self.defines = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        self.tagged = tagged and not self.imports
        table = symtable.symtable(self.text, "cell", "exec")
        self.bound = {one.get_name() for one in table.get_symbols() if one.is_assigned() or one.is_imported()}
        self.needed = _needed(table, node, self.bound)

    def imported(self, used: set[str]) -> Iterator[tuple[str, str]]:
        """Yield those names of an import that are used, each after the words before it."""
        start = f"from {self.node.module} import" if isinstance(self.node, ast.ImportFrom) else "import"
        for one in self.node.names:
            if (one.asname or one.name.split(".")[0]) in used:
                yield start, f"{one.name} as {one.asname}" if one.asname else one.name


def missing(text: str) -> set[str]:
    """Return the names that a program uses and nothing in it makes."""
    table = symtable.symtable(text, "sheet", "exec")
    bound = {one.get_name() for one in table.get_symbols() if one.is_assigned() or one.is_imported()}
    return _referenced(table) - bound - set(dir(builtins))


def _prose(notebook: NotebookNode) -> str:
    return "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


def _needed(table: symtable.SymbolTable, node: ast.stmt, bound: set[str]) -> set[str]:
    found = _referenced(table) - set(dir(builtins))
    if isinstance(node, ast.AugAssign):
        return found | bound
    if not isinstance(node, ast.Assign):
        return found - bound
    return found - (bound - {one.id for one in ast.walk(node.value) if isinstance(one, ast.Name)})


def _referenced(table: symtable.SymbolTable) -> set[str]:
    """Return the names of the module that a piece of code reads, in functions too."""
    top = table.get_type() == "module"
    own = {one.get_name() for one in table.get_symbols() if one.is_referenced() and (top or one.is_global())}
    return own.union(*(_referenced(child) for child in table.get_children()))


def _statements(notebook: NotebookNode) -> Iterator[Statement]:
    for number, cell in enumerate(notebook.cells):
        if cell.cell_type == "code":
            tagged = TAG in cell.metadata.get("tags", [])
            yield from (Statement(n, cell.source, number, tagged=tagged) for n in ast.parse(cell.source).body)


def _spaced(kept: list[Statement]) -> Iterator[str]:
    """Yield statements, with an empty line where another cell or a definition begins or ends."""
    for before, one in zip([None, *kept], kept, strict=False):
        if before and (before.cell != one.cell or before.defines or one.defines):
            yield ""
        yield one.text


def _sheet(root: Path, row: Lesson) -> str:
    notebook = nbformat.read(root / row.notebook, as_version=4)
    numbered = "\n".join(f"{n}. {rule}" for n, rule in enumerate(rules(notebook), 1))
    lines = "\n".join(commands(notebook, row.number))
    return f"""# Cheat sheet {row.number}: {row.title}

Afterwards you can {row.able}. [The lesson](../{row.notebook})

## Rules

{numbered}

## Commands

```bash
{lines}
```

## Code

```python
{code(notebook)}
```
"""


def _course(root: Path, rows: list[Lesson]) -> str:
    best = []
    for row in rows:
        points = rules(nbformat.read(root / row.notebook, as_version=4))
        best.append(f"| [{row.number} {row.title}]({Path(row.sheet).name}) | {points[RULE.get(row.number, 1) - 1]} |")
    help_lines = re.findall(r"^([a-z-]+):.*?## (.+)$", (root / "Makefile").read_text("utf-8"), re.MULTILINE)
    said = dict(help_lines)
    targets = [f"| `make {name}` | {said[name].partition(':')[0]} |" for name in TARGETS]
    return (
        "\n".join(
            [
                "# Cheat sheet of the course\n\nA rule from each lesson. The number leads to the lesson's own sheet.\n",
                "| lesson | rule |\n|---|---|",
                *best,
                "\n## Commands\n\n| command | what it does |\n|---|---|",
                *targets,
                *_tables(root),
            ]
        )
        + "\n"
    )


def _tables(root: Path) -> Iterator[str]:
    """Yield the tables of the concept pages, without links.

    Raises:
        ValueError: A page has no such table.
    """
    for title, (page, head) in TABLES.items():
        tables = re.findall(r"(?:^\|.*\n)+", (root / "concepts" / page).read_text("utf-8"), re.MULTILINE)
        found = [table for table in tables if table.startswith(head)]
        if not found:
            raise ValueError(f"concepts/{page} must have a table that begins with {head!r}, got none. See TABLES.")
        yield f"\n## {title}\n\nFrom [this page](../concepts/{page}).\n\n" + LINKED.sub(r"\1", found[0]).rstrip()
