"""A real engine ends with its owner where people end one every day: a kernel, a script without the guard.

A kernel that is told to end must not hang over its engine; that its engine ends too is not tested there, since several
things see to that. One that is killed leaves it to the engine's process.
"""

import psutil
import pytest
from jupyter_client.manager import start_new_kernel

from tests.online.cases import gone, until
from tests.rules.scripts import DEADLINE, start
from tools import warm
from vllm_course.online.engine import NOT_FOUND

CELL = """
from vllm import SamplingParams
from vllm_course import load_async_model
engine = load_async_model("pocket-base-mini")
async for output in engine.generate("The sea", SamplingParams(temperature=0, max_tokens=4), "one"):
    pass
print(engine.engine_core.resources.engine_manager.processes[0].pid, repr(output.outputs[0].text))
"""
STAYS = """
import pathlib, time
from vllm.v1.engine import utils

def stay(handshake, *others):
    handshake.poll()  # the engine's process runs, and waits for an answer
    engine = others[-1].engine_manager.processes[0]
    pathlib.Path({file!r}).write_text(str(engine.pid))
    time.sleep(600)

utils.wait_for_engine_startup = stay
"""
UNGUARDED = "from vllm_course import load_async_model; load_async_model('pocket-base-mini')"


@pytest.fixture
def kernel(monkeypatch):
    """A kernel, which starts warm, and a client of it."""
    monkeypatch.setenv(warm.KERNELS, str(warm.kernels()))
    manager, client = start_new_kernel(startup_timeout=DEADLINE, kernel_name="python3")
    yield manager, client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def printed(client) -> list[str]:
    """Return what the cell prints: the number of the engine's process, and a text."""
    shown = []
    client.execute_interactive(CELL, output_hook=shown.append, timeout=DEADLINE)
    return "".join(message["content"].get("text", "") for message in shown).split(maxsplit=1)


def test_a_kernel_that_is_told_to_end_does_so_by_itself_while_it_has_an_engine(kernel):
    manager, client = kernel
    printed(client)
    client.shutdown(restart=True)  # as JupyterLab's button does
    assert manager.provisioner.process.wait(timeout=DEADLINE) == 0


def test_a_kernel_that_is_killed_leaves_no_engine_and_starts_another(kernel):
    manager, client = kernel
    number, text = printed(client)
    engine = psutil.Process(int(number))
    assert not gone(engine) and len(text) > 4
    manager.provisioner.process.kill()  # as Linux does where memory runs out
    until(lambda: gone(engine))
    manager.restart_kernel(now=True)  # as JupyterLab does then
    client.wait_for_ready(timeout=DEADLINE)
    assert printed(client)[1] == text


def test_a_kernel_that_is_killed_while_its_engine_starts_leaves_none(kernel, tmp_path):
    manager, client = kernel
    note = tmp_path / "engine"
    client.execute(STAYS.format(file=str(note)) + CELL)
    engine = psutil.Process(int(until(lambda: note.exists() and note.read_text())))
    assert not gone(engine)
    manager.provisioner.process.kill()
    until(lambda: gone(engine))


def test_a_script_without_the_guard_says_what_is_missing(tmp_path):
    (tmp_path / "script.py").write_text(UNGUARDED, encoding="utf-8")
    process = start(str(tmp_path / "script.py"))
    out, err = process.communicate(timeout=DEADLINE)
    assert (process.returncode, out) == (1, "")
    assert err.splitlines()[-1] == f"vllm_course.errors.CourseError: {NOT_FOUND}"
