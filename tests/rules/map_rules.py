"""The tables of lessons and the folders must agree: what is announced is there, and what is there is announced."""

import re
from pathlib import Path

from tests.rules.markdown import table_links
from tests.rules.notebooks import stem

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


def table_problems(source: str, slugs: set[str]) -> list[str]:
    """Compare a page's table with the lessons that are there."""
    listed = announced(source)
    return [f"{slug} must be in the table, got no link to it" for slug in sorted(slugs - listed)] + [
        f"{slug} must be a lesson that is there, got a link without one" for slug in sorted(listed - slugs)
    ]
