"""When tries, hints and ticks are kept, and what a learner reads when they cannot be: the lesson goes on without."""

import os
import sys
from pathlib import Path

from vllm_course import drift

STRICT = "VLLM_COURSE_STRICT"

_told: set[str] = set()


def strict() -> bool:
    """Whether answers are graded, by CI or an instructor: a check then raises, and nobody's progress is written."""
    return os.environ.get(STRICT) == "1"


def cell() -> int | None:
    """Return the number of the notebook's cell that is running, None outside a notebook."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return getattr(shell, "execution_count", None)


def not_kept(error: Exception) -> str:
    """Say that something was not kept, why, and what to do.

    Args:
        error: What the store said: reason and remedy.
    """
    return f"Not kept: {error}"


def not_kept_once(error: Exception) -> str:
    """Return the same the first time, and "" when this kernel has said it before."""
    return once(not_kept(error))


def once(message: str) -> str:
    """Return a message the first time, and "" when this kernel has shown it before."""
    if message in _told:
        return ""
    _told.add(message)
    return message


def misfit() -> str:
    """Say once that the notebook does not fit the installed course; "" where it does, or where its folder is gone."""
    try:
        return once(drift.message(Path.cwd()))
    except OSError:  # a deleted or unreadable folder is no reason to judge no answer
        return ""
