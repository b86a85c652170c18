"""How nbgrader runs a submission here: answers in a kernel that judges them with what it kept before they ran.

nbgrader reads points off the output of a grade cell. Here that output is what the judge said, and nothing that a cell
wrote. Without a verdict that the judge proves there are no points: to end the kernel or to silence it does not help.
"""

import ast
import contextlib
import copy
import json
import os
import secrets
import shutil
import subprocess
import symtable
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import nbformat
import psutil
from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpec
from jupyter_core.utils import run_sync
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from nbformat.v4 import new_output
from nbgrader import preprocessors

from tools import warm
from tools.exercise_cells import check_calls, exercises, nbgrader
from tools.grading.files import Files
from tools.grading.guard import prover
from tools.grading.kernel import MARK, SEPARATOR
from vllm_course import paths
from vllm_course.checks.keeping import STRICT
from vllm_course.checks.result import Result
from vllm_course.progress.place import HOME

OURS = "VLLM_COURSE_GRADING"  # marks the processes of a submission, which end with it
SOLUTION = "### BEGIN SOLUTION"
GRACE = 20  # seconds in which an interrupted kernel must answer
STARTUP = 600  # seconds for a kernel to start: the first one waits until vLLM is imported
MOST_STARTS = 36  # of the kernel of one submission; an answer that ends it takes three
ENDED = "the kernel has ended, by this answer or one before it."
STUCK = "the kernel took longer than {} s and could not be interrupted."
UNPROVEN = "the judge did not answer, because an answer cell stands in its way."
FOLDERS = ("checks", "vllm_course", "tools", "solutions", "exercises", "lessons", "models")


class UnprovenError(Exception):
    """Raised when a verdict does not come from the judge."""


LOST = (CellTimeoutError, DeadKernelError, UnprovenError)


@dataclass(frozen=True)
class Asked:
    """What a notebook asks: for each grade cell exercise and answers, and the names that the course's cells bind."""

    grades: dict[str, tuple[str, list[str]]]
    given: dict[str, list[str]]


def asked_by(solution: Path) -> Asked:
    """Read a solution notebook."""
    notebook = nbformat.read(solution, as_version=4)
    grades = {nbgrader(each.grade)["grade_id"]: (each.number, _arguments(each.grade)) for each in exercises(notebook)}
    own = [cell for cell in notebook.cells if nbgrader(cell).get("locked") and not nbgrader(cell).get("grade")]
    stubs = [each.stub.source.partition(SOLUTION)[0] for each in exercises(notebook)]
    answers = {name for stub in stubs for name in _bound(stub)}  # a name that an answer shall bind is no longer given
    return Asked(grades, {nbgrader(cell)["grade_id"]: sorted({*_bound(cell.source)} - answers) for cell in own})


class OurKernels(AsyncKernelManager):
    """Starts kernels that judge, from a Python that has imported vLLM already."""

    @property
    def kernel_spec(self) -> KernelSpec:
        """Return how one is started; its folder is the course's, so that nothing beside a submission is imported."""
        command = [warm.python(), "-m", "tools.grading.kernel", "-f", "{connection_file}"]
        return KernelSpec(argv=command, display_name="Python 3 (ipykernel)", language="python")


class OnlyTheCourses(preprocessors.NbGraderPreprocessor):
    """Takes from cells what they say about grading when the course has no such cell."""

    def preprocess_cell(self, cell: NotebookNode, resources: Any, cell_index: int) -> tuple[NotebookNode, Any]:
        """Look at one cell; nbgrader would end with an error."""
        notebook = nbformat.read(solution_of(resources), as_version=4)
        ids = {nbgrader(each).get("grade_id") for each in notebook.cells} - {None}
        if nbgrader(cell) and nbgrader(cell).get("grade_id") not in ids:
            del cell.metadata["nbgrader"]
        return cell, resources


class Judge(preprocessors.Execute):
    """Runs a submission cell by cell, and has each answer judged."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        options |= {"kernel_manager_class": OurKernels, "startup_timeout": STARTUP}
        super().__init__(*arguments, **options)

    def preprocess(self, nb: NotebookNode, resources: Any, km: Any = None) -> tuple[NotebookNode, Any]:
        """Run all cells in a copy of their folder; afterwards no process is left, and all files are as they were."""
        place, assignment = Path(resources["metadata"]["path"]).resolve(), resources["nbgrader"]["assignment"]
        self.asked, self.mark, self.lesson = asked_by(solution_of(resources)), secrets.token_hex(8), assignment[:2]
        self.pid = self.session = None
        self.begun, self.lost, self.starts, self.judged = False, set(), 0, (0, 0)
        files = Files([*(paths.root() / name for name in FOLDERS), place.parents[2]])
        with TemporaryDirectory(prefix="vllm-course-grading-", ignore_cleanup_errors=True) as self.home:
            self.folder = _as_in_the_course(Path(self.home), place, assignment)
            try:
                return super().preprocess(nb, resources, km)
            finally:
                self._end_all()
                for path, aside in files.put_back().items():
                    kept = f"; as it was found it is {aside}" if aside else ""
                    print(f"      {path} was changed meanwhile, and is put back{kept}", flush=True)

    def start_new_kernel(self, **options: Any) -> None:
        """Start the kernel in the course's folder, with progress of its own that is thrown away."""
        own = {HOME: self.home, "XDG_DATA_HOME": self.home, OURS: self.mark}
        environment = {name: value for name, value in os.environ.items() if name != STRICT} | own
        silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        super().start_new_kernel(cwd=str(paths.root()), env=environment, **silent, **options)

    def preprocess_cell(self, cell: NotebookNode, resources: Any, index: int) -> tuple[NotebookNode, Any]:
        """Run or judge one cell; one that ends or blocks the kernel costs its own points and no others."""
        if cell.cell_type != "code":
            return cell, resources
        kept = set(self.lost)
        # A kernel may end a while after the answer that ends it: without the last ones this cell gets a second chance,
        # and without any answer a third.
        for without in (self._answers(*self.judged), self._answers(0, index - 1), None):
            try:
                if not self.begun:
                    self._begin()
                self._take(cell, index)
                break
            except LOST as error:
                last = without is None or not isinstance(error, DeadKernelError)
                self.lost = kept | (self._answers(self.judged[0], index) if last else without)
                self.begun = False
                self._say_no(cell, error)
                self._restart(index)
                if last or not self.begun:
                    break
        return cell, resources

    def _take(self, cell: NotebookNode, index: int) -> None:
        name = nbgrader(cell).get("grade_id")
        if name in self.asked.grades:
            self._judge(cell, *self.asked.grades[name])
            self.judged = (self.judged[1], index)
            return
        if name in self.asked.given:
            self._ask(do="before")
        cell.outputs = []
        self.execute_cell(cell, index, store_history=True)
        if name in self.asked.given:
            self._ask(do="after", names=self.asked.given[name])
        elif any(output.get("ename") == "CellTimeoutError" for output in cell.outputs):
            self.lost.add(index)
            self._say_no(cell, f"This cell was interrupted after {self.timeout} s.")
            self._ask(do="after", names=[])  # fails if the kernel is still in it

    def _judge(self, cell: NotebookNode, number: str, arguments: list[str]) -> None:
        word = secrets.token_hex(16)
        said = self._ask(do="judge", word=word, number=number, arguments=arguments)
        status, message, proof = said if isinstance(said, list) and len(said) == 3 else ("", "", "")
        proven = proof == self.prove(SEPARATOR.join([word, number, status, message]))
        if not proven:
            raise UnprovenError(UNPROVEN)
        result = Result(number, status, message)
        if result.passed:
            cell.outputs = [new_output("stream", name="stdout", text=repr(result))]
        else:
            self._say_no(cell, repr(result))

    def _say_no(self, cell: NotebookNode, reason: str | Exception) -> None:
        ends = ENDED if isinstance(reason, DeadKernelError) else STUCK.format(self.timeout)
        said = reason if isinstance(reason, str) else UNPROVEN if isinstance(reason, UnprovenError) else ends
        if nbgrader(cell).get("grade_id") in self.asked.grades:
            number, _ = self.asked.grades[nbgrader(cell)["grade_id"]]
            said = said if number in said else repr(Result(number, "not yet", said))
        cell.outputs = [new_output("error", ename="CheckFailedError", evalue=said, traceback=[said])]

    def _begin(self) -> None:
        if self.starts == MOST_STARTS:
            raise DeadKernelError("it ended too often")
        self.starts += 1
        key = secrets.token_hex(32)
        self.prove = prover(bytes.fromhex(key))
        lesson = paths.root() / "checks" / f"lesson_{self.lesson}.py"
        seconds, self.timeout = self.timeout, STARTUP
        self.pid = self._ask(do="begin", **{"with": {"key": key, "lesson": str(lesson), "folder": str(self.folder)}})
        self.timeout = seconds
        self.session, self.begun = os.getsid(self.pid), True

    def _ask(self, **request: Any) -> Any:
        """Ask the kernel and return what it said.

        Raises:
            DeadKernelError: It has ended.
            CellTimeoutError: It does not answer, not even when it is interrupted.
        """
        number = self.kc.execute(MARK + json.dumps(request), store_history=False, stop_on_error=False)
        reply = self.wait_for_reply(number) or self._wait_again(number)
        return reply["content"].get("said")

    def _wait_again(self, number: str) -> dict[str, Any]:
        """Wait for the reply of a kernel that has been interrupted."""
        seconds, self.timeout = self.timeout, GRACE
        try:
            if reply := self.wait_for_reply(number):
                return reply
        finally:
            self.timeout = seconds
        raise CellTimeoutError(STUCK.format(seconds))

    def _restart(self, index: int) -> None:
        """Start a new kernel and run again what came before, but what ended the last one and what is judged already."""
        for lost in (self.lost, self.lost | self._answers(0, index - 1)):
            if self.starts == MOST_STARTS:
                return
            self.lost = lost
            self._end_all()
            run_sync(self.km.restart_kernel)(now=True)
            run_sync(self.kc.wait_for_ready)(timeout=self.startup_timeout)
            with contextlib.suppress(*LOST):
                self._begin()
                return self._run_again(index)
            self.begun = False
        self.starts = MOST_STARTS

    def _run_again(self, index: int) -> None:
        """Run what comes before a cell and is not lost, but judge nothing."""
        for number, cell in enumerate(self.nb.cells[:index]):
            if cell.cell_type == "code" and number not in self.lost and not nbgrader(cell).get("grade"):
                again = copy.deepcopy(cell)
                self._take(again, number)
                self.nb.cells[number].outputs = again.outputs

    def _answers(self, first: int, last: int) -> set[int]:
        """Return the numbers of the cells that are no cells of the course."""
        ids = {number: nbgrader(cell).get("grade_id") for number, cell in enumerate(self.nb.cells)}
        return {number for number in range(first, last + 1) if ids[number] not in self.asked.given}

    def _cleanup_kernel(self) -> None:
        """End the kernel, and before it what it has started: afterwards nobody knows whose that is."""
        self._end_all()
        super()._cleanup_kernel()

    def _end_all(self) -> None:
        """End the processes that a submission has started."""
        with contextlib.suppress(psutil.Error):
            for process in psutil.Process(self.pid).children(recursive=True) if self.pid else []:
                process.kill()
        for process in _left(self.session, f"{OURS}={self.mark}".encode()):
            process.kill()


def _as_in_the_course(home: Path, place: Path, assignment: str) -> Path:
    """Return a copy of a submission's folder, from which a notebook finds the lessons as a learner's does."""
    for name in ("lessons", "concepts", "models"):
        (home / name).symlink_to(paths.root() / name)
    return Path(shutil.copytree(place, home / "exercises" / assignment))


def solution_of(resources: Any) -> Path:
    """Return the solution notebook of what is being graded, in the folder that `steps.prepare` fills."""
    root = Path(resources["metadata"]["path"]).resolve().parents[2]
    return root / "solutions" / resources["nbgrader"]["assignment"] / "exercises.ipynb"


def _left(session: int | None, mark: bytes) -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        try:
            variables = Path(f"/proc/{process.pid}/environ").read_bytes().split(b"\0")
            if os.getsid(process.pid) == session or mark in variables:
                yield process
        except OSError:  # it has ended, or it is somebody else's
            continue


def _arguments(cell: NotebookNode) -> list[str]:
    return [ast.unparse(argument) for argument in check_calls(cell)[-1].args[1:]]


def _bound(source: str) -> list[str]:
    symbols = symtable.symtable(source, "cell", "exec").get_symbols()
    return [symbol.get_name() for symbol in symbols if symbol.is_assigned() or symbol.is_imported()]
