"""Every committed notebook keeps the rules; `test_notebook_rules` shows that each rule refuses what it is there for."""

import pytest

from tests.rules import lesson_rules, map_rules, notebook_rules
from tests.rules.notebooks import in_folder, label, lesson_notebook, lessons, read
from vllm_course import paths

EXECUTED = in_folder("lessons") + in_folder("solutions")


@pytest.mark.parametrize("rule", notebook_rules.RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("path", EXECUTED, ids=label)
def test_executed_notebook(path, rule):
    assert rule(read(path)) == []


@pytest.mark.parametrize("rule", lesson_rules.RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("folder", lessons(), ids=label)
def test_lesson(folder, rule):
    assert rule(read(lesson_notebook(folder))) == []


@pytest.mark.parametrize("folder", lessons(), ids=label)
def test_terms_of_a_lesson(folder):
    terms = lesson_rules.glossary_terms((paths.root() / "concepts/glossary.md").read_text("utf-8"))
    assert terms and lesson_rules.terms_are_linked(read(lesson_notebook(folder)), terms) == []


@pytest.mark.parametrize("path", in_folder("exercises"), ids=label)
def test_exercises_hold_no_outputs(path):
    notebook = read(path)
    assert notebook_rules.no_outputs(notebook) + notebook_rules.nothing_bypassed(notebook) == []


@pytest.mark.parametrize("folder", lessons(), ids=label)
def test_lesson_is_complete(folder):
    assert map_rules.missing_parts(paths.root(), folder.name) + map_rules.strangers(folder) == []
    assert map_rules.unfilled(paths.root(), folder.name) == []


@pytest.mark.parametrize("folder", lessons(), ids=label)
def test_minutes_of_a_lesson(folder):
    page = (paths.root() / "lessons/README.md").read_text("utf-8")
    assert map_rules.minutes_problems(page, folder.name, read(lesson_notebook(folder)).cells[0].source) == []


@pytest.mark.parametrize("page", ["README.md", "lessons/README.md"])
def test_table_of_lessons(page):
    slugs = {folder.name for folder in lessons()}
    assert slugs and map_rules.table_problems((paths.root() / page).read_text("utf-8"), slugs) == []
