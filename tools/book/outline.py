"""Which pages the book has, in which order and under which headings; the lessons are those of lessons/README.md."""

import re
from dataclasses import dataclass, field
from pathlib import Path

ROW = re.compile(
    r"^\| (\d\d) (.+?) \| (.+?) \| (\d+) \+ (\d+) \| \[.*?\]\((.+?)\) \| \[.*?\]\((.+?)\) \|", re.MULTILINE
)
# The parts of the course, and the last lesson of each. A lesson beyond them makes the book fail.
PARTS = {"Generate": "04", "Run it well": "07", "Serve": "09"}
CONCEPTS = "concepts"
GLOSSARY = "concepts/glossary.md"
TEACHING = ["teaching/README.md", "teaching/guide.md", "teaching/jupyterhub.md"]
COURSE = ["README.md", "lessons/README.md", "lessons/where-to-run.md"]
PROJECT = ["CONTRIBUTING.md", "CHANGELOG.md"]
NAMES = "names.md"
SHEET = "cheat-sheets/course.md"
LANDING = "index.md"


@dataclass(frozen=True)
class Lesson:
    """A row of the lesson map.

    Attributes:
        number: For example "01".
        title: Without its number.
        able: What you can do afterwards.
        minutes: Of the notebook.
        exercise_minutes: Of its exercises.
        notebook: Path from the top folder; also of the script.
        script: The lesson as a tool.
    """

    number: str
    title: str
    able: str
    minutes: int
    exercise_minutes: int
    notebook: str
    script: str

    @property
    def exercises(self) -> str:
        """Path of the exercises."""
        return f"exercises/{Path(self.notebook).parent.name}/exercises.ipynb"

    @property
    def solutions(self) -> str:
        """Path of the solutions."""
        return f"solutions/{Path(self.notebook).parent.name}/exercises.ipynb"

    @property
    def sheet(self) -> str:
        """Path of the cheat sheet."""
        return f"cheat-sheets/{Path(self.notebook).parent.name}.md"


@dataclass
class Section:
    """A heading of the table of contents, and the pages under it."""

    caption: str
    pages: list[str] = field(default_factory=list)


def lessons(root: Path) -> list[Lesson]:
    """Return the rows of the lesson map."""
    found = ROW.findall((root / "lessons" / "README.md").read_text("utf-8"))
    return [
        Lesson(number, title, able, int(one), int(two), f"lessons/{notebook}", f"lessons/{script}")
        for number, title, able, one, two, notebook, script in found
    ]


def parts(rows: list[Lesson]) -> dict[str, list[Lesson]]:
    """Return the lessons of each part by its title, for example "Part I: Generate".

    Raises:
        ValueError: A lesson is in no part.
    """
    found, begun = {}, "00"
    for number, (title, last) in zip(["I", "II", "III", "IV", "V", "VI"], PARTS.items(), strict=False):
        found[f"Part {number}: {title}"] = [row for row in rows if begun < row.number <= last]
        begun = last
    if left := [row.number for row in rows if row.number > begun]:
        raise ValueError(f"every lesson must be in a part, got {left}. Add it to PARTS in tools/book/outline.py.")
    return {title: members for title, members in found.items() if members}


def contents(root: Path, *, names: bool = True) -> list[Section]:
    """Return the table of contents. Scripts, exercises and solutions are under their lessons, see `under`.

    Args:
        root: The top folder.
        names: Whether the index of names is a page.
    """
    rows = lessons(root)
    concepts = sorted(str(path.relative_to(root)) for path in (root / CONCEPTS).glob("*.md"))
    looked_up = [GLOSSARY, NAMES] if names else [GLOSSARY]
    return [
        Section("The course", COURSE),
        *(Section(title, [row.notebook for row in members]) for title, members in parts(rows).items()),
        Section("Exercises", [row.exercises for row in rows if (root / row.exercises).exists()]),
        Section("Cheat sheets", [SHEET, *(row.sheet for row in rows)]),
        Section("Look it up", looked_up + [page for page in concepts if page != GLOSSARY]),
        Section("For instructors", [page for page in TEACHING if (root / page).exists()]),
        Section("The project", PROJECT + sorted(str(p.relative_to(root)) for p in (root / "models").glob("*/*.md"))),
    ]


def under(root: Path) -> dict[str, str]:
    """Return the page above each page that is under another: scripts under notebooks, solutions under exercises."""
    rows = lessons(root)
    found = {f"{row.script}.md": row.notebook for row in rows}
    return found | {row.solutions: row.exercises for row in rows if (root / row.solutions).exists()}
