"""How `pytest --nbval` runs the notebooks.

It lies at the top level because pytest takes these hooks only from a folder above all that it collects: lessons/,
solutions/, exercises/ and tests/.

- Kernels start from the environment that runs pytest: a kernel's name in a notebook says nothing on another machine.
- Strict on the reference (vLLM's CPU build, shipped models, Python 3.11, x86_64): every output is compared. Elsewhere
  texts may differ, so nbval's lax mode runs every cell and compares those tagged `nbval-check-output` alone. On another
  Python lesson 01 stays strict. pytest's header says which mode runs, and why.
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

from tools.reference import SAME_ON_EVERY_PYTHON, compared_to_the_letter, departure, is_solution
from vllm_course.checks.keeping import STRICT
from vllm_course.progress.place import HOME

HOMES = pytest.StashKey[dict[Path, str]]()
LAX_WAS_GIVEN = "nbval_lax_was_given"  # kept among the options, because those travel to the workers of pytest-xdist


def pytest_configure(config: pytest.Config) -> None:
    """Move the learner's progress out of reach, and choose kernel and mode before nbval collects."""
    _move_progress(config)
    if not _runs_notebooks(config):
        return
    config.option.nbval_current_env = config.option.nbval_kernel_name is None
    vars(config.option).setdefault(LAX_WAS_GIVEN, config.option.nbval_lax)
    config.option.nbval_lax = config.option.nbval_lax or departure() is not None


def pytest_report_header(config: pytest.Config) -> str | None:
    """Say how outputs are compared."""
    if not _runs_notebooks(config):
        return None
    if not config.option.nbval_lax:
        return "notebooks: strict, every output is compared (CPU build, shipped models)"
    reason = "--nbval-lax was given" if getattr(config.option, LAX_WAS_GIVEN) else departure()
    strict = (
        "" if _is_lax(config.rootpath / SAME_ON_EVERY_PYTHON, config) else f", but strict in {SAME_ON_EVERY_PYTHON}"
    )
    return f"notebooks: lax, only nbval-check-output cells are compared{strict} ({reason})"


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> Iterator[None]:
    """Compare every output of a notebook that must be the same here, though nbval's lax mode is on for the others."""
    collectors = yield
    for collector in collectors:
        if file_path.suffix == ".ipynb" and not _is_lax(file_path, parent.config):
            collector.compare_outputs = True  # nbval's own switch, of which it has one for each notebook
    return collectors


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


def _is_lax(notebook: Path, config: pytest.Config) -> bool:
    return getattr(config.option, LAX_WAS_GIVEN) or not compared_to_the_letter(notebook, root=config.rootpath)


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
