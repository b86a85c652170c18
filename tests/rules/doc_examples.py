"""The examples in docstrings: every file of code that holds one is imported, and its examples run."""

import doctest
import importlib
import importlib.util
from pathlib import Path
from types import ModuleType

from vllm_course import paths

PACKAGES = ("vllm_course", "tools", "tests")
SCRIPTS = ("checks", "lessons", "solutions")  # found by their path


def files() -> list[Path]:
    """Return the modules of the package, and all other files that hold an example, in order."""
    found = [file for part in (*PACKAGES, *SCRIPTS) for file in sorted((paths.root() / part).rglob("*.py"))]
    return [file for file in found if _top(file) == "vllm_course" or ">>> " in file.read_text("utf-8")]


def failures(module: ModuleType) -> int:
    """Run a module's examples and return how many give another result; doctest prints which."""
    return doctest.testmod(module, raise_on_error=False).failed


def count(module: ModuleType) -> int:
    """Return the number of a module's examples."""
    return sum(len(test.examples) for test in doctest.DocTestFinder().find(module))


def module(file: Path) -> ModuleType:
    """Import a file: a module of a package by its name, a script by its path."""
    if _top(file) in PACKAGES:
        name = ".".join(file.relative_to(paths.root()).with_suffix("").parts)
        return importlib.import_module(name.removesuffix(".__init__"))
    spec = importlib.util.spec_from_file_location(f"examples_{file.stem}", file)
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


def _top(file: Path) -> str:
    return file.relative_to(paths.root()).parts[0] if file.is_relative_to(paths.root()) else ""
