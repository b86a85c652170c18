"""Relative links and anchors, in pages and in the markdown cells of notebooks."""

from pathlib import Path
from urllib.parse import unquote

from tests.rules.markdown import anchors, headings, links
from tests.rules.notebooks import prose, read

EXTERNAL = ("http://", "https://", "mailto:")


def pages(root: Path) -> list[Path]:
    """Return the Markdown files and notebooks of the project; hidden folders such as .venv are left out."""
    files = [path for pattern in ("*.md", "*.ipynb") for path in root.rglob(pattern)]
    return sorted(f for f in files if not any(part.startswith(".") for part in f.relative_to(root).parts))


def text_of(page: Path) -> str:
    """Return the Markdown of a page, or of all markdown cells of a notebook."""
    if page.suffix == ".ipynb":
        return "\n\n".join(cell.source for _, cell in prose(read(page)))
    return page.read_text("utf-8")


def problems(page: Path, *, root: Path) -> list[str]:
    """Return the links of a page that lead nowhere; external ones are not followed."""
    return [message for target in links(text_of(page)) if (message := _problem(target, page, root))]


def _problem(target: str, page: Path, root: Path) -> str | None:
    if target.startswith(EXTERNAL):
        return None
    place, _, anchor = target.partition("#")
    path = (page.parent / unquote(place)).resolve() if place else page.resolve()
    if not path.is_relative_to(root.resolve()) or not path.exists():
        return f"a link must lead to a file of the project, got {target}"
    if anchor and unquote(anchor) not in _anchors(path):
        return f"a link must lead to a heading that is there, got {target}"
    return None


def _anchors(page: Path) -> set[str]:
    """Return the anchors of a page by GitHub's rule, of a notebook by Jupyter's: `#Next-lesson`, capitals kept."""
    if page.suffix == ".ipynb":
        return {title.strip().replace(" ", "-") for _, title, _ in headings(text_of(page))}
    return anchors(text_of(page)) if page.suffix == ".md" else set()
