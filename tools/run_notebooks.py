"""Execute notebooks in place: `python -m tools.run_notebooks [PATH ...]`, by default all of lessons/ and solutions/.

Each runs from top to bottom in its own folder, in a kernel of this environment, with no progress of any learner. Then
all that belongs to one machine or moment is taken out. A notebook that fails, writes to stderr or shows a path is left
as it was, and the exit code is 1.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpecManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from traitlets import default

from tools.notebook_cleaning import clean, traces
from tools.reference import departure, is_solution
from vllm_course import paths
from vllm_course.checks.keeping import STRICT
from vllm_course.progress.place import HOME

CELL_TIMEOUT = 600  # seconds


def default_notebooks(root: Path) -> list[Path]:
    """Return the notebooks that are committed with outputs; those of exercises/ are derived and have none."""
    return sorted(path for part in ("lessons", "solutions") for path in (root / part).glob("*/*.ipynb"))


class OwnKernel(AsyncKernelManager):
    """Starts the kernel of this very interpreter. nbclient ends it, as it does with all that it makes itself."""

    @default("kernel_spec_manager")
    def _no_folders_to_search(self) -> KernelSpecManager:
        return KernelSpecManager(kernel_dirs=[])


def execute(path: Path, *, strict: bool) -> nbformat.NotebookNode:
    """Run a notebook and return it cleaned; the file stays as it is.

    Args:
        path: The notebook.
        strict: Whether a check of an exercise that does not pass is an error.

    Raises:
        CellExecutionError: A cell without the tag `raises-exception` raised.
    """
    notebook = nbformat.read(path, as_version=4)
    # What cells write to stderr comes back as output; what is left there is the kernel's own talk about its start.
    client = NotebookClient(
        notebook,
        kernel_manager_class=OwnKernel,
        kernel_name="python3",
        timeout=CELL_TIMEOUT,
        record_timing=False,
        store_widget_state=False,
        coalesce_streams=True,
        resources={"metadata": {"path": str(path.parent)}},
    )
    with TemporaryDirectory(prefix="vllm-course-progress-") as home:
        client.execute(env=_environment(home, strict=strict), stderr=subprocess.DEVNULL)
    clean(notebook)
    return notebook


def problems(notebook: nbformat.NotebookNode) -> Iterator[str]:
    """Yield what must not be committed, with the number of its cell (from 1, all kinds of cell counted)."""
    for number, cell in enumerate(notebook.cells, start=1):
        for output in cell.get("outputs", []):
            if output.get("name") == "stderr":
                yield f"cell {number} must write nothing to stderr, got {output.text.strip()!r}. Silence or mend it."
            for trace in traces(output):
                yield f"cell {number} must read the same on every machine, got {trace}. Print something else."


def run(path: Path, *, root: Path) -> list[str]:
    """Execute one notebook and write it, unless something must not be committed; return what that is."""
    try:
        notebook = execute(path, strict=is_solution(path, root=root))
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        return [f"every cell must run, got {error}"]
    found = list(problems(notebook))
    if not found:
        nbformat.write(notebook, path)
    return found


def main(argv: list[str] | None = None, *, root: Path | None = None) -> int:
    """Run the notebooks; return 1 when one of them is refused, 2 when this machine must not write outputs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("paths", nargs="*", type=Path, metavar="PATH", help="notebook, or a folder that holds some")
    args, root = parser.parse_args(argv), root or paths.root()
    if reason := departure():
        print(f"outputs must come from the CPU build and the shipped models, got: {reason}.", file=sys.stderr)
        return 2
    if missing := [path for path in args.paths if not list(_notebooks(path))]:
        print(f"PATH must be a notebook or a folder that holds some, got {missing[0]}.", file=sys.stderr)
        return 2
    chosen = [file for path in args.paths for file in _notebooks(path)]
    refused = False
    for path in chosen or default_notebooks(root):
        start = time.perf_counter()
        found = run(path.resolve(), root=root)
        refused = refused or bool(found)
        print(f"{path}: {'refused' if found else 'written'} after {time.perf_counter() - start:.0f} s", flush=True)
        for problem in found:
            print(f"{path}: {problem}", file=sys.stderr)
    return 1 if refused else 0


def _environment(home: str, *, strict: bool) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if name != STRICT}
    return inherited | {HOME: home} | ({STRICT: "1"} if strict else {})


def _notebooks(path: Path) -> list[Path]:
    return sorted(path.rglob("*.ipynb")) if path.is_dir() else [path] * path.is_file()


if __name__ == "__main__":
    raise SystemExit(main())
