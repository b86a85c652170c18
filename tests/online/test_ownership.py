"""A real engine ends with its owner where people end one every day: a restarted kernel, a script without the guard."""

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


def test_a_kernel_that_is_restarted_leaves_no_engine_and_starts_another(kernel):
    manager, client = kernel
    number, text = printed(client)
    engine = psutil.Process(int(number))
    assert not gone(engine) and len(text) > 4
    manager.restart_kernel()  # as JupyterLab's button does
    until(lambda: gone(engine))
    client.wait_for_ready(timeout=DEADLINE)
    another, again = printed(client)
    assert again == text and another != number


def test_a_script_without_the_guard_says_what_is_missing(tmp_path):
    (tmp_path / "script.py").write_text(UNGUARDED, encoding="utf-8")
    process = start(str(tmp_path / "script.py"))
    out, err = process.communicate(timeout=DEADLINE)
    assert (process.returncode, out) == (1, "")
    assert err.splitlines()[-1] == f"vllm_course.errors.CourseError: {NOT_FOUND}"
