"""Deriving exercises does what nbgrader does, and running notebooks writes nothing that must not be committed."""

import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from nbgrader.apps.generateassignmentapp import GenerateAssignmentApp
from traitlets.config import PyFileConfigLoader

from tests.rules.sample_exercises import course
from tools import derive_exercises, run_notebooks, warm
from vllm_course import paths
from vllm_course.checks.keeping import STRICT
from vllm_course.models import MODEL_VARIABLE

DERIVED = "exercises/98-sums/exercises.ipynb"
WRONG = 'answer = "nucleus"'


@pytest.fixture
def root(tmp_path):
    """Return a folder with one solution notebook, a script beside it, and the checks."""
    folder = tmp_path / "solutions" / "98-sums"
    folder.mkdir(parents=True)
    nbformat.write(course(), folder / "exercises.ipynb")
    beside = (file for file in (paths.root() / "solutions").glob("*/*") if file.suffix != ".ipynb")
    for name in {"script.py", *(file.name for file in beside if file.is_file())}:
        (folder / name).write_text("a solution")
    shutil.copy(derive_exercises.CONFIG, tmp_path)
    (tmp_path / "checks").mkdir()
    (tmp_path / "checks" / "lesson_98.py").write_text("what a right answer is")
    return tmp_path


def test_derived_as_nbgrader_does(root, monkeypatch):
    assert derive_exercises.main([], root=root) == 0
    ours = (root / DERIVED).read_bytes()
    (root / DERIVED).unlink()
    monkeypatch.chdir(root)
    app = GenerateAssignmentApp()
    app.initialize(["98-sums", "--no-db", "--force"])
    app.start()
    assert (root / DERIVED).read_bytes() == ours and b"answer = 42" not in ours
    assert [file.name for file in (root / "exercises").rglob("*") if file.is_file()] == ["exercises.ipynb"]
    assert [file.read_text() for file in (root / "checks").iterdir()] == ["what a right answer is"]


def nbgrader(folder, *words):
    """Call nbgrader as README says, in an environment that is not strict; its kernel has imported vLLM already."""
    environment = {name: value for name, value in os.environ.items() if name != STRICT}
    environment["VLLM_COURSE_HOME"] = str(folder / "graders_own")
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # as activating does
    environment[warm.KERNELS] = str(warm.kernels())
    command = [warm.python(), "-m", "nbgrader", *words]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_grading_gives_feedback_and_leaves_the_graders_progress(root):
    """A wrong answer to 1.8: no points, the hint is in the feedback, and nothing is kept of it."""
    notebook = course(1)
    notebook.cells[1].source = notebook.cells[1].source.replace("answer = 42", "answer = min")
    notebook.cells[2].source = 'from vllm_course import check\ncheck("1.8", answer)'
    nbformat.write(notebook, root / "solutions" / "98-sums" / "exercises.ipynb")
    nbgrader(root, "generate_assignment", "98-sums", "--force")
    submitted = root / "submitted" / "ada" / "98-sums"
    submitted.mkdir(parents=True)
    handed_in = nbformat.read(root / DERIVED, as_version=4)
    handed_in.cells[1].source = WRONG
    nbformat.write(handed_in, submitted / "exercises.ipynb")
    nbgrader(root, "autograde", "98-sums")
    nbgrader(root, "generate_feedback", "98-sums")
    (page,) = (root / "feedback" / "ada").rglob("*.html")
    assert "1.8 not yet" in page.read_text("utf-8")
    with closing(sqlite3.connect(root / "gradebook.db")) as database:
        assert database.execute("SELECT auto_score FROM grade").fetchall() == [(0.0,)]
    assert not (root / "graders_own").exists()


def test_a_cell_may_take_as_long_as_loading_a_model():
    config = PyFileConfigLoader(str(derive_exercises.CONFIG)).load_config()
    assert config.ExecutePreprocessor.timeout >= 300


def test_check_names_what_differs(root, capsys):
    derive_exercises.main([], root=root)
    derived, orphan = root / DERIVED, root / "exercises" / "97-gone" / "exercises.ipynb"
    derived.write_text(derived.read_text().replace("your code", "my code"))
    orphan.parent.mkdir()
    orphan.write_text("{}")
    assert derive_exercises.main(["--check"], root=root) == 1
    errors = capsys.readouterr().err
    assert DERIVED in errors and "97-gone/exercises.ipynb" in errors
    assert not list(root.glob("*.db"))


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("import sys\nsys.stderr.write('W')", "nothing to stderr"),
        ("print('/home/x')", "an absolute path"),
        ("1 / 0", "ZeroDivision"),
    ],
)
def test_run_notebooks_refuses(tmp_path, source, message):
    path = tmp_path / "a.ipynb"
    nbformat.write(new_notebook(cells=[new_code_cell(source)]), path)
    before = path.read_bytes()
    assert message in "".join(run_notebooks.run(path, root=tmp_path)) and path.read_bytes() == before


def test_run_notebooks_cleans(tmp_path):
    path = tmp_path / "solutions" / "a.ipynb"
    path.parent.mkdir()
    sources = ["import json, os\nprint(os.environ['VLLM_COURSE_STRICT'])", "json.loads('x')"]
    notebook = new_notebook(cells=[new_code_cell(source) for source in sources])
    notebook.cells[1].metadata["tags"] = ["raises-exception"]
    nbformat.write(notebook, path)
    assert run_notebooks.run(path, root=tmp_path) == []
    first = path.read_bytes()
    assert run_notebooks.run(path, root=tmp_path) == [] and path.read_bytes() == first
    cells = nbformat.read(path, as_version=4).cells
    assert cells[0].outputs[0].text == "1\n" and [cell.execution_count for cell in cells] == [1, 2]
    assert cells[1].outputs[0].ename == "JSONDecodeError" and "decoder.py" not in str(cells[1].outputs)


def test_run_notebooks_shows_and_keeps_nobodys_progress(tmp_path, empty_progress):
    """The second run begins without what the first kept, and neither touches the learner's own."""
    path = tmp_path / "a.ipynb"
    source = "from vllm_course import progress\nprint(progress.hint_level('1.1'))\nprogress.record_hint('1.1', 2)"
    nbformat.write(new_notebook(cells=[new_code_cell(source)]), path)
    for _ in range(2):
        assert run_notebooks.run(path, root=tmp_path) == []
        assert nbformat.read(path, as_version=4).cells[0].outputs[0].text == "0\n"
    assert list(empty_progress.iterdir()) == []


def test_run_notebooks_refuses_another_machine_or_path(tmp_path, monkeypatch, capsys):
    assert run_notebooks.main([str(tmp_path / "none.ipynb")]) == 2
    monkeypatch.setenv(MODEL_VARIABLE, "facebook/opt-125m")
    assert run_notebooks.main([str(tmp_path)]) == 2
    assert "PATH must be" in (errors := capsys.readouterr().err) and "opt-125m" in errors
