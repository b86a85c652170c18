"""Grading: right answers get their points, and no answer gets any by what it does to the judge."""

import csv

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from tools.exercise_cells import exercises, nbgrader
from tools.grading import __main__ as grading
from tools.grading import execute, rehearsal, report
from tools.grading.files import Files
from tools.grading.tricks import BLOCKS, ENDS, TRICKS
from vllm_course import paths

LESSON = "01-basic-inference"
SECONDS = 60  # of a cell, for what takes a few, on a busy machine
STUB = "def nucleus_size(candidates, top_p):\n    return 0\n"
HONEST = """
def nucleus_size(candidates, top_p):
    return int((candidates["probability"].cumsum() - candidates["probability"] < top_p - 1e-9).sum())
"""
GIVEN = "import pandas as pd\n\nfrom vllm_course import check, hint"


def tagged(source: str, name: str, **flags: bool) -> nbformat.NotebookNode:
    data = {"schema_version": 3, "grade": False, "solution": False, "locked": False, "task": False, "grade_id": name}
    return new_code_cell(source, metadata={"nbgrader": data | flags})


def grade_cell() -> nbformat.NotebookNode:
    return tagged('check("1.7", nucleus_size)', "check-1-7", grade=True, locked=True, points=3)


@pytest.fixture
def judged(tmp_path):
    """Return a function that runs answers to exercise 1.7 one after the other and says what each got."""
    folder = tmp_path / "autograded" / "eve" / LESSON
    folder.mkdir(parents=True)
    source = paths.root() / "solutions" / LESSON / "exercises.ipynb"
    rehearsal.write(nbformat.read(source, as_version=4), tmp_path / "solutions" / LESSON / "exercises.ipynb")

    def run(answers: list[str], seconds: int = SECONDS) -> list[str]:
        cells = [tagged(GIVEN, "setup", locked=True)]
        for answer in answers:
            # The course's cell takes the last answer away, also when a new kernel runs again what came before.
            cells += [tagged("nucleus_size = ...", "capitals-1-8", locked=True), new_code_cell(answer), grade_cell()]
        resources = {"metadata": {"path": str(folder)}, "nbgrader": {"assignment": LESSON}}
        notebook, _ = execute.Judge(timeout=seconds).preprocess(new_notebook(cells=cells), resources)
        grades = [cell for cell in notebook.cells if nbgrader(cell).get("grade")]
        return ["".join(output.get("text") or output.get("evalue") for output in cell.outputs) for cell in grades]

    return run


def test_no_trick_gets_points_or_costs_others_theirs(judged, tmp_path, empty_progress):
    """Each trick comes with a wrong answer; honest answers are between them, and have their points."""
    checks = (paths.root() / "checks" / "lesson_01.py").read_bytes()
    (tmp_path / "gradebook.db").write_bytes(b"")
    tricks = TRICKS | {"edit the gradebook": f"open({str(tmp_path / 'gradebook.db')!r}, 'w').write('26 points')"}
    answers = [part for trick in tricks.values() for part in (f"{STUB}{trick}", HONEST)]
    said = judged(answers, seconds=20)  # one trick breaks the kernel, and is waited for
    got = {name: text for name, text in zip(tricks, said[::2], strict=True) if "1.7 passed" in text}
    lost = {name: text for name, text in zip(tricks, said[1::2], strict=True) if "1.7 passed" not in text}
    assert got == {} and lost == {}
    assert (paths.root() / "checks" / "lesson_01.py").read_bytes() == checks
    assert (tmp_path / "gradebook.db").read_bytes() == b"" and not list(empty_progress.iterdir())


def test_what_ends_the_kernel_or_never_ends_costs_its_own_points_only(judged):
    names = ("end the process later", "end the process", "leave the notebook", "answer for the kernel")
    answers = [*(f"{STUB}{ENDS[name]}" for name in names), BLOCKS["loop for ever in the answer"]]
    said = judged([part for answer in answers for part in (answer, HONEST)], seconds=20)
    assert [("1.7 passed" in text) for text in said] == [False, True] * len(answers), said


def test_files_are_put_back(tmp_path):
    (tmp_path / "a").write_text("1")
    (tmp_path / "b").write_text("2")
    files = Files([tmp_path])
    (tmp_path / "a").write_text("9")
    (tmp_path / "b").unlink()
    (tmp_path / "c").symlink_to(tmp_path / "nothing")
    aside = {path.name: now for path, now in files.put_back().items()}
    assert aside.keys() == {"a", "b", "c"} and aside["a"].read_text() == "9" and aside["b"] is None
    assert {path.name: path.read_text() for path in tmp_path.glob("?")} == {"a": "1", "b": "2"}
    assert files.put_back() == {}


@pytest.mark.parametrize("path", sorted((paths.root() / "solutions").glob("*/exercises.ipynb")), ids=str)
def test_every_lesson_can_be_asked(path):
    asked = execute.asked_by(path)
    assert len(asked.grades) == len(exercises(nbformat.read(path, as_version=4))) >= 8
    assert {"check", "hint"} <= set(asked.given["setup"])


def test_a_name_that_an_answer_binds_is_not_given():
    """Lesson 06 uses `stream` in a cell of its own, before an exercise asks for a function of that name."""
    asked = execute.asked_by(paths.root() / "solutions" / "06-async-streaming" / "exercises.ipynb")
    assert "stream" not in {name for names in asked.given.values() for name in names}


def test_a_script_and_the_lessons_files_are_where_an_answer_looks_for_them(judged, tmp_path):
    (tmp_path / "autograded" / "eve" / LESSON / "mine.py").write_text(HONEST)
    read = f"from pathlib import Path\nassert Path('../../lessons/{LESSON}').is_dir()\nfrom mine import nucleus_size"
    assert judged([read]) == ["✔ 1.7 passed"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["1"], "LESSON must be the number of a lesson, like 01, got 1."),
        (["99"], "got 99. See lessons/README.md."),
        (["01"], "submissions must be in submitted/NAME/01-basic-inference/exercises.ipynb, got none."),
        (["01", "--submitted", "class", "--only", "bob"], "--only must name who handed in, got bob. These did: ada."),
    ],
)
def test_a_wrong_argument_is_one_line(arguments, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "class" / "ada" / LESSON).mkdir(parents=True)
    (tmp_path / "class" / "ada" / LESSON / "exercises.ipynb").touch()
    assert grading.main(arguments) == 2
    assert message in capsys.readouterr().err and not (tmp_path / "graded").exists()


def test_who_handed_in_nothing_is_named(tmp_path, capsys):
    (tmp_path / "ada" / LESSON).mkdir(parents=True)
    assert grading.handed_in(tmp_path, LESSON) == []
    assert capsys.readouterr().err == f"ada: left out, there is no {LESSON}/exercises.ipynb\n"


def test_a_table_computes_nothing(tmp_path):
    report.write(tmp_path / "a.csv", [["=1+1", LESSON, "1.1", 0, 1, "@x"]])
    with (tmp_path / "a.csv").open(encoding="utf-8") as file:
        assert list(csv.reader(file))[1] == ["'=1+1", LESSON, "1.1", "0", "1", "'@x"]


def test_a_class_of_five_gets_what_is_due(tmp_path):
    """Release, collect, grade, feedback and table, with four exercises of lesson 01."""
    points = rehearsal.rehearse(tmp_path, ["1.1", "1.2", "1.4", "1.7"], 30)
    assert rehearsal.unexpected(points) == []
    graded = tmp_path / "graded"
    pages = {name: (graded / "feedback" / name / LESSON / "exercises.html").read_text("utf-8") for name in points}
    assert "1.1 not yet" in pages["wrong"] and "1.4 not attempted" in pages["half"]
    assert not [file for file in (graded / "exercises").rglob("*") if file.is_file() and file.suffix != ".ipynb"]
