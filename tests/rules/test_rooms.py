"""Every file of code keeps to its room, and each rule refuses a made-up house that breaks it."""

import pytest
from nbformat import write
from nbformat.v4 import new_code_cell, new_notebook

from tests.rules import rooms
from vllm_course import paths

CHAT = "vllm_course/chat/history.py"
LESSON = "lessons/01-first/first.py"
TYPES = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from vllm_course.{} import other\n"


@pytest.fixture(scope="module")
def house():
    return rooms.sources(paths.root())


@pytest.mark.parametrize("rule", rooms.RULES, ids=lambda rule: rule.__name__)
def test_the_house_keeps_the_rule(house, rule):
    assert len(house) > 200
    assert rule(house) == []


def made_up(tmp_path, files: dict[str, str]) -> dict[str, rooms.Source]:
    """Return a house of these files and a few that may be imported."""
    neighbours = {"conftest.py": "", "vllm_course/__init__.py": "", "vllm_course/errors.py": "", CHAT: "x = 1"}
    neighbours |= {"vllm_course/widgets/box.py": "", "vllm_course/models.py": "", "tests/rules/test_a.py": ""}
    neighbours |= {"tools/bench.py": "", "lessons/02-other/other.py": "", LESSON: "", "lessons/01-first/beside.py": ""}
    for name, text in (neighbours | files).items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        if name.endswith(".ipynb"):
            write(new_notebook(cells=[new_code_cell(text)]), tmp_path / name)
        else:
            (tmp_path / name).write_text(text, encoding="utf-8")
    return rooms.sources(tmp_path)


GOOD = {
    CHAT: "import json\nimport numpy\nfrom vllm_course.errors import CourseError\nfrom vllm_course import models",
    "vllm_course/widgets/box.py": "from vllm_course.chat import history\ndef f():\n    import vllm_course.models",
    "vllm_course/cli.py": "from vllm_course import __version__",
    LESSON: "import vllm\nfrom vllm_course.chat.history import x\nimport beside",
    "lessons/01-first/first.ipynb": "%matplotlib inline\nfrom vllm_course import check\nfrom importlib import metadata",
    "checks/lesson_01.py": "from vllm_course.checks import exercise",
    "tools/bench.py": "from vllm_course import paths",
    "tests/rules/test_a.py": "import importlib\nfrom tools import bench\nfrom tests.rules import cases",
}


@pytest.mark.parametrize("rule", rooms.RULES, ids=lambda rule: rule.__name__)
def test_a_good_house_keeps_the_rule(tmp_path, rule):
    assert rule(made_up(tmp_path, GOOD)) == []


@pytest.mark.parametrize(
    ("file", "code", "message"),
    [
        (
            CHAT,
            "from vllm_course.widgets.box import y",
            "line 1: chat must not import vllm_course.widgets.box (widgets)",
        ),
        (
            CHAT,
            "def f():\n    from vllm_course.widgets import box",
            "line 2: chat must not import vllm_course.widgets.box",
        ),
        (CHAT, TYPES.format("widgets.box"), "line 3: chat must not import vllm_course.widgets.box"),
        (CHAT, "from vllm_course import load_model", "chat must not import vllm_course (face)"),
        (CHAT, "import tools.bench", "chat must not import tools.bench (tools)"),
        (CHAT, "from vllm_course.gone import x", "chat must not import vllm_course.gone (no room)"),
        ("vllm_course/errors.py", "import vllm_course.models", "ground must not import vllm_course.models (engine)"),
        ("vllm_course/attic.py", "", "vllm_course.attic must be in GROUND or ENGINE of rooms.py"),
        (LESSON, "import lessons.other", "lesson must not import lessons"),
        (LESSON, "from checks import lesson_01", "lesson must not import checks"),
        (LESSON, "import solutions", "lesson must not import solutions"),
        ("lessons/01-first/first.ipynb", "import os\nimport tools", "lesson must not import tools"),
        ("solutions/01-first/tool.py", "from tests import rules", "lesson must not import tests"),
        ("checks/lesson_01.py", "import lessons", "answers must not import lessons"),
        ("checks/lesson_01.py", "import tools.bench", "answers must not import tools.bench"),
        ("tools/training/train.py", "from tools import bench", "training must not import tools.bench"),
        ("tools/bench.py", "from tools.training import train", "tools must not import tools.training"),
        ("tools/bench.py", "from tests.rules import x", "tools must not import tests.rules"),
        ("tests/rules/test_b.py", "from tests.rules import test_a", "tests must not import tests.rules.test_a"),
    ],
)
def test_walls(tmp_path, file, code, message):
    found = rooms.walls(made_up(tmp_path, {file: code}))
    assert len(found) == 1 and message in found[0]


@pytest.mark.parametrize(
    ("back", "refused"),
    [
        ("from vllm_course.chat.history import x", 2),
        ("def f():\n    from vllm_course.chat import history", 2),
        (TYPES.format("chat.history"), 0),
    ],
)
def test_circles(tmp_path, back, refused):
    files = {CHAT: "import vllm_course.chat.other", "vllm_course/chat/other.py": back}
    files["vllm_course/chat/outside.py"] = "from vllm_course.chat import history"
    assert len(rooms.circles(made_up(tmp_path, files))) == refused


@pytest.mark.parametrize(
    ("rule", "code", "message"),
    [
        (rooms.relative, "from .errors import CourseError", "name the module in full"),
        (rooms.by_name, "import importlib.util", "must import by name, got import importlib"),
        (rooms.by_name, "def f():\n    from importlib import import_module", "got from importlib import import_module"),
        (rooms.by_name, "import runpy", "got runpy"),
        (rooms.search_path, "import sys\nsys.path.insert(0, '')", "got sys.path"),
        (rooms.search_path, "CODE = 'import sys; sys.path.append(x)'", "got sys.path"),
        (rooms.search_path, "monkeypatch.syspath_prepend('')", "got syspath_prepend"),
    ],
)
@pytest.mark.parametrize("file", [CHAT, "solutions/01-first/exercises.ipynb"])
def test_how_modules_are_found(tmp_path, file, rule, code, message):
    found = rule(made_up(tmp_path, {file: code}))
    assert len(found) == 1 and message in found[0]


def test_contributing_names_every_room():
    page = (paths.root() / "CONTRIBUTING.md").read_text("utf-8")
    folders = set(rooms.PACKAGE) - set(rooms.WITHOUT_FOLDER)
    folders |= {"lessons", "exercises", "solutions", "checks", "tools", "training", "tests"}
    assert [folder for folder in sorted(folders) if f"{folder}/" not in page] == []
