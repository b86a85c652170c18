"""Import vLLM once, and become a process whenever `client` asks for one: `python -m tools.warm.server LISTENER`.

LISTENER is the number of an open socket, on which clients wait until vLLM is imported.

This process forks before any engine and with one thread, so there is nothing that a fork could break. A fork takes
over what its client has (arguments, environment, folder, streams) and is an ordinary process from then on. A second
fork, its parent, stays behind to tell the client how it ended, and to end it when the client is gone.
"""

import atexit
import contextlib
import fcntl
import gc
import importlib
import json
import logging
import multiprocessing
import os
import random
import runpy
import select
import signal
import socket
import sys
import threading
import types
from pathlib import Path

from tools.warm import PROGRAM
from vllm_course.runtime import quiet
from vllm_course.serving import guard

# Read when Python starts or when a library is imported, which is too late for a fork.
READ_EARLY = (
    *("PYTHONPATH", "PYTHONHASHSEED", "PYTHONIOENCODING", "PYTHONUTF8", "PYTHONUNBUFFERED", "PYTHONWARNINGS"),
    *("LANG", "LC_ALL", "LC_CTYPE", "CUDA_VISIBLE_DEVICES", "TORCHDYNAMO_DISABLE"),
    *("VLLM_LOGGING_LEVEL", "VLLM_LOGGING_STREAM", "VLLM_CONFIGURE_LOGGING", "VLLM_LOGGING_CONFIG_PATH"),
    *("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME"),
    *("ATEN_CPU_CAPABILITY", "ONEDNN_MAX_CPU_ISA", "HF_HOME", "HF_HUB_OFFLINE", "HF_ENDPOINT", "TRANSFORMERS_OFFLINE"),
)
THREADS = "OMP_NUM_THREADS"  # also read early, but a number can be set later
# What the course sets for a server, which a fork can follow: all others may do so before vLLM is imported.
OF_A_SERVER = "VLLM_LOGGING_LEVEL"
MOST_FILES = 200  # that a process is given; each number is below
# Not matplotlib and pandas, which look at the process that imports them: they find out where they draw and how wide.
MODULES = (
    *("vllm", "vllm.entrypoints.llm", "vllm.v1.engine.llm_engine", "vllm.v1.worker.cpu_worker"),
    *("vllm.model_executor.models.llama", "ipykernel.kernelapp", "IPython"),
)


def main(listener: str) -> None:
    """Serve until the starter is gone. In a fork, run what the client asks for, and end as Python does."""
    started_early, started_threads = import_everything(), os.environ.get(THREADS)
    connection = next_client(int(listener))
    if not connection:
        return
    asked, streams = request(connection)
    os.setsid()
    os.environ.clear()
    os.environ.update(asked["environment"])
    quiet.set_defaults()
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])  # one that comes early waits until the fork is ready
    before = {name: value for name, value in started_early.items() if name in counting()}
    if early() != before or not take_threads(started_threads):
        connection.sendall(b"cold\n")
    elif pid := os.fork():
        for stream in streams:
            os.close(stream)
        connection.sendall(f"warm {pid}\n".encode())
        status = end_of(pid, connection)
        with contextlib.suppress(BrokenPipeError):
            connection.sendall(f"{status}\n".encode())
    else:
        connection.close()
        take_over(streams, asked)
        end(status_of(*asked["arguments"]))
    os._exit(0)


def import_everything() -> dict[str, str]:
    """Import what takes long, and return the variables that counted for it."""
    started_with = dict(os.environ)
    quiet.set_defaults()
    counted = early()
    with quiet.quiet():
        for name in MODULES:
            importlib.import_module(name)
        importlib.import_module("vllm.platforms").current_platform.is_cpu()
    os.environ.clear()
    os.environ.update(started_with)
    gc.collect()
    gc.freeze()  # so that the forks go on sharing the memory of what was imported
    return counted


def next_client(number: int) -> socket.socket | None:
    """Return a connection in each fork, and None in this process when the starter is gone."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    # A shell's background job has Ctrl-C ignored, and would hand that down.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with socket.socket(fileno=number) as listener:
        while sys.stdin not in select.select([sys.stdin, listener], [], [])[0]:
            connection, _ = listener.accept()
            if os.fork() == 0:
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                signal.signal(signal.SIGHUP, signal.SIG_DFL)  # nohup has it ignored, and a closed terminal is tested
                return connection
            connection.close()
    return None


def early() -> dict[str, str]:
    """Return those variables of the environment that only count at the start."""
    return {name: os.environ[name] for name in counting() if name in os.environ}


def counting() -> set[str]:
    """Return the names of those that a fork cannot follow."""
    return {*READ_EARLY} - ({OF_A_SERVER} if guard.MARK in os.environ else set())


def take_threads(started_with: str | None) -> bool:
    """Use as many threads as the environment says, and return whether that can be done in a fork."""
    wanted = os.environ.get(THREADS)
    if wanted == started_with:
        return True
    if not (wanted or "").isdecimal() or int(wanted) == 0:
        return False
    sys.modules["torch"]._C.set_num_threads(int(wanted))
    return True


def request(connection: socket.socket) -> tuple[dict, list[int]]:
    """Return what a client asks for, and its open files, out of the way of the numbers that they had there."""
    _, files, _, _ = socket.recv_fds(connection, 1, MOST_FILES)
    streams = [fcntl.fcntl(file, fcntl.F_DUPFD_CLOEXEC, MOST_FILES) for file in files]
    for file in files:
        os.close(file)
    with connection.makefile() as lines:
        return json.loads(lines.readline()), streams


def end_of(pid: int, connection: socket.socket) -> int:
    """Wait for the end of a process and return its exit status; end it when the client is gone first."""
    if connection in select.select([connection, os.pidfd_open(pid)], [], [])[0]:
        os.kill(pid, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def take_over(streams: list[int], asked: dict) -> None:
    """Give this process the client's files, folder and mask, and random numbers of its own."""
    for number, stream in zip(asked["streams"], streams, strict=True):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(asked["folder"])
    os.umask(asked["mask"])
    sys.stdin = sys.__stdin__ = os.fdopen(0, closefd=False)
    sys.stdout = sys.__stdout__ = os.fdopen(1, "w", buffering=1 if os.isatty(1) else -1, closefd=False)
    sys.stdout.reconfigure(write_through=asked["unbuffered"])
    sys.stderr = sys.__stderr__ = os.fdopen(2, "w", buffering=1, errors="backslashreplace", closefd=False)
    start_warm(asked["arguments"])
    if guard.MARK in os.environ:
        follow()
    random.seed()
    sys.modules["numpy"].random.seed()


def start_warm(arguments: list[str]) -> None:
    """Let what `multiprocessing` spawns, such as an engine's process, start warm as well; in a kernel every Python."""
    if program := os.environ.get(PROGRAM):
        multiprocessing.set_executable(program)
        if {"ipykernel_launcher", "tools.grading.kernel"} & {*arguments}:
            sys.executable = program


def follow() -> None:
    """Log and compile as a server's variables ask for."""
    log = logging.getLogger("vllm")
    for part in (log, *log.handlers):
        part.setLevel(os.environ["VLLM_LOGGING_LEVEL"])
    if os.environ.get("TORCH_COMPILE_DISABLE") == "1":
        importlib.import_module("torch._dynamo.config").disable = True


def status_of(*arguments: str) -> int:
    """Run what the arguments name and return the exit status that Python ends with."""
    try:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
        run(*arguments)
    except SystemExit as asked:
        if isinstance(asked.code, str):
            print(asked.code, file=sys.stderr)
        return int(isinstance(asked.code, str)) if not isinstance(asked.code, int) else asked.code & 0xFF
    except BaseException as error:
        sys.excepthook(type(error), error, error.__traceback__.tb_next)
        return -signal.SIGINT if isinstance(error, KeyboardInterrupt) else 1
    return 0


def end(status: int) -> None:
    """End as Python does, but without taking a million objects apart, which lasts three seconds after an engine."""
    threading._shutdown()
    atexit._run_exitfuncs()
    try:
        if not sys.stdout.closed:
            sys.stdout.flush()
    except OSError:
        status = status or 120
    if status < 0:
        signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    os._exit(status)


def run(first: str, *others: str) -> None:
    """Do what Python does when it is called with these arguments: a script, `-m MODULE` or `-c CODE`."""
    if first == "-c":
        code, *others = others
        sys.argv, sys.path[0] = ["-c", *others], ""
        sys.modules["__main__"] = types.ModuleType("__main__")
        exec(compile(code, "<string>", "exec"), vars(sys.modules["__main__"]))
    elif first == "-m":
        module, *others = others
        sys.argv, sys.path[0] = ["-m", *others], os.getcwd()
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    else:
        sys.argv, sys.path[0] = [first, *others], str(Path(first).resolve().parent)
        runpy.run_path(first, run_name="__main__")


if __name__ == "__main__":
    main(*sys.argv[1:])
