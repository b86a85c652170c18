"""Notebooks as the rules see them: which there are, and their parts."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import nbformat
from IPython.core.inputtransformer2 import TransformerManager
from nbformat import NotebookNode

from vllm_course import paths

Cells = list[tuple[int, NotebookNode]]


def read(path: Path) -> NotebookNode:
    """Read a notebook, whatever version it was written with."""
    return nbformat.read(path, as_version=4)


def lessons() -> list[Path]:
    """Return the folders of the lessons that are there, in order."""
    return sorted(path for path in (paths.root() / "lessons").glob("[0-9][0-9]-*") if path.is_dir())


def lesson_notebook(folder: Path) -> Path:
    """Return where the notebook of a lesson must lie: its folder's name without the number."""
    return folder / f"{stem(folder)}.ipynb"


def stem(folder: Path) -> str:
    """Return the name of a lesson's notebook: `basic_inference` for `01-basic-inference`."""
    return re.sub(r"^\d\d-", "", folder.name).replace("-", "_")


def in_folder(name: str, *, root: Path | None = None) -> list[Path]:
    """Return the notebooks below a folder of the root, in order."""
    files = ((root or paths.root()) / name).rglob("*.ipynb")
    return sorted(path for path in files if ".ipynb_checkpoints" not in path.parts)


def label(path: Path) -> str:
    """Return a path as tests show it: relative to the root."""
    return path.relative_to(paths.root()).as_posix()


def code(notebook: NotebookNode) -> Cells:
    """Return the code cells, each with its number: from 1, all kinds of cell counted."""
    return [(i, cell) for i, cell in enumerate(notebook.cells, start=1) if cell.cell_type == "code"]


def prose(notebook: NotebookNode) -> Cells:
    """Return the markdown cells, each with its number."""
    return [(i, cell) for i, cell in enumerate(notebook.cells, start=1) if cell.cell_type == "markdown"]


def outputs(notebook: NotebookNode) -> Iterator[tuple[int, NotebookNode]]:
    """Yield every output with the number of its cell."""
    return ((i, output) for i, cell in code(notebook) for output in cell.outputs)


def tags(cell: NotebookNode) -> set[str]:
    """Return the tags of a cell."""
    return set(cell.metadata.get("tags", []))


def tree(cell: NotebookNode) -> ast.Module:
    """Parse a code cell; lines such as `%matplotlib inline` become the calls that IPython makes of them."""
    return ast.parse(TransformerManager().transform_cell(cell.source))


def lines(cell: NotebookNode) -> list[str]:
    """Return the lines of a cell that are not blank."""
    return [line for line in cell.source.splitlines() if line.strip()]
