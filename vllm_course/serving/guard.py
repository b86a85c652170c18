"""Stand between a server and the program that started it: `python guard.py GRACE PROGRAM ARGUMENT...`.

vLLM's server is several processes. Where its first one is killed, the others stay behind with the model's memory, and
where the program that started it is killed, all of it does. So this small process starts the server, and its standard
input is a pipe whose other end the program holds. A word on it means the end, and so does a pipe that closes, which it
does however the program ends. Then the server may finish what it is doing, for GRACE seconds, and all of it is ended.

It imports the standard library alone and starts in a moment. It writes the server's process number to standard output,
and ends with the server's exit code, as a shell reports it.
"""

import contextlib
import ctypes
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

LOOK_EVERY = 0.1  # seconds
MARK = "COURSE_SERVER"  # a variable that all processes of one server have in common
PARENTS_END = 1  # PR_SET_PDEATHSIG, see `man 2 prctl`
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def main(grace: str, *command: str) -> int:
    """Start the server, wait until it ends or is to end, and leave nothing of it behind."""
    starter, mark = os.getppid(), f"{os.getpid()}-{time.time_ns()}"
    for number in SIGNALS:
        signal.signal(number, lambda number, frame: sys.exit(128 + number))
    server = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr,
        env=os.environ | {MARK: mark},
        start_new_session=True,
        preexec_fn=end_with_this_process,
    )
    try:
        print(server.pid, flush=True)
        while server.poll() is None and os.getppid() == starter and not asked():
            pass
    finally:
        end(server, mark, grace=float(grace))
    return server.returncode if server.returncode >= 0 else 128 - server.returncode


def asked() -> bool:
    """Return whether the program wrote a word, closed its end, or ended; wait a little for it."""
    return bool(select.select([0], [], [], LOOK_EVERY)[0])


def end(server: subprocess.Popen, mark: str, *, grace: float) -> None:
    """Ask the server to end, once, and kill what is left of it after the grace."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    server.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        server.wait(grace)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(server.pid, signal.SIGKILL)
    while left := marked(mark):
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(LOOK_EVERY / 5)
    server.wait()


def marked(mark: str) -> list[int]:
    """Return the processes that inherited the mark: those that have left the server's group, too."""
    wanted, found = f"{MARK}={mark}".encode(), []
    for file in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):  # it has ended, or belongs to somebody else
            if wanted in file.read_bytes().split(b"\0"):
                found.append(int(file.parent.name))
    return found


def end_with_this_process() -> None:
    """Have Linux ask the server to end when this process is killed; called in the server's process, first thing."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PARENTS_END, signal.SIGTERM)


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
