"""Run commands and print progress for the set-up. Standard library only, as in `tools.bootstrap`."""

import contextlib
import os
import signal
import subprocess
import sys

from tools.preflight import SetupError

KILLED = (
    "the set-up must run to its end, got a command that was killed, as Linux does where memory runs out. Close other "
    "programs, or give a container more (Docker: --memory 4g), and run the same command again."
)


def say(line):
    """Print a line of progress at once, in order with what uv prints."""
    print(line, flush=True)


def output(*command):
    """Return what a command prints on stdout, "" when it fails or does not exist."""
    command = [str(part) for part in command]
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    except OSError:
        return ""
    return done.stdout.decode(errors="replace") if done.returncode == 0 else ""


def call(command, failure, **variables):
    """Run a command that prints for itself.

    Args:
        command: The command and its arguments.
        failure: Text of the SetupError when it fails, or a function that makes it then.
        **variables: Environment variables to set for it.

    Raises:
        SetupError: The command's exit code was not 0.
    """
    code = subprocess.call([str(part) for part in command], env=dict(os.environ, **variables))
    if code:
        raise SetupError(KILLED if code == -signal.SIGKILL else failure() if callable(failure) else failure)


def base_python():
    """Return the interpreter behind the running one, because .venv may be the running one's home."""
    return getattr(sys, "_base_executable", sys.executable)


@contextlib.contextmanager
def one_at_a_time(path):
    """Wait until no other set-up works in this checkout.

    Args:
        path: An existing file to lock; it is not changed.
    """
    import fcntl  # here, because Windows has none, and is refused with a message before

    with open(path, encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("      Another set-up is at work here: waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
