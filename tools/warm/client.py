"""Stand for a process that `server` forks: `client.py SOCKET PYTHON ARGUMENT...`, called by `tools.warm.python()`.

It hands over what makes a process (arguments, environment, folder, open files), passes signals on, and ends as
the fork ends. It imports little and nothing of the course, since it is started as often as a test needs a process.
"""

import contextlib
import itertools
import json
import os
import select
import signal
import socket
import sys

FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGWINCH, signal.SIGUSR1)
GONE = (
    "tools.warm: the process that waits with vLLM imported must run, got: {}. It says above why it ended; begin anew."
)
OPTIONS = ("-u", "-B")  # those of Python that a fork can follow; it writes no bytecode where its parent does not


def main(place: str, python: str, *called_with: str) -> None:
    arguments = list(itertools.dropwhile(OPTIONS.__contains__, called_with))
    unbuffered = "-u" in called_with[: len(called_with) - len(arguments)]
    if cold(*arguments):
        os.execv(python, [python, *called_with])
    os.umask(mask := os.umask(0))
    streams = [0, 1, 2, *inherited()]
    signals = kept_signals()
    request = {"arguments": arguments, "environment": dict(os.environ), "folder": os.getcwd(), "mask": mask}
    request["streams"] = streams
    request["unbuffered"] = unbuffered
    connection = socket.socket(socket.AF_UNIX)
    replies = connection.makefile()
    with ended_in_one_line():
        connection.connect(place)
        socket.send_fds(connection, [b"+"], streams)
        connection.sendall(json.dumps(request).encode() + b"\n")
        first = replies.readline().split()  # it comes once vLLM is imported
        if not first:
            raise ConnectionResetError("it ended")
    if first[0] == "cold":
        on_signals(signal.SIG_DFL)
        os.execv(python, [python, *called_with])
    pid = int(first[1])
    while connection not in select.select([connection, signals], [], [])[0]:
        for number in os.read(signals, 1):
            forward(pid, number)
    status = int(replies.readline() or -signal.SIGKILL)
    if status < 0:
        on_signals(signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    os._exit(status)


def cold(first: str = "-", *others: str) -> bool:
    """Options of Python, a program on the standard input, and help: vLLM looks for that word when it is imported."""
    return first.startswith("-") and first not in ("-c", "-m") or any(word.startswith("--help") for word in others)


def inherited() -> list[int]:
    """Return the open files beside the standard streams: `multiprocessing` gives some to a process, by number."""
    numbers = [int(name) for name in os.listdir("/proc/self/fd")]
    return [number for number in numbers if number > 2 and os.path.exists(f"/proc/self/fd/{number}")]


@contextlib.contextmanager
def ended_in_one_line():
    """Say at once that the waiting process is gone; the socket closes with it, also while it imports."""
    try:
        yield
    except OSError as error:
        sys.exit(GONE.format(error.strerror or error))


def kept_signals() -> int:
    """Return a file from which the numbers of signals can be read: one that comes just before a wait is not lost."""
    readable, writable = os.pipe()
    os.set_blocking(writable, False)
    signal.set_wakeup_fd(writable)
    on_signals(lambda number, frame: None)
    return readable


def on_signals(handler) -> None:
    for number in FORWARDED:
        signal.signal(number, handler)


def forward(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


main(*sys.argv[1:])
