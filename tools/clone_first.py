"""Take the course from the clone where one stands: the set-up puts this file into an environment, to run at each start.

An environment is made for one clone, whose `vllm_course` is installed in place, and may serve others (VENV=...). A
Python that starts in one of their folders, as that of a script, a command or a notebook does, finds the course there
first.
"""

import os
import sys

SIGNS = (os.path.join("vllm_course", "cli.py"), os.path.join("tools", "clone_first.py"))


def clone_of(folder):
    """Return the clone that a folder lies in, "" for none."""
    while not all(os.path.isfile(os.path.join(folder, sign)) for sign in SIGNS):
        if folder == os.path.dirname(folder):
            return ""
        folder = os.path.dirname(folder)
    return folder


def come_first(path, packages):
    """Put the clone where this process starts into Python's search path, after the installed packages.

    What is installed in place comes later still, whichever of the two was there first.

    Args:
        path: `sys.path`.
        packages: The environment's folder of packages.
    """
    try:
        clone = clone_of(os.getcwd())
    except OSError:  # the folder is gone: Python starts there, too
        return
    if clone and packages in path:
        path.insert(path.index(packages) + 1, clone)


if __name__ != "__main__":
    come_first(sys.path, os.path.dirname(os.path.abspath(__file__)))
