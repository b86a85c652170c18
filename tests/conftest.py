"""What every test starts with: the shipped models, charts without a window, no strict checks, no progress."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools import warm
from tools.reference import departure
from vllm_course import paths
from vllm_course.chat.models import CHAT_MODEL_VARIABLE
from vllm_course.checks import keeping
from vllm_course.checks.keeping import STRICT
from vllm_course.models import MODEL_VARIABLE
from vllm_course.progress.place import HOME

SPLIT = ("test_exercises.py", "test_lesson.py")
LONG = (*SPLIT, "test_pocket_models.py")
collect_ignore = ["browser"]  # needs Chromium and more packages: `make test-browser`


def pytest_configure(config: pytest.Config) -> None:
    """Start workers, and the kernels of nbval, in a second: what they are forked from is started here, once for all."""
    if workers := getattr(config.option, "tx", None):
        config.option.tx = [f"popen//python={warm.python()}" for _ in workers]
    if config.getoption("nbval", False) and config.option.nbval_kernel_name is None:
        config.option.nbval_kernel_name = "python3"
        os.environ[warm.KERNELS] = str(warm.kernels())


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run in the root folder on the shipped models, with checks that answer and do not raise."""
    for variable in (STRICT, MODEL_VARIABLE, CHAT_MODEL_VARIABLE):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("MPLBACKEND", "agg")
    monkeypatch.chdir(paths.root())


@pytest.fixture(autouse=True)
def empty_progress(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keep progress in an empty folder, and return it; what a kernel says once is not said yet."""
    home = tmp_path_factory.mktemp("progress")
    monkeypatch.setenv(HOME, str(home))
    monkeypatch.setattr(keeping, "_told", set())
    return home


@pytest.fixture(scope="module")
def one_engine() -> Iterator[None]:
    """Let a module's tests share the engines and the server that the course keeps, and end them afterwards."""
    from vllm_course.models import free_engine
    from vllm_course.online.engine import free_async_engine
    from vllm_course.serving.client import stop_server

    yield
    free_engine()
    free_async_engine()
    stop_server()


@pytest.fixture
def texts_are_compared(plain_environment: None) -> bool:
    """Return whether generated texts must be the committed ones on this machine."""
    return departure() is None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what lasts long, and keep what is about one lesson together: it shares an engine and its answers."""
    items.sort(key=lambda item: (item.path.name not in LONG, item.path.name in LONG and _group(item.nodeid)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """Give each worker one file after the other, in this order, and in `SPLIT` one lesson after the other."""
    from xdist.scheduler import LoadScopeScheduling

    class Scheduling(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return _group(nodeid)

    config.option.loadscopereorder = False
    return Scheduling(config, log)


def _group(nodeid: str) -> str:
    """Return what a test's file is called, and in `SPLIT` the lesson that it is about: "[3.4]", "[solutions/03-"."""
    path, _, name = nodeid.partition("::")
    lesson = re.search(r"\[(?:\w+/0?)?(\d+)", name) if Path(path).name in SPLIT else None
    return f"{path} {lesson[1]}" if lesson else path
