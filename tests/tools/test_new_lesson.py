"""The skeleton of a lesson: complete, refused by the rules until it is filled in, and never over something else."""

import ast

import pytest

from tests.rules import exercise_rules, lesson_rules, map_rules, notebook_rules, scripts
from tests.rules.notebooks import read
from tools import derive_exercises, new_lesson
from vllm_course import paths

SLUG = "02-second-steps"


@pytest.fixture
def root(tmp_path, monkeypatch):
    """Return a checkout with the one lesson 01."""
    (tmp_path / "lessons" / "01-first-steps").mkdir(parents=True)
    (tmp_path / "README.md").write_text(
        "| lesson | about |\n|---|---|\n| [01 First](lessons/01-first-steps/x.ipynb) | x |\n\nEnd.\n"
    )
    row = "| 01 First | read | 5 + 9 | [x](01-first-steps/x.ipynb) | y | z |\n"
    (tmp_path / "lessons" / "README.md").write_text(f"| a | b | c | d | e | f |\n|---|---|---|---|---|---|\n{row}")
    monkeypatch.setattr(paths, "root", lambda: tmp_path)
    return tmp_path


@pytest.fixture
def written(root):
    assert new_lesson.main(["02", "second-steps"]) == 0
    return root


def test_all_parts_are_there_and_in_both_tables(written):
    assert map_rules.missing_parts(written, SLUG) + map_rules.strangers(written / "lessons" / SLUG) == []
    for page in ("README.md", "lessons/README.md"):
        assert map_rules.table_problems((written / page).read_text(), {"01-first-steps", SLUG}) == []
    assert (written / "README.md").read_text().endswith("|\n\nEnd.\n")
    assert derive_exercises.differences(written) == []


def test_every_file_is_refused_until_it_is_filled_in(root, capsys):
    new_lesson.main(["02", "second-steps"])
    files = {line for line in capsys.readouterr().out.splitlines()[:-1] if not line.startswith("exercises/")}
    refused = {problem.partition(" must be filled in, got ")[0] for problem in map_rules.unfilled(root, SLUG)}
    assert refused == files and len(files) == 9


def test_what_needs_no_filling_keeps_the_rules(written):
    lesson, solution = written / "lessons" / SLUG, read(written / "solutions" / SLUG / "exercises.ipynb")
    for rule in (exercise_rules.structure, exercise_rules.grading, exercise_rules.numbering):
        assert rule(solution) == []
    notebook = read(lesson / "second_steps.ipynb")
    for rule in (
        lesson_rules.closing,
        lesson_rules.quiz,
        lesson_rules.checklist,
        lesson_rules.forecasts,
        lesson_rules.one_idea_a_cell,
        lesson_rules.deliberate_error,
    ):
        assert rule(notebook) == []
    assert notebook_rules.no_state(notebook) + scripts.shape((lesson / "second_steps.py").read_text()) == []
    for file in written.rglob("lesson_02.py"):
        assert "2.8" in ast.unparse(ast.parse(file.read_text()))


def test_what_must_be_filled_breaks_the_rules(written):
    notebook = read(written / "lessons" / SLUG / "second_steps.ipynb")
    assert lesson_rules.opening(notebook) and notebook_rules.run_order(notebook)
    assert exercise_rules.described(read(written / "solutions" / SLUG / "exercises.ipynb"))


def test_the_script_helps(written, capsys):
    capsys.readouterr()
    assert scripts.call(written / "lessons" / SLUG / "second_steps.py", "--help") == 0
    assert f"python lessons/{SLUG}/second_steps.py" in capsys.readouterr().out


def test_so_many_exercises(root):
    assert new_lesson.main(["02", "second-steps", "--exercises", "2"]) == 0
    text = (root / "solutions" / SLUG / "exercises.ipynb").read_text()
    assert text.count("## Exercise 2.") == 2 and "Beginner" in text and "Intermediate" in text


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["01", "second-steps"], "NN must be 02, the number after the last lesson, got '01'. Use NN=02."),
        (["03", "second-steps"], "NN must be 02, the number after the last lesson, got '03'"),
        (["2", "second-steps"], "NN must be 02, the number after the last lesson, got '2'"),
        (["", ""], "NN must be 02, the number after the last lesson, got ''"),
        (["02", ""], "SLUG must be small letters, digits and single hyphens, got ''. Use one like"),
        (["02", "Second"], "SLUG must be small letters, digits and single hyphens, got 'Second'"),
        (["02", "../x"], "SLUG must be small letters, digits and single hyphens, got '../x'"),
        (["02", "2nd"], "SLUG must be small letters, digits and single hyphens, got '2nd'"),
        (["02", "first-steps"], "SLUG must be the name of no other lesson, got 'first-steps'. Choose another."),
        (["02", "second-steps"], "the lesson's files must not be there yet, got checks/lesson_02.py. Delete or move"),
    ],
)
def test_a_mistake_is_answered_with_one_line_and_nothing_is_written(root, words, message, capsys):
    (root / "checks").mkdir()
    (root / "checks" / "lesson_02.py").write_text("kept")
    before = sorted(root.rglob("*"))
    assert new_lesson.main(words) == 2
    error = capsys.readouterr().err
    assert error.startswith(message) and error.count("\n") == 1
    assert sorted(root.rglob("*")) == before and (root / "checks" / "lesson_02.py").read_text() == "kept"
