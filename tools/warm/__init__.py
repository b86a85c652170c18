"""A Python that has imported vLLM already: for tests that start many processes.

A fresh process spends about ten seconds on importing vLLM. `python()` is a program that is called like Python and
starts in a fraction of a second: it asks a process that waits with everything imported (`server`) to fork, and lends
the fork its arguments, environment, folder, terminal and signals (`client`). Where the environment holds what is
read when vLLM is imported, and another value than here, it starts the real Python.
"""

import atexit
import json
import os
import shlex
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

PROGRAM = "COURSE_WARM_PYTHON"
KERNELS = "JUPYTER_PATH"
HERE = Path(__file__).parent
CLIENT = """#!/bin/sh
exec {python} -I -S {client} {socket} {python} "$@"
"""


def python() -> str:
    """Return the program to start in place of `sys.executable`; the first call starts the process behind it."""
    if PROGRAM not in os.environ:
        _start()
    return os.environ[PROGRAM]


def kernels() -> Path:
    """Return a folder for `JUPYTER_PATH`, with which Jupyter starts its kernels with `python()`."""
    return Path(python()).parent


def _start() -> None:
    """Start the waiting process. It ends with this one, however this one ends: it reads our end of a pipe."""
    folder = tempfile.TemporaryDirectory(prefix="warm-python-", ignore_cleanup_errors=True)
    atexit.register(folder.cleanup)
    path, program, kernel = (Path(folder.name, name) for name in ("socket", "python", "kernels/python3/kernel.json"))
    words = {"python": sys.executable, "client": str(HERE / "client.py"), "socket": str(path)}
    program.write_text(CLIENT.format(**{name: shlex.quote(word) for name, word in words.items()}), encoding="utf-8")
    program.chmod(0o755)
    command = [str(program), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec = {"argv": command, "display_name": "Python 3 (ipykernel)", "language": "python"}
    kernel.parent.mkdir(parents=True)
    kernel.write_text(json.dumps(spec), encoding="utf-8")
    with listening(path) as listener:
        server = [sys.executable, "-m", "tools.warm.server", str(listener.fileno())]
        options = {"stdin": subprocess.PIPE, "start_new_session": True, "pass_fds": [listener.fileno()]}
        subprocess.Popen(server, cwd=HERE.parents[1], **options)
    os.environ[PROGRAM] = str(program)


def listening(path: Path) -> socket.socket:
    """Return a socket on which the process can be asked for before it is ready, and that closes when it ends."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen(64)
    return listener
