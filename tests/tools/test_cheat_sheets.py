"""The cheat sheets: every lesson has one, its code stands on its own, and each is a page of A4."""

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tools.book import cheat_sheets, outline, staging
from vllm_course import paths

ROOT = paths.root()
LESSONS = outline.lessons(ROOT)


def tagged(*sources: str) -> nbformat.NotebookNode:
    """Return a notebook of code cells; those that begin with ! have the tag."""
    cells = [new_code_cell(source.removeprefix("!")) for source in sources]
    for cell, source in zip(cells, sources, strict=True):
        cell.metadata["tags"] = [cheat_sheets.TAG] if source[0] == "!" else []
    return new_notebook(cells=cells)


@pytest.mark.parametrize("row", LESSONS, ids=lambda row: row.number)
def test_a_lesson_has_code_that_stands_on_its_own(row):
    text = cheat_sheets.code(nbformat.read(ROOT / row.notebook, as_version=4))
    assert text and len(text.splitlines()) <= 60
    assert cheat_sheets.missing(text) == set()
    assert "raises-exception" not in text


@pytest.mark.parametrize("row", LESSONS, ids=lambda row: row.number)
def test_a_sheet_says_what_the_lesson_says(row):
    sheet = cheat_sheets.pages(ROOT)[row.sheet]
    notebook = nbformat.read(ROOT / row.notebook, as_version=4)
    assert row.able in sheet and f"make lab LESSON={row.number}" in sheet
    assert all(rule in sheet for rule in cheat_sheets.rules(notebook))


def test_code_takes_what_it_needs_and_no_more():
    notebook = tagged(
        "import json\nfrom a import b, c",
        "x = b(1)\ny = 2",
        "def f():\n    return x",
        "x = 3",
        "!f()\njson.dumps(y)",
        "z = 1",
    )
    assert cheat_sheets.code(notebook) == (
        "import json\n\nfrom a import b\n\nx = b(1)\ny = 2\n\ndef f():\n    return x\n\nf()\njson.dumps(y)"
    )


def test_a_name_is_made_once_and_names_that_grow_keep_their_beginning():
    notebook = tagged("x = 1", "!print(x)", "x = 2", "!print(x)", "s = {}\ns |= {1: x}", "!print(s)")
    assert cheat_sheets.code(notebook).count("x = ") == 1
    assert "s = {}\ns |= {1: x}" in cheat_sheets.code(notebook)


def test_a_name_that_nothing_makes_is_found():
    assert cheat_sheets.missing("def f():\n    return g(1)\nx = [y for y in z]") == {"g", "z"}


def test_a_lesson_without_points_is_refused():
    notebook = new_notebook(cells=[new_markdown_cell("## Summary\n\nNothing.")])
    with pytest.raises(ValueError, match="numbered points under ## Summary"):
        cheat_sheets.rules(notebook)


def test_the_commands_are_those_of_the_tool_and_the_lessons_own():
    notebook = new_notebook(cells=[new_markdown_cell("## 9. The tool\n```bash\na b\n```\n## Summary\n```bash\nc\n```")])
    assert cheat_sheets.commands(notebook, "09") == ['make lesson LESSON=09 ARGS="--help"', "make lab LESSON=09", "a b"]


def test_lessons_and_landing_page_lead_to_the_sheets(tmp_path):
    staging.stage(ROOT, tmp_path)
    for row in LESSONS:
        assert f"](../../{row.sheet})" in nbformat.read(tmp_path / row.notebook, as_version=4).cells[0].source
        assert (tmp_path / row.sheet).exists()
    assert f"]({outline.SHEET})" in (tmp_path / "index.md").read_text("utf-8")


def test_the_sheet_of_the_course_has_a_rule_of_every_lesson_and_every_table():
    text = cheat_sheets.pages(ROOT)[outline.SHEET]
    assert all(f"| [{row.number} {row.title}](" in text for row in LESSONS)
    assert all(f"## {title}\n" in text for title in cheat_sheets.TABLES)
    assert all(f"| `make {name}` |" in text for name in cheat_sheets.TARGETS)
