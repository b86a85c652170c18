"""Write the skeleton of a lesson: `python -m tools.new_lesson 04 sampling-strategies [--exercises 8]`.

Notebook, script, quiz, checks, solutions, exercises, wrong answers and the rows in both tables, in lesson 01's shape.
The texts come from tools/skeleton/. Every place that must be filled says TODO, and the tests refuse a lesson in which
one is left.
"""

import re
from pathlib import Path
from string import Template

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tools import derive_exercises
from tools.notebook_cleaning import METADATA
from vllm_course import paths
from vllm_course.tool import ToolParser, UsageError, number, tool

SKELETON = Path(__file__).parent / "skeleton"
SLUG = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
LEVELS = ("Beginner", "Intermediate", "Advanced")
NBGRADER = {"schema_version": 3, "solution": False, "grade": False, "locked": True, "task": False}
KINDS = {
    "setup": NBGRADER,
    "solution": NBGRADER | {"solution": True, "locked": False},
    "grade": NBGRADER | {"grade": True, "points": 1},
}
ROWS = {"README.md": "readme_row", "lessons/README.md": "map_row"}


@tool
def main(argv: list[str] | None = None) -> int:
    """Write the skeleton and say what comes next."""
    parser = ToolParser(description=__doc__)
    parser.add_argument("number", metavar="NN", help="the next lesson's number, two digits")
    parser.add_argument("slug", metavar="SLUG", help="its name, small letters and hyphens")
    at_least = number(int, low=1, remedy="A whole lesson has 8 to 12.")
    parser.add_argument("--exercises", type=at_least, default=8, help="how many (default: %(default)s)")
    args, root = parser.parse_args(argv), paths.root()
    _refuse(args.number, args.slug, root)
    files = skeleton(args.number, args.slug, args.exercises)
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    for page, row in ROWS.items():
        _add_row(root / page, _filled(row, **_names(args.number, args.slug)))
    derive_exercises.main([], root=root)
    print(*files, f"exercises/{args.number}-{args.slug}/exercises.ipynb", *ROWS, sep="\n")
    print("Fill in every TODO; CONTRIBUTING.md, section A lesson, file by file, says how.")
    return 0


def skeleton(number: str, slug: str, exercises: int) -> dict[str, str]:
    """Return the path and the text of every file that a maintainer fills.

    Args:
        number: Two digits.
        slug: The lesson's name, without the number.
        exercises: How many exercises there are to be.
    """
    names = _names(number, slug)
    each = [_exercise(names["short"], place, exercises) for place in range(1, exercises + 1)]
    lesson, name, folder = f"lessons/{names['slug']}", names["name"], f"solutions/{names['slug']}"
    cells = _filled("exercises", **names) + "".join(_filled("exercise", **e) for e in each)
    wrong = "".join(_filled("wrong_answer", **e) for e in each)
    return {
        f"{lesson}/{name}.ipynb": _notebook(_filled("lesson", **names)),
        f"{lesson}/{name}.py": _filled("script", **names),
        f"{lesson}/quiz.yaml": _filled("quiz"),
        f"checks/quiz_{number}.py": _filled("proofs", **names),
        f"{folder}/exercises.ipynb": _notebook(cells),
        f"checks/lesson_{number}.py": _filled("checks", **names) + "".join(_filled("check", **e) for e in each),
        f"tests/checks/wrong_answers/lesson_{number}.py": _filled("wrong_answers", exercises=wrong, **names),
    }


def _refuse(number: str, slug: str, root: Path) -> None:
    """Refuse what cannot become the next lesson, before anything is written."""
    there = sorted(folder.name for folder in (root / "lessons").glob("[0-9][0-9]-*"))
    following = f"{int(there[-1][:2]) + 1:02d}" if there else "01"
    if number != following:
        raise UsageError(
            f"NN must be {following}, the number after the last lesson, got {number!r}. Use NN={following}."
        )
    if not SLUG.fullmatch(slug):
        raise UsageError(
            f"SLUG must be small letters, digits and single hyphens, got {slug!r}. Use one like sampling-strategies."
        )
    if slug in [name[3:] for name in there]:
        raise UsageError(f"SLUG must be the name of no other lesson, got {slug!r}. Choose another.")
    if taken := [path for path in skeleton(number, slug, 1) if (root / path).exists()]:
        raise UsageError(f"the lesson's files must not be there yet, got {taken[0]}. Delete or move it first.")


def _names(number: str, slug: str) -> dict[str, str]:
    title = slug.replace("-", " ").capitalize()
    return {
        "number": number,
        "short": str(int(number)),
        "slug": f"{number}-{slug}",
        "name": slug.replace("-", "_"),
        "title": title,
    }


def _exercise(lesson: str, place: int, count: int) -> dict[str, str]:
    level = LEVELS[(place - 1) * len(LEVELS) // count]
    names = {"exercise": f"{lesson}.{place}", "ident": f"{lesson}-{place}", "under": f"{lesson}_{place}"}
    return names | {"level": level}


def _filled(template: str, **names: str) -> str:
    return Template((SKELETON / f"{template}.txt").read_text("utf-8")).substitute(names)


def _notebook(text: str) -> str:
    """Make a notebook of a text in which a line `%% KIND WORD` begins each cell."""
    parts = re.split(r"^%% (\w+) ?(.*)\n", text, flags=re.MULTILINE)[1:]
    cells = [_cell(*parts[place : place + 3]) for place in range(0, len(parts), 3)]
    for place, cell in enumerate(cells):
        cell.id = f"cell-{place}"  # the same text gives the same bytes
    return nbformat.writes(new_notebook(cells=cells, metadata=METADATA)) + "\n"


def _cell(kind: str, word: str, source: str) -> NotebookNode:
    source = source.rstrip("\n")
    if kind == "markdown":
        return new_markdown_cell(source)
    if kind == "code":
        return new_code_cell(source, metadata={"tags": [word]} if word else {})
    return new_code_cell(source, metadata={"nbgrader": KINDS[kind] | {"grade_id": word}})


def _add_row(page: Path, row: str) -> None:
    """Put a row below the last one of the table of lessons."""
    lines = page.read_text("utf-8").splitlines(keepends=True)
    last = max(place for place, line in enumerate(lines) if re.match(r"\| \[?\d\d ", line))
    page.write_text("".join([*lines[: last + 1], row, *lines[last + 1 :]]), encoding="utf-8")


if __name__ == "__main__":
    raise SystemExit(main())
