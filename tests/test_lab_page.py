"""The course page in a JupyterLab that runs: its address, its settings, and the files that the set-up copied."""

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import vllm_course

PACKAGE = Path("vllm_course/labextension")
STATIC = PACKAGE / "static"
SETTINGS = Path("vllm_course/labconfig/settings.json")
COPIES = {
    PACKAGE / "package.json": "share/jupyter/labextensions/vllm-course/package.json",
    PACKAGE / "install.json": "share/jupyter/labextensions/vllm-course/install.json",
    SETTINGS: "etc/jupyter/labconfig/default_setting_overrides.d/vllm-course.json",
    Path("vllm_course/labconfig/server.json"): "etc/jupyter/jupyter_server_config.d/vllm-course.json",
} | {file: f"share/jupyter/labextensions/vllm-course/static/{file.name}" for file in STATIC.iterdir()}
START_SECONDS = 60


class Lab:
    """A JupyterLab server of the tests' own."""

    def __init__(self, url: str, token: str, home: Path) -> None:
        self.url, self.token, self.home = url, token, home

    def get(self, path: str, *, token: str | None = None) -> str:
        """Return what the server answers to somebody who is logged in, or with another token."""
        headers = {"Authorization": f"token {self.token if token is None else token}"}
        request = urllib.request.Request(self.url + path, headers=headers)
        with urllib.request.urlopen(request, timeout=START_SECONDS) as response:
            return response.read().decode()


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
        while not info.exists():
            assert process.poll() is None and time.monotonic() < deadline, (folder / "log").read_text()
            time.sleep(0.1)
        found = json.loads(info.read_text())
        yield Lab(found["url"], found["token"], Path(environment["VLLM_COURSE_HOME"]))


@contextmanager
def server(environment: dict[str, str], log: Path) -> Iterator[subprocess.Popen]:
    """Run `jupyter lab` without a browser, on a port that is free, and end it."""
    options = ["--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1", "--ServerApp.port=0"]
    command = [sys.executable, "-m", "jupyter", "lab", *options]
    with log.open("wb") as out:
        process = subprocess.Popen(command, env=environment, stdout=out, stderr=subprocess.STDOUT)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(timeout=START_SECONDS)


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


def test_the_server_extension_does_not_import_vllm():
    code = "import sys, vllm_course.lab_page; sys.exit(any(name in sys.modules for name in ('vllm', 'torch')))"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


@pytest.mark.parametrize("source", COPIES, ids=lambda source: source.name)
def test_the_set_up_copied_the_file_to_where_jupyterlab_looks(source: Path):
    copy = Path(sys.prefix) / COPIES[source]
    assert copy.is_file() and copy.read_bytes() == source.read_bytes(), "call make: it installs again"


def test_the_package_and_the_container_name_the_same_things():
    package = json.loads((PACKAGE / "package.json").read_text(encoding="utf-8"))
    build, container = package["jupyterlab"]["_build"], (STATIC / "remoteEntry.js").read_text(encoding="utf-8")
    assert (PACKAGE / build["load"]).name == "remoteEntry.js"
    assert f"window._JUPYTERLAB['{package['name']}']" in container
    assert all(f"'{build[module]}':" in container for module in ("extension", "style"))
    assert package["version"] == vllm_course.__version__
    install = json.loads((PACKAGE / "install.json").read_text(encoding="utf-8"))
    assert install["packageName"] == package["name"]
