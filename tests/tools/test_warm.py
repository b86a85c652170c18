"""The Python that has imported vLLM already: what it starts behaves like what Python starts."""

import logging
import os
import signal
import subprocess
import sys
import time

import psutil
import pytest
from jupyter_client.kernelspec import KernelSpecManager

from tools import warm
from vllm_course.serving import guard

SECONDS = 60  # for what takes a tenth of one, on a busy machine
VLLM = "import sys; print('vllm' in sys.modules)"
SHOWN = "import os; from sys import argv, path; print(argv, path[0], os.getcwd(), os.environ.get('SHOWN'), __name__)"
# Short waits: Python's own loses a signal that comes between its last look and the call that waits.
WAIT = "import os, time; print(os.getpid(), flush=True); [time.sleep(0.05) for _ in range(12000)]"


def call(*arguments: str, python: str = "", **options) -> subprocess.CompletedProcess:
    return subprocess.run([python or warm.python(), *arguments], capture_output=True, text=True, **options)


@pytest.fixture
def script(tmp_path):
    """Return a function that writes a script and returns its path."""

    def write(code: str) -> str:
        (tmp_path / "script.py").write_text(code, encoding="utf-8")
        return str(tmp_path / "script.py")

    return write


def test_vllm_is_imported_before_the_first_line():
    assert call("-c", VLLM).stdout == "True\n"
    assert call("-c", VLLM, python=sys.executable).stdout == "False\n"


@pytest.mark.parametrize("code", [SHOWN, "print(input())", "import sys; print('to stderr', file=sys.stderr)"])
def test_arguments_folder_environment_and_streams_are_the_callers(code, script, tmp_path):
    options = {"cwd": tmp_path, "env": os.environ | {"SHOWN": "é"}, "input": "a line\n"}
    for arguments in (("-c", code, "a", "--b"), (script(code), "a", "--b"), ("-m", "script", "a")):
        ours, pythons = call(*arguments, **options), call(*arguments, python=sys.executable, **options)
        shown = [(done.returncode, done.stdout, done.stderr) for done in (ours, pythons)]
        assert shown[0] == shown[1] != (0, "", "")


@pytest.mark.parametrize(
    "code", ["raise SystemExit", "exit(3)", "exit('bad')", "exit(True)", "1 / 0", "import os; os._exit(7)", "print(1)"]
)
def test_it_ends_as_python_does(code):
    ours, pythons = call("-c", code), call("-c", code, python=sys.executable)
    assert ours.returncode == pythons.returncode and ours.stdout == pythons.stdout
    assert ours.stderr.splitlines()[-1:] == pythons.stderr.splitlines()[-1:]


def test_what_is_to_be_done_at_the_end_is_done():
    ends = "import atexit, threading, time; atexit.register(print, 'last')"
    slow = "threading.Thread(target=lambda: (time.sleep(0.5), print('thread'))).start(); print('first')"
    assert call("-c", f"{ends}; {slow}").stdout == "first\nthread\nlast\n"


def test_a_full_disk_is_no_success():
    with open("/dev/full", "w") as full:
        done = subprocess.run([warm.python(), "-c", "print(1)"], stdout=full)
    assert done.returncode == 120


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_signal_ends_both(number):
    process = subprocess.Popen([warm.python(), "-c", WAIT], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    fork = psutil.Process(int(process.stdout.readline()))
    process.send_signal(number)
    assert process.wait(SECONDS) == -number
    fork.wait(SECONDS)


def test_ctrl_c_while_it_starts_is_not_lost():
    for delay in (0, 0.02, 0.04, 0.06, 0.08):
        process = subprocess.Popen([warm.python(), "-c", WAIT], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        time.sleep(0.05 + delay)  # sh has become Python, or not yet
        process.send_signal(signal.SIGINT)
        assert process.wait(SECONDS) == -signal.SIGINT


def test_a_signal_can_be_handled():
    code = f"import signal; signal.signal(signal.SIGTERM, lambda *_: exit(5)); {WAIT}"
    process = subprocess.Popen([warm.python(), "-c", code], stdout=subprocess.PIPE, text=True)
    process.stdout.readline()
    process.terminate()
    assert process.wait(SECONDS) == 5


@pytest.mark.parametrize(
    ("name", "value"), [("VLLM_LOGGING_LEVEL", "DEBUG"), ("PYTHONHASHSEED", "1"), ("OMP_NUM_THREADS", "2,1")]
)
def test_a_variable_that_counts_at_the_start_gets_the_real_python(name, value):
    code = f"import os; {VLLM}; print(os.environ[{name!r}])"
    assert call("-c", code, env=os.environ | {name: value}).stdout == f"False\n{value}\n"


@pytest.mark.parametrize("number", ["1", "3"])
def test_a_number_of_threads_is_taken_over(number):
    code = f"{VLLM}; import threading, torch; print(torch.get_num_threads(), flush=True)\n"
    code += "threading.Thread(target=lambda: print(torch.get_num_threads())).start()"
    assert call("-c", code, env=os.environ | {"OMP_NUM_THREADS": number}).stdout == f"True\n{number}\n{number}\n"


FOLLOWED = """
import logging, sys
import torch._dynamo.config
log = logging.getLogger("vllm")
print("vllm" in sys.modules, {part.level for part in (log, *log.handlers)}, torch._dynamo.config.disable)
"""


def test_a_server_and_its_engine_follow_what_the_course_sets_for_them():
    wanted = {"VLLM_LOGGING_LEVEL": "INFO", "TORCH_COMPILE_DISABLE": "1"}
    assert call("-c", FOLLOWED, env=os.environ | wanted | {guard.MARK: "1"}).stdout == f"True {{{logging.INFO}}} True\n"
    assert call("-c", FOLLOWED, env=os.environ | wanted).stdout == "False {0} True\n"


def test_so_do_options_and_a_program_on_the_standard_input():
    assert call("-", input=VLLM).stdout == call(input=VLLM).stdout == call("-I", "-c", VLLM).stdout == "False\n"
    assert call("-c", VLLM, "--help=all").stdout == "False\n"


def test_random_numbers_differ():
    assert (
        len({call("-c", "import random, numpy; print(random.random(), numpy.random.rand())").stdout for _ in "ab"}) == 2
    )


def test_jupyter_finds_the_kernel_and_a_kernel_draws_where_it_is_told(monkeypatch):
    monkeypatch.setenv(warm.KERNELS, str(warm.kernels()))
    assert KernelSpecManager().get_kernel_spec("python3").argv[0] == warm.python()
    assert call("-c", "import sys; print({'matplotlib', 'pandas'} & {*sys.modules})").stdout == "set()\n"


SPAWNS = """
import multiprocessing, sys

def child(pipe):
    pipe.send("vllm" in sys.modules)

if __name__ == "__main__":
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=child, args=(theirs,))
    process.start()
    print(ours.recv(), process.join(), process.exitcode)
"""


def test_what_multiprocessing_spawns_is_warm_too(script):
    assert call(script(SPAWNS)).stdout == "True None 0\n"
    assert call(script(SPAWNS), python=sys.executable).stdout == "False None 0\n"


def test_a_kernel_starts_warm_pythons_and_nobody_else():
    code = "import sys; from tools.warm import server; server.start_warm(sys.argv[1:]); print(sys.executable)"
    assert call("-c", code, "-m", "ipykernel_launcher").stdout == f"{warm.python()}\n"
    assert call("-c", code, "-m", "pytest").stdout == f"{sys.executable}\n"


SERVER = "import sys; from tools.warm import server; {}; server.main(sys.argv[1])"


def serve(folder, changed: str) -> subprocess.Popen:
    """Start a process that waits, with something changed."""
    with warm.listening(folder / "socket") as listener:
        number = listener.fileno()
        command = [sys.executable, "-c", SERVER.format(changed), str(number)]
        return subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, pass_fds=[number])


def client(folder) -> subprocess.Popen:
    """Ask it for a process."""
    command = [sys.executable, "-I", "-S", str(warm.HERE / "client.py"), str(folder / "socket"), sys.executable]
    return subprocess.Popen([*command, "-c", "print(1)"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_it_ends_with_who_started_it(tmp_path):
    started = serve(tmp_path, "server.import_everything = dict")
    started.stdin.close()
    assert started.wait(SECONDS) == 0


def test_a_client_says_in_one_line_that_it_ended_while_it_imported(tmp_path):
    """One that waits already, and one that comes later."""
    started = serve(tmp_path, "server.import_everything = sys.stdin.read")
    waiting = client(tmp_path)
    started.kill()
    started.wait()
    for asked in (waiting, client(tmp_path)):
        _, said = asked.communicate(timeout=SECONDS)
        assert said.startswith("tools.warm: the process that waits with vLLM imported must run, got: ")
        assert (asked.returncode, said.count("\n")) == (1, 1)
