"""The rules for a lesson's quiz and checklist accept one call in literals, and refuse what a program could not read."""

import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tests.rules import lesson_rules

GOOD = 'from vllm_course import checklist\n\nchecklist("03", [\n    "load a model",\n    "say " "what it does",\n])'


def lesson(*codes: str, before: str = "## Checklist\n\nTick.", after: str = "## Next") -> NotebookNode:
    """Return lesson 03, with code cells between two texts."""
    texts = [
        new_markdown_cell("# Lesson 03: x"),
        new_code_cell("x"),
        new_markdown_cell(f"## Summary\n\n## Quiz\n\n{before}"),
    ]
    return new_notebook(cells=[*texts, *map(new_code_cell, codes), new_markdown_cell(after)])


def test_a_good_checklist():
    assert lesson_rules.checklist(lesson(GOOD)) == []
    assert lesson_rules.checklist(lesson("x = 1", GOOD, after="More.\n\n## Next")) == []
    assert lesson_rules.closing(lesson(GOOD)) == []


@pytest.mark.parametrize(
    "code",
    [
        'checklist("01", ["a"])',
        'checklist(3, ["a"])',
        'checklist("03", [])',
        'checklist("03", "a")',
        'checklist("03", ("a",))',
        'checklist("03", items)',
        'checklist("03", [f"{x}"])',
        'checklist("03", ["a", 7])',
        'checklist("03", ["a"], x=1)',
        'checklist("03", items=["a"])',
        'checklist("03")',
        'checklist(*x, ["a"])',
        'shown = checklist("03", ["a"])',
        'checklist("03", ["a"])\nprint()',
        'print(checklist("03", ["a"]))',
        "checklist",
        "",
    ],
)
def test_refused(code):
    (message,) = lesson_rules.checklist(lesson(code))
    assert 'must have one code cell that ends with checklist("03", ["...", "..."]), in literals, got ' in message


def test_two_calls_are_refused():
    assert lesson_rules.checklist(lesson(GOOD, GOOD))


@pytest.mark.parametrize(
    "notebook",
    [
        lesson(GOOD, before="Text."),
        lesson(GOOD, before="## Checklist\n\n## Next"),
        lesson(GOOD, before="## Checklist\n\n# Part"),
        lesson(after="## Checklist"),
        lesson(after="## Checklist\n\n- [ ] load a model\n\n## Next"),
    ],
)
def test_it_must_stand_in_its_section(notebook):
    assert "got none" in "".join(lesson_rules.checklist(notebook))


def test_a_heading_below_the_section_does_not_end_it():
    assert lesson_rules.checklist(lesson(GOOD, before="## Checklist\n\n### By hand")) == []


@pytest.mark.parametrize(("items", "refused"), [(12, False), (13, True)])
def test_it_may_have_fourteen_lines(items, refused):
    code = 'checklist("03", [\n' + '    "a",\n' * items + "])"
    found = lesson_rules.one_idea_a_cell(lesson(code))
    assert ("at most 14 lines, got 15" in "".join(found)) is refused and bool(found) is refused


def test_other_cells_keep_their_limit():
    code = 'shown = checklist("03", [\n' + '    "a",\n' * 7 + "])"
    assert "at most 8 lines, got 9" in "".join(lesson_rules.one_idea_a_cell(lesson(code)))


def test_a_quiz_is_one_call_with_the_lessons_number():
    import_ = "from vllm_course import quiz\n\n"
    assert lesson_rules.quiz(lesson(f'{import_}quiz("03")', before="Ask.")) == []
    for code in ('quiz("04")', "quiz(3)", 'print(quiz("03"))', 'quiz("03", x=1)', "x = 1"):
        (message,) = lesson_rules.quiz(lesson(import_ + code, before="Ask."))
        assert message.startswith('the section Quiz must end with quiz("03"), got [')
    assert lesson_rules.quiz(lesson(GOOD)) and lesson_rules.quiz(lesson('quiz("03")', 'quiz("03")', before="Ask."))
