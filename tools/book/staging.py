"""Copy what the book is made of into a folder, as Sphinx reads it. The sources are never changed."""

import re
import shutil
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from tools.book import cheat_sheets, diagrams, folding, landing, names, outline
from tools.book.links import Links
from tools.book.markdown import COMMENT, Levels, outside_code

FRONT_MATTER = re.compile(r"\A---\n.*?^---\n+", re.MULTILINE | re.DOTALL)
LANGUAGES = {".py": "python", ".yml": "yaml", ".yaml": "yaml", ".jinja": "jinja", ".json": "json", ".jsonl": "text"}
SOURCES = "Files that the pages link to"


def stage(root: Path, target: Path) -> list[str]:
    """Write the copies, and return the links that lead nowhere, "PAGE: TARGET".

    Args:
        root: The top folder of the course.
        target: The folder to fill; what is in it is removed.
    """
    shutil.rmtree(target, ignore_errors=True)
    sections, under = outline.contents(root), outline.under(root)
    pages = [page for section in sections for page in section.pages]
    written = [page for page in [*pages, *under] if (root / page).exists()]
    links = Links(root, {*written})
    for page in written:
        _copy(root, target, page, links)
    _write(target / outline.NAMES, names.page(names.index(root, _read_for_names(root)), outline.NAMES))
    scripts = {page.removesuffix(".md") for page in under if page.endswith(".py.md")}
    for sheet, text in cheat_sheets.pages(root).items():
        _write(target / sheet, text)
    for row in outline.lessons(root):
        cheat_sheets.link(target, row)
    for file in sorted(links.files | scripts):
        _write(target / f"{file}.md", source_page(root, file))
    for picture in links.pictures:
        (target / picture).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(root / picture, target / picture)
    if others := sorted(f"{file}.md" for file in links.files - scripts):
        sections.append(outline.Section(SOURCES, others))
    first = landing.page(root)
    _write(target / outline.LANDING, first + "".join(toctree(section) for section in sections))
    _append_children(target, under)
    return links.missing


def toctree(section: outline.Section) -> str:
    """Return a part of the table of contents; it is shown in the bar beside the page."""
    pages = "\n".join(f"{_document(page)}" for page in section.pages)
    return f"\n```{{toctree}}\n:hidden:\n:caption: {section.caption}\n\n{pages}\n```\n"


def source_page(root: Path, file: str) -> str:
    """Return a page that shows a file, with a fence that is longer than any in it."""
    text = (root / file).read_text("utf-8")
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall(r"`{3,}", text)), default=0))
    language = LANGUAGES.get(Path(file).suffix, "text")
    return f"# `{Path(file).name}`\n\n`{file}`\n\n{fence}{language}\n{text.rstrip()}\n{fence}\n"


def _copy(root: Path, target: Path, page: str, links: Links) -> None:
    if page.endswith(".md"):
        text = FRONT_MATTER.sub("", (root / page).read_text("utf-8"))
        _write(target / page, _mended(text, page, links, Levels()))
        return
    notebook = nbformat.read(root / page, as_version=4)
    _prepare(notebook, root, page)
    levels = Levels()
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = _mended(cell.source, page, links, levels)
    (target / page).parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, target / page)


def _prepare(notebook: NotebookNode, root: Path, page: str) -> None:
    """Fold what is to be folded, and name the language as Sphinx knows it."""
    place = Path(page)
    folding.with_films(notebook)
    notebook.metadata["language_info"] = {"name": "python", "pygments_lexer": "ipython3"}
    for data in [output.data for cell in notebook.cells for output in cell.get("outputs", []) if "data" in output]:
        if "text/html" in data:  # an e-book is XML: every attribute has a value there
            data["text/html"] = data["text/html"].replace("<style scoped>", "<style>")
    if place.parts[0] == "exercises":
        checks = root / "checks" / f"lesson_{place.parts[1][:2]}.py"
        folding.with_hints(notebook, folding.hints(checks))
    if place.parts[0] == "solutions":
        folding.with_solutions(notebook, f"../../exercises/{place.parts[1]}/exercises.ipynb")
        notebook.metadata["nosearch"] = True


def _mended(text: str, page: str, links: Links, levels: Levels) -> str:
    """Return Markdown as Sphinx reads it: no comments, no diagrams, headings without jumps, links of the book."""
    plain = outside_code(diagrams.as_tables(text), lambda run: COMMENT.sub("", run))
    return links.rewrite(levels.even(plain), page)


def _read_for_names(root: Path) -> list[str]:
    """Return the pages that the index of names reads: concept pages without the glossary first, then lessons."""
    concepts = sorted(str(path.relative_to(root)) for path in (root / outline.CONCEPTS).glob("*.md"))
    found = [page for page in concepts if page != outline.GLOSSARY]
    return found + [lesson.notebook for lesson in outline.lessons(root)]


def _append_children(target: Path, under: dict[str, str]) -> None:
    """Add to each page the hidden table of contents of what is under it."""
    for page, above in under.items():
        if not (target / page).exists() or not (target / above).exists():
            continue
        notebook = nbformat.read(target / above, as_version=4)
        entry = Path(_document(page)).name if Path(page).parent == Path(above).parent else f"/{_document(page)}"
        tree = f"```{{toctree}}\n:hidden:\n\n{entry}\n```"
        notebook.cells.append(nbformat.v4.new_markdown_cell(tree))
        nbformat.write(notebook, target / above)


def _document(page: str) -> str:
    return page.removesuffix(".md").removesuffix(".ipynb")


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
