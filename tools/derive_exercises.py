"""Derive exercises/ from solutions/ with nbgrader: `python -m tools.derive_exercises [--check]`.

A solution's regions, hidden tests and outputs are removed by the steps of nbgrader's own `generate_assignment`, without
its database, so that the same source gives the same bytes. Scripts beside a solution are not copied.

An instructor who keeps a gradebook uses nbgrader itself on the same folders, with the settings of nbgrader_config.py,
and the notebooks come out the same. README.md has the commands.
"""

import argparse
import sys
from pathlib import Path

import nbformat
from nbgrader.converters import GenerateAssignment
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import IncludeHeaderFooter, InstantiateTests, SaveCells
from traitlets.config import PyFileConfigLoader

from vllm_course import paths

CONFIG = Path(__file__).resolve().parents[1] / "nbgrader_config.py"
# They need a gradebook, a header file and a running kernel; none of them changes a notebook of this course.
LEFT_OUT = (IncludeHeaderFooter, InstantiateTests, SaveCells)


def derive(source: Path) -> str:
    """Return the exercise notebook of a solution notebook.

    Args:
        source: A notebook in nbgrader's format.

    Returns:
        Text of the notebook file, the same for the same source.

    Raises:
        RuntimeError: A solution region is open, nested, or outside a solution cell.
        nbgrader.nbgraderformat.ValidationError: The metadata of a cell are not nbgrader's.
    """
    config = PyFileConfigLoader(str(CONFIG)).load_config()
    steps = GenerateAssignment(coursedir=CourseDirectory()).preprocessors
    notebook, resources = nbformat.read(source, as_version=4), {}
    for step in steps:
        if step not in LEFT_OUT:
            notebook, resources = step(config=config).preprocess(notebook, resources)
    return nbformat.writes(notebook) + "\n"


def derive_all(root: Path) -> dict[Path, str]:
    """Return path and text of every file that exercises/ must hold."""
    sources = sorted((root / "solutions").glob("*/exercises.ipynb"))
    return {root / "exercises" / source.parent.name / source.name: derive(source) for source in sources}


def differences(root: Path) -> list[str]:
    """Name what is not as derived: files that differ or are missing, and files without a source."""
    expected = derive_all(root)
    stale = [path for path, text in expected.items() if not path.is_file() or path.read_text("utf-8") != text]
    orphans = sorted(set((root / "exercises").glob("*/*.ipynb")) - set(expected))
    return [
        *(
            f"{path.relative_to(root)} must be what its solution gives, got another text. Run: make exercises"
            for path in stale
        ),
        *(f"{path.relative_to(root)} must have a source in solutions/, got none. Delete it." for path in orphans),
    ]


def main(argv: list[str] | None = None, *, root: Path | None = None) -> int:
    """Write or check the exercises; return 1 when the check finds a difference."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing, name the files that differ")
    check, root = parser.parse_args(argv).check, root or paths.root()
    if not check:
        for path, text in derive_all(root).items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    problems = differences(root)
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    raise SystemExit(main())
