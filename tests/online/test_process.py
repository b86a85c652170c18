"""The engine's process ends with the one that started it, however that ends. vLLM's part is a stand-in that sleeps."""

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from tests.online.cases import DEADLINE, gone, until
from vllm_course import paths

CORE = """
import atexit, os, sys, time
class EngineCoreProc:
    @staticmethod
    def run_engine_core(what):
        print("noise", flush=True)
        if what == "sleep":
            time.sleep(600)
        if what == "end":
            atexit.register(time.sleep, 600)
            print("last words", end="")
            raise SystemExit
        raise ValueError(what) if what == "fail" else type("Odd", (Exception,), {})(what)
"""
PROGRAM = """
import multiprocessing, os, signal, sys, time
from vllm_course.online.process import EngineProcess
if __name__ == "__main__":
    receiver, sender = multiprocessing.Pipe(duplex=False)
    calm = {"quiet": True, "faster": False}
    run = EngineProcess(sender, calm=calm)
    process = multiprocessing.get_context("spawn").Process(target=run, args=(sys.argv[1],))
    process.start()
    sender.close()
    print(receiver.recv(), process.pid, os.getsid(process.pid) == process.pid, flush=True)
    exec(sys.argv[2])
"""
ENDS = {
    "killed": ("time.sleep(600)", signal.SIGKILL, -signal.SIGKILL),
    "told to end": ("time.sleep(600)", signal.SIGTERM, -signal.SIGTERM),
    "at once": ("os._exit(5)", None, 5),
    "by a signal of its own": ("signal.raise_signal(signal.SIGABRT)", None, -signal.SIGABRT),
}


@pytest.fixture
def program(tmp_path):
    """Return a function that starts the program, and the stand-in for vLLM."""
    core = tmp_path / "vllm/v1/engine/core.py"
    core.parent.mkdir(parents=True)
    for folder in core.parents[:3]:
        (folder / "__init__.py").touch()
    core.write_text(CORE)
    (tmp_path / "program.py").write_text(PROGRAM)
    variables = os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), str(paths.root())])}

    def start(*words: str) -> subprocess.Popen:
        command = [sys.executable, str(tmp_path / "program.py"), *words]
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen(command, env=variables, text=True, start_new_session=True, **streams)

    return start


@pytest.mark.parametrize(("then", "sent", "code"), ENDS.values(), ids=ENDS)
def test_nothing_is_left_when_the_owner_ends(program, then, sent, code):
    owner = program("sleep", then)
    first = owner.stdout.readline().split()
    assert first[0] == "None" and first[2] == "True"
    engine = psutil.Process(int(first[1]))
    if sent:
        owner.send_signal(sent)
    assert owner.wait(timeout=DEADLINE) == code
    until(lambda: gone(engine))


def test_ctrl_c_reaches_the_owner_alone(program):
    """A terminal sends it to all that belongs to the program's group, as a kernel's interrupt button does."""
    come = "signal.signal(signal.SIGINT, lambda *_: print('came', flush=True))"
    owner = program("sleep", f"{come}; print('ready', flush=True); time.sleep(600)")
    engine = psutil.Process(int(owner.stdout.readline().split()[1]))
    assert owner.stdout.readline() == "ready\n"
    os.killpg(owner.pid, signal.SIGINT)
    assert owner.stdout.readline() == "came\n"
    time.sleep(1)  # in which it would end
    assert not gone(engine)
    owner.kill()
    until(lambda: gone(engine))


@pytest.mark.parametrize(("what", "said"), [("fail", "ValueError('fail')"), ("odd", "RuntimeError('Odd: odd')")])
def test_an_error_travels_to_the_owner_and_nothing_is_printed_to_its_stdout(program, what, said):
    owner = program(what, "print(repr(receiver.recv())); process.join(); print(process.exitcode)")
    out, _ = owner.communicate(timeout=DEADLINE)
    assert out.splitlines()[1:] == [said, "1"]


def test_an_engine_that_has_ended_does_not_take_python_apart_and_loses_no_word(program):
    owner = program("end", "process.join(); print(process.exitcode)")
    out, err = owner.communicate(timeout=DEADLINE)
    assert out.splitlines()[1:] == ["0"] and err == "noise\nlast words"
