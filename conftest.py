"""How `pytest --nbval` runs the notebooks.

It lies at the top level because pytest takes these hooks only from a folder above all that it collects: lessons/,
solutions/, exercises/ and tests/.

- Kernels start from the environment that runs pytest: a kernel's name in a notebook says nothing on another machine.
- Strict on the reference (vLLM's CPU build, shipped models): every output is compared. Elsewhere texts differ, so
  nbval's lax mode runs every cell and compares those tagged `nbval-check-output` alone. pytest's header says which mode
  runs, and why.
- Notebooks in solutions/ run with `VLLM_COURSE_STRICT=1`: a check that does not pass fails its cell. Those in
  exercises/ run without it, since an exercise that is not attempted is no error.
- Nobody's progress is touched or shown: all that runs here keeps it in a folder that is removed afterwards, and each
  notebook begins with an empty one.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp

import pytest

from tools.reference import departure, is_solution
from vllm_course.checks.keeping import STRICT
from vllm_course.progress.place import HOME

HOMES = pytest.StashKey[dict[Path, str]]()


def pytest_configure(config: pytest.Config) -> None:
    """Move the learner's progress out of reach, and choose kernel and mode before nbval collects."""
    _move_progress(config)
    if not _runs_notebooks(config):
        return
    config.option.nbval_current_env = config.option.nbval_kernel_name is None
    config.option.nbval_lax = config.option.nbval_lax or departure() is not None


def pytest_report_header(config: pytest.Config) -> str | None:
    """Say how outputs are compared."""
    if not _runs_notebooks(config):
        return None
    if not config.option.nbval_lax:
        return "notebooks: strict, every output is compared (CPU build, shipped models)"
    return f"notebooks: lax, only nbval-check-output cells are compared ({departure() or '--nbval-lax was given'})"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Iterator[None]:
    """Set up a cell; for a notebook's first cell that starts the kernel, which inherits this environment."""
    if item.path.suffix != ".ipynb":
        return (yield)
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv(STRICT, raising=False)
        if is_solution(item.path, root=item.config.rootpath):
            patch.setenv(STRICT, "1")
        patch.setenv(HOME, _home_of(item))
        return (yield)


def _move_progress(config: pytest.Config) -> None:
    folder = TemporaryDirectory(prefix="vllm-course-progress-", ignore_cleanup_errors=True)
    patch = pytest.MonkeyPatch()
    config.add_cleanup(folder.cleanup)
    config.add_cleanup(patch.undo)
    patch.setenv(HOME, folder.name)
    config.stash[HOMES] = {}


def _home_of(item: pytest.Item) -> str:
    """Return the folder of a notebook: all its cells share one, since a kernel may be started again."""
    homes = item.config.stash[HOMES]
    if item.path not in homes:
        homes[item.path] = mkdtemp(dir=os.environ[HOME])
    return homes[item.path]


def _runs_notebooks(config: pytest.Config) -> bool:
    return bool(getattr(config.option, "nbval", False) or getattr(config.option, "nbval_lax", False))
