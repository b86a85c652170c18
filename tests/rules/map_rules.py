"""The tables of lessons and the folders must agree: what is announced is there, and what is there is announced."""

import re
from pathlib import Path

from tests.rules.markdown import table_links
from tests.rules.notebooks import stem
from vllm_course.catalogue import script_of

CODE = {".ipynb", ".js", ".py", ".pyi", ".sh"}
NOT_KEPT = {"__pycache__", ".ipynb_checkpoints"}
SERVERS = "servers"  # of a lesson's folder: programs that the lesson talks to
LINES_OF_A_SERVER = 60
REMEDY = "CONTRIBUTING.md, section A lesson, file by file, says what belongs there."
MINUTES = re.compile(r"\| Time \| (\d+) minutes, and (\d+) minutes for the exercises \|")
SLUG = re.compile(r"(?:^|/)(\d\d-[a-z0-9-]+)(?=/)")


def announced(source: str) -> set[str]:
    """Return the lessons that a page's tables link to, as NN-slug."""
    return {match.group(1) for target in table_links(source) for match in SLUG.finditer(target)}


def missing_parts(root: Path, slug: str) -> list[str]:
    """Return what a lesson lacks to be complete: notebook, script, quiz, checks, solutions, exercises."""
    lesson, name = root / "lessons" / slug, stem(Path(slug))
    parts = [lesson / f"{name}.ipynb", script_of(lesson), lesson / "quiz.yaml"]
    parts += [root / "checks" / f"{kind}_{slug[:2]}.py" for kind in ("lesson", "quiz")]
    parts += [root / part / slug / "exercises.ipynb" for part in ("solutions", "exercises")]
    return [f"{slug} must have {part.relative_to(root)}, got no such file" for part in parts if not part.is_file()]


def unfilled(root: Path, slug: str) -> list[str]:
    """Nothing of a lesson still says TODO, as the skeleton does that `make new-lesson` writes."""
    found = []
    for file in _files_of(root, slug):
        lines = [line.strip() for line in file.read_text("utf-8").splitlines() if "TODO" in line]
        if lines:
            count = f"got {len(lines)} lines with TODO, the first {lines[0]:.60}"
            found.append(f"{file.relative_to(root)} must be filled in, {count}. {REMEDY}")
    return found


def _files_of(root: Path, slug: str) -> list[Path]:
    """Return all files that a maintainer writes for a lesson."""
    folders = [root / part / slug for part in ("lessons", "solutions")]
    places = [(root / "checks"), root / "tests" / "checks" / "wrong_answers"]
    endings = ("*.ipynb", "*.py", "*.sh", "quiz.yaml")
    files = [file for folder in folders for ending in endings for file in folder.rglob(ending)]
    files += [file for place in places for kind in ("lesson", "quiz") for file in place.glob(f"{kind}_{slug[:2]}*.py")]
    return [root / "README.md", root / "lessons" / "README.md", *sorted(files)]


def strangers(folder: Path) -> list[str]:
    """A lesson's folder holds its notebook, one script, data and small servers: all is read in ten minutes."""
    own = {f"{stem(folder)}.ipynb", script_of(folder).name}
    own |= {f"{SERVERS}/{file.name}" for file in (folder / SERVERS).glob("*.py") if _is_short(file)}
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and not NOT_KEPT & set(path.parts)]
    return [
        f"{folder.name} must hold its notebook, its script, data and {SERVERS}/ of at most {LINES_OF_A_SERVER} lines "
        f"each, got {path.relative_to(folder)}. Put what the script needs into vllm_course/, and checks into checks/."
        for path in files
        if path.suffix in CODE and path.relative_to(folder).as_posix() not in own
    ]


def _is_short(file: Path) -> bool:
    return file.read_text("utf-8").count("\n") <= LINES_OF_A_SERVER


def table_problems(source: str, slugs: set[str]) -> list[str]:
    """Compare a page's table with the lessons that are there."""
    listed = announced(source)
    return [f"{slug} must be in the table, got no link to it" for slug in sorted(slugs - listed)] + [
        f"{slug} must be a lesson that is there, got a link without one" for slug in sorted(listed - slugs)
    ]


def minutes_problems(page: str, slug: str, first_cell: str) -> list[str]:
    """A lesson's first cell states the minutes that the lesson map states."""
    row = next((line for line in page.splitlines() if f"]({slug}/" in line), "")
    stated = MINUTES.search(first_cell)
    wanted = "| {} + {} |".format(*stated.groups()) if stated else "a time"
    return [] if wanted in row else [f"{slug}: the lesson map must state {wanted}, as the first cell does, got {row!r}"]
