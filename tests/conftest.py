"""What every test starts with: the shipped models, charts without a window, no strict checks, no progress."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.reference import departure
from vllm_course import paths
from vllm_course.chat.models import CHAT_MODEL_VARIABLE
from vllm_course.checks import keeping
from vllm_course.checks.keeping import STRICT
from vllm_course.models import MODEL_VARIABLE
from vllm_course.progress.place import HOME

collect_ignore = ["browser"]  # needs Chromium and more packages: `make test-browser`


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
    """Let a module's tests share the engine that `load_model` keeps, and free it after them."""
    from vllm_course.models import free_engine

    yield
    free_engine()


@pytest.fixture
def texts_are_compared(plain_environment: None) -> bool:
    """Return whether generated texts must be the committed ones on this machine."""
    return departure() is None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the exercises of a lesson together: solving the next lesson frees the engine that their answers hold."""
    places = [place for place, item in enumerate(items) if item.path.name == "test_exercises.py"]
    together = sorted((items[place] for place in places), key=_solution)
    for place, item in zip(places, together, strict=True):
        items[place] = item


def _solution(item: pytest.Item) -> str:
    """Return the notebook that a test is about, "" for none."""
    return str(item.callspec.params.get("path", "")) if hasattr(item, "callspec") else ""
