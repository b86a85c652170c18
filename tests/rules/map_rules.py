"""The tables of lessons and the folders must agree: what is announced is there, and what is there is announced."""

import re
from pathlib import Path

from tests.rules.markdown import table_links
from tests.rules.notebooks import stem

CODE = {".ipynb", ".js", ".py", ".pyi", ".sh"}
NOT_KEPT = {"__pycache__", ".ipynb_checkpoints"}
SLUG = re.compile(r"(?:^|/)(\d\d-[a-z0-9-]+)(?=/)")


def announced(source: str) -> set[str]:
    """Return the lessons that a page's tables link to, as NN-slug."""
    return {match.group(1) for target in table_links(source) for match in SLUG.finditer(target)}


def missing_parts(root: Path, slug: str) -> list[str]:
    """Return what a lesson lacks to be complete: notebook, script, checks, solutions, exercises."""
    lesson, name = root / "lessons" / slug, stem(Path(slug))
    parts = [lesson / f"{name}.ipynb", lesson / f"{name}.py", root / "checks" / f"lesson_{slug[:2]}.py"]
    parts += [root / part / slug / "exercises.ipynb" for part in ("solutions", "exercises")]
    return [f"{slug} must have {part.relative_to(root)}, got no such file" for part in parts if not part.is_file()]


def strangers(folder: Path) -> list[str]:
    """A lesson's folder holds its notebook, one script and data: all of it is read in ten minutes."""
    own = {f"{stem(folder)}.ipynb", f"{stem(folder)}.py"}
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and not NOT_KEPT & set(path.parts)]
    return [
        f"{folder.name} must hold its notebook, its script and data only, got {path.relative_to(folder)}. "
        "Put what the script needs into vllm_course/, and checks into checks/."
        for path in files
        if path.suffix in CODE and path.relative_to(folder).as_posix() not in own
    ]


def table_problems(source: str, slugs: set[str]) -> list[str]:
    """Compare a page's table with the lessons that are there."""
    listed = announced(source)
    return [f"{slug} must be in the table, got no link to it" for slug in sorted(slugs - listed)] + [
        f"{slug} must be a lesson that is there, got a link without one" for slug in sorted(listed - slugs)
    ]
