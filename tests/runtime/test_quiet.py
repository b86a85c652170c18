"""In a notebook, loading and generating write nothing at all, errors still arrive, and the log can be had back."""

import os
import sys

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat.v4 import new_code_cell, new_notebook

from tools.run_notebooks import OwnKernel
from vllm_course import CourseError
from vllm_course.runtime import quiet

LOAD = 'from vllm_course import CourseError, load_model\nllm = load_model("pocket-base")'
GENERATE = 'from vllm import SamplingParams\noutput = llm.generate("Hello", SamplingParams(max_tokens=4))'
AFTER = """
import os, sys, threading
assert len(output[0].outputs[0].token_ids) >= 1
read, write = threading.Event(), sys.stderr.write
sys.stderr.write = lambda text: (write(text), read.set())  # called by a thread of the kernel, when it has read them
os.write(2, b"native words")
assert read.wait(600)
sys.stderr.write = write
sys.stderr.flush()
"""
# With the last one, ipykernel would leave native output alone, and the silence below would mean nothing.
NOT_PASSED_ON = (quiet.LEVEL, "VLLM_COURSE_MODEL", "PYTEST_CURRENT_TEST")
NO_FILENO = """
import io, sys
class Bare(type(sys.stdout)):
    def fileno(self):
        raise io.UnsupportedOperation("fileno")
sys.stdout.__class__ = sys.stderr.__class__ = Bare
try:
    sys.stderr.fileno()
except OSError as error:
    print("no", error)
"""
MISTAKE = 'load_model("pocket-bse")'


def execute(folder, *cells: str, raises: bool = False, **variables: str) -> list:
    """Run cells in a new kernel and return the outputs of each; keyword arguments are environment variables."""
    notebook = new_notebook(cells=[new_code_cell(cell) for cell in cells])
    resources = {"metadata": {"path": str(folder)}}
    # Not the kernel of other tests, which has imported vLLM before the first cell.
    kernel = {"kernel_name": "python3", "kernel_manager_class": OwnKernel}
    client = NotebookClient(notebook, timeout=600, allow_errors=raises, resources=resources, **kernel)
    client.execute(env={name: value for name, value in os.environ.items() if name not in NOT_PASSED_ON} | variables)
    nbformat.validate(notebook)
    return [cell.outputs for cell in notebook.cells]


@pytest.fixture(scope="module")
def outputs(tmp_path_factory) -> list:
    """Outputs of a notebook that loads, generates, writes to native stderr and makes a mistake."""
    return execute(tmp_path_factory.mktemp("quiet"), LOAD, GENERATE, AFTER, MISTAKE, raises=True)


def test_loading_writes_nothing(outputs):
    assert outputs[0] == []


def test_generating_writes_nothing(outputs):
    assert outputs[1] == []


def test_native_stderr_is_given_back_after_loading(outputs):
    """The kernel captures native output, so silence above is silence and not a deaf test."""
    assert [(output["name"], output["text"]) for output in outputs[2]] == [("stderr", "native words")]


def test_an_error_arrives_as_its_message_alone(outputs):
    (error,) = outputs[3]
    assert (error["output_type"], error["ename"]) == ("error", "CourseError")
    assert error["traceback"] == ["CourseError: " + error["evalue"]]
    assert "Did you mean 'pocket-base'?" in error["evalue"]


def test_the_log_comes_back_when_it_is_asked_for(tmp_path):
    (load,) = execute(tmp_path, LOAD, **{quiet.LEVEL: "INFO"})
    text = "".join(output.get("text", "") for output in load)
    assert "Initializing a V1 LLM engine" in text
    assert "INFO" in text


def test_a_kernel_whose_streams_have_no_file_number_loads_and_generates_all_the_same(tmp_path):
    """Colab's are of that kind."""
    prelude, load, generate, printed = execute(tmp_path, NO_FILENO, LOAD, GENERATE, "print(len(output))")
    assert prelude[0]["text"] == "no fileno\n"
    assert (load, generate, printed[0]["text"]) == ([], [], "1\n")


def test_an_error_that_stops_the_notebook_is_raised(tmp_path):
    with pytest.raises(CellExecutionError, match="ZeroDivisionError"):
        execute(tmp_path, "1 / 0")


def test_what_was_held_back_is_shown_when_the_block_fails(monkeypatch, capfd):
    monkeypatch.setenv(quiet.LEVEL, quiet.QUIET_LEVEL)
    with pytest.raises(RuntimeError, match="See root cause above"), quiet.quiet():
        os.write(2, b"native cause\n")
        print("python cause", file=sys.stderr)
        raise RuntimeError("See root cause above.")
    shown = capfd.readouterr().err
    assert "native cause" in shown
    assert "python cause" in shown


@pytest.mark.parametrize("error", quiet.SELF_EXPLAINING)
def test_nothing_is_shown_with_an_error_that_explains_itself(monkeypatch, capfd, error):
    monkeypatch.setenv(quiet.LEVEL, quiet.QUIET_LEVEL)
    with pytest.raises(error), quiet.quiet():
        os.write(2, b"noise\n")
        raise error("name must be so")
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(("level", "quiet_wanted"), [(None, True), ("ERROR", True), ("INFO", False), ("DEBUG", False)])
def test_the_level_decides(monkeypatch, level, quiet_wanted):
    monkeypatch.delenv(quiet.LEVEL, raising=False)
    if level:
        monkeypatch.setenv(quiet.LEVEL, level)
    assert quiet.wanted() is quiet_wanted


def test_the_users_own_settings_stay(monkeypatch):
    monkeypatch.setenv(quiet.LEVEL, "INFO")
    monkeypatch.setenv("VLLM_ENABLE_V1_MULTIPROCESSING", "1")
    quiet.set_defaults()
    assert os.environ[quiet.LEVEL] == "INFO"
    assert os.environ["VLLM_ENABLE_V1_MULTIPROCESSING"] == "1"


def test_no_folder_for_temporary_files_is_said_in_one_line(monkeypatch):
    def _none(**_: object) -> None:
        raise FileNotFoundError(2, "No usable temporary directory found in ['/tmp']")

    monkeypatch.setattr(quiet.tempfile, "TemporaryFile", _none)
    message = (
        r"^a folder for temporary files must be writable, got No usable .* \['/tmp'\]\. Name one .* export TMPDIR="
    )
    with pytest.raises(CourseError, match=message), quiet._held_back():
        pass
