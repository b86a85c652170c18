"""What every committed notebook must keep, so that `pytest --nbval` compares all of it.

A rule takes a notebook and returns what it breaks, one message each.
"""

import ast

import nbformat
from nbformat import NotebookNode
from nbval.plugin import find_comment_markers

from tests.rules.notebooks import code, outputs, tags, tree
from tools.notebook_cleaning import KEPT_CELL_METADATA, METADATA, WIDGET, traces

RAISES, IGNORED = "raises-exception", "nbval-ignore-output"
ALLOWED_TAGS = {RAISES, IGNORED, "nbval-check-output", "cheat-sheet"}
IGNORED_SHARE = 0.2
MAX_BYTES = 600_000


def run_order(notebook: NotebookNode) -> list[str]:
    """Code cells were run once each, from top to bottom; nbval does not compare a cell that was not run."""
    return [
        f"cell {i} must have run as number {n}, got {cell.execution_count}. Run: make notebooks"
        for n, (i, cell) in enumerate(code(notebook), start=1)
        if cell.execution_count != n or not cell.source.strip()
    ]


def no_stderr(notebook: NotebookNode) -> list[str]:
    """Nothing was written to stderr."""
    return [
        f"cell {i} must write nothing to stderr, got {output.text.strip()[:80]!r}"
        for i, output in outputs(notebook)
        if output.get("name") == "stderr"
    ]


def no_traces(notebook: NotebookNode) -> list[str]:
    """No output tells of the machine or the moment: path, time of day, memory address."""
    return [
        f"cell {i} must read the same everywhere, got {trace}"
        for i, output in outputs(notebook)
        for trace in traces(output)
    ]


def no_state(notebook: NotebookNode) -> list[str]:
    """No widget state, no timing, no editor's notes in the metadata; no widget view in an output."""
    found = [] if notebook.metadata == METADATA else [f"metadata must be {METADATA}, got {dict(notebook.metadata)}"]
    for i, cell in enumerate(notebook.cells, start=1):
        if extra := set(cell.metadata) - KEPT_CELL_METADATA:
            found.append(f"cell {i} must have no metadata but {sorted(KEPT_CELL_METADATA)}, got {sorted(extra)}")
    views = [i for i, output in outputs(notebook) if any(kind.startswith(WIDGET) for kind in output.get("data", {}))]
    return found + [f"cell {i} must hold no widget view, got one: it shows nothing without its kernel" for i in views]


def errors_are_tagged(notebook: NotebookNode) -> list[str]:
    """A cell ends with an error exactly when it has the tag `raises-exception`."""
    failed = {i for i, output in outputs(notebook) if output.output_type == "error"}
    tagged = {i for i, cell in code(notebook) if RAISES in tags(cell)}
    return [f"cell {i} must have the tag {RAISES} exactly when it raises" for i in sorted(failed ^ tagged)]


def nothing_bypassed(notebook: NotebookNode) -> list[str]:
    """Only known tags, and none of nbval's markers in comments: they could skip a cell or its comparison."""
    found = []
    for i, cell in code(notebook):
        if unknown := tags(cell) - ALLOWED_TAGS:
            found.append(f"cell {i} must have no tags but {sorted(ALLOWED_TAGS)}, got {sorted(unknown)}")
        if markers := list(find_comment_markers(cell.source)):
            found.append(f"cell {i} must have no nbval marker in a comment, got {markers}. Use a tag.")
    return found


def ignored_are_asserted(notebook: NotebookNode) -> list[str]:
    """Outputs that are not compared are few, and an assert in the cell or the next says what must hold of them."""
    cells = code(notebook)
    ignored = [n for n, (_, cell) in enumerate(cells) if IGNORED in tags(cell)]
    found = [
        f"cell {cells[n][0]} is tagged {IGNORED}: it or the next code cell must assert a property, got none"
        for n in ignored
        if not any(_asserts(cell) for _, cell in cells[n : n + 2])
    ]
    if len(ignored) > IGNORED_SHARE * len(cells):
        found.append(f"at most {IGNORED_SHARE:.0%} of the cells may be tagged {IGNORED}, got {len(ignored)}")
    return found


def no_outputs(notebook: NotebookNode) -> list[str]:
    """An exercise notebook is handed out as if never run."""
    ran = [i for i, cell in code(notebook) if cell.outputs or cell.execution_count]
    return [f"cell {i} must have no output and no number, got some. Run: make exercises" for i in ran]


def size(notebook: NotebookNode) -> list[str]:
    """The file stays small enough to open and to keep in the repository."""
    length = len(nbformat.writes(notebook).encode())
    return [] if length <= MAX_BYTES else [f"the file must be at most {MAX_BYTES} bytes, got {length}"]


def _asserts(cell: NotebookNode) -> bool:
    """Whether a cell asserts something that could be false: an expression with a variable in it."""
    tests = [node.test for node in ast.walk(tree(cell)) if isinstance(node, ast.Assert)]
    return any(isinstance(part, ast.Name) for test in tests for part in ast.walk(test))


RULES = (
    run_order,
    no_stderr,
    no_traces,
    no_state,
    errors_are_tagged,
    nothing_bypassed,
    ignored_are_asserted,
    size,
)
