"""Make .venv-book, in which the book is built, from requirements/book.txt. Learners need nothing of it.

Where uv is not there and cannot be fetched, venv and pip of the running Python do. Standard library only.
"""

import os
import sys
from pathlib import Path

from tools import installer, sources
from tools.console import base_python, call, one_at_a_time, say
from tools.preflight import SetupError

VENV = Path(".venv-book")
LOCK = installer.lock_file("book")


def main(argv=None):
    """Make the environment anew and leave the stamp that make asks for; return an exit code."""
    (stamp,) = map(Path, sys.argv[1:] if argv is None else argv)
    try:
        with one_at_a_time(LOCK):
            if not stamp.exists():  # else another call, that this one waited for, did it
                make(installer.this_python())
                stamp.touch()
    except SetupError as error:
        print(f"Set-up of the book stopped: {error}", file=sys.stderr)
        return 1
    return 0


def make(python):
    """Install the locked packages into an empty environment."""
    say(f"Environment {VENV}: packages of {LOCK}")
    failure = installer.network_failure(f"the packages of {LOCK} must be installed, and the installer failed as above.")
    settings = sources.read_pip()
    uv = installer.find_uv() or fetched_uv()
    if not uv:
        call([base_python(), "-m", "venv", "--clear", VENV], "Python must have venv. Install python3-venv.")
        call([VENV / "bin" / "python", "-m", "pip", "install", "-q", "--no-deps", "-r", LOCK], failure)
        return
    variables = sources.uv_variables(settings, os.environ)
    call([uv, "venv", "--quiet", "--clear", "--prompt", "vllm-course-book", "--python", python, VENV], failure)
    install = [uv, "pip", "install", "--quiet", "--python", VENV / "bin" / "python", "--no-deps", "-r", LOCK]
    call(install, failure, **variables)


def fetched_uv():
    """Return uv from the package index, "" where that fails."""
    try:
        return installer.install_uv()
    except SetupError:
        return ""


if __name__ == "__main__":
    sys.exit(main())
