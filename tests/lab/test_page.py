"""The course page in a JupyterLab that runs as `make lab` starts it: its address, its files, its settings."""

import json
import os
import shlex
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPResponse
from pathlib import Path

import pytest

from vllm_course import paths

STATIC = Path("vllm_course/lab/extension/static")
SETTINGS = Path("vllm_course/lab/config/settings.json")
OUTER_MAKE = {"BUILD", "MAKEFLAGS", "MAKELEVEL", "LESSON", "ARGS"}
START_SECONDS = 60


class Lab:
    """A JupyterLab server of the tests' own."""

    def __init__(self, url: str, token: str, home: Path) -> None:
        self.url, self.token, self.home = url, token, home

    def get(self, path: str, *, token: str | None = None) -> str:
        """Return what the server answers to somebody who is logged in, or with another token."""
        with self.open(path, token or self.token) as response:
            return response.read().decode()

    def open(self, path: str, token: str) -> HTTPResponse:
        """Return the server's answer, after it sent us where it likes."""
        request = urllib.request.Request(self.url + path, headers={"Authorization": f"token {token}"})
        return urllib.request.urlopen(request, timeout=START_SECONDS)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """JupyterLab in the course's folder, with settings, workspaces and progress of its own."""
    folder = tmp_path_factory.mktemp("lab")
    places = (
        "JUPYTER_CONFIG_DIR",
        "JUPYTER_DATA_DIR",
        "JUPYTER_RUNTIME_DIR",
        "JUPYTERLAB_SETTINGS_DIR",
        "VLLM_COURSE_HOME",
    )
    environment = os.environ | {name: str(folder / name) for name in places}
    with server(environment, folder / "log") as process:
        info = Path(environment["JUPYTER_RUNTIME_DIR"]) / f"jpserver-{process.pid}.json"
        deadline = time.monotonic() + START_SECONDS
        while not (found := ready(info, Path(environment["VLLM_COURSE_HOME"]))):
            assert process.poll() is None and time.monotonic() < deadline, (folder / "log").read_text()
            time.sleep(0.1)
        yield found


def ready(info: Path, home: Path) -> Lab | None:
    """Return the server that has written this file, once it answers. It does neither at once."""
    try:
        said = json.loads(info.read_text())
        found = Lab(said["url"], said["token"], home)
        found.get("api")
    except (OSError, ValueError):
        return None
    return found


@contextmanager
def server(environment: dict[str, str], log: Path) -> Iterator[subprocess.Popen]:
    """Run what `make lab` runs, without a browser, on a port that is free, and end it."""
    clean = {name: value for name, value in os.environ.items() if name not in OUTER_MAKE}
    steps = subprocess.check_output(["make", "-n", "lab"], cwd=paths.root(), env=clean, text=True)
    options = ["--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1", "--ServerApp.port=0"]
    command = [sys.executable, *shlex.split(steps.splitlines()[-1])[1:], *options]
    with log.open("wb") as out:
        process = subprocess.Popen(command, cwd=paths.root(), env=environment, stdout=out, stderr=subprocess.STDOUT)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(timeout=START_SECONDS)


def test_make_lab_opens_lesson_01_in_the_courses_folder(lab: Lab):
    with lab.open("", lab.token) as response:
        assert response.url.endswith("/lab/tree/lessons/01-basic-inference/basic_inference.ipynb")
    found = json.loads(lab.get("api/contents/"))
    assert {"lessons", "exercises", "concepts"} <= {entry["name"] for entry in found["content"]}


def test_the_map_is_served_as_json(lab: Lab):
    found = json.loads(lab.get("vllm-course/map"))
    assert found["problems"] == []
    assert found["lessons"][0]["notebook"] == "lessons/01-basic-inference/basic_inference.ipynb"
    assert found["next"]["text"] == "Next: lesson 01, Basic offline inference"


def test_the_map_is_for_those_who_are_logged_in(lab: Lab):
    with pytest.raises(urllib.error.HTTPError, match="403"):
        lab.get("vllm-course/map", token="wrong")


def test_a_damaged_progress_file_is_an_answer_not_a_failure(lab: Lab):
    lab.home.mkdir(exist_ok=True)
    file = lab.home / "progress.sqlite3"
    file.write_bytes(b"no database" * 1000)
    try:
        found = json.loads(lab.get("vllm-course/map"))
    finally:
        file.unlink()
    assert len(found["problems"]) == 1 and "progress" in found["problems"][0]
    assert found["lessons"][0]["exercises"] is None


def test_jupyterlab_loads_the_page(lab: Lab):
    assert '"name": "vllm-course"' in lab.get("lab")
    for file in STATIC.iterdir():
        assert lab.get(f"lab/extensions/vllm-course/static/{file.name}") == file.read_text(encoding="utf-8")


def test_the_courses_settings_are_jupyterlabs_defaults(lab: Lab):
    for plugin, wanted in json.loads(SETTINGS.read_text(encoding="utf-8")).items():
        properties = json.loads(lab.get(f"lab/api/settings/{plugin}"))["schema"]["properties"]
        for name, value in wanted.items():
            assert {"type", "$ref", "oneOf", "enum"} & properties[name].keys(), (
                f"{plugin} has no setting {name} any more"
            )
            default = properties[name]["default"]
            assert default == value or value.items() <= default.items()


def test_asking_for_the_map_does_not_keep_an_idle_server_alive(lab: Lab):
    before = json.loads(lab.get("api/status"))["last_activity"]
    lab.get("vllm-course/map")
    assert json.loads(lab.get("api/status"))["last_activity"] == before
