"""The files of the course page agree with each other, and the set-up copied them to where JupyterLab looks."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import vllm_course

PACKAGE = Path("vllm_course/lab/extension")
STATIC = PACKAGE / "static"
CONFIG = Path("vllm_course/lab/config")
SHARED = [Path("vllm_course/reviewing/static") / name for name in ("quiz.js", "quiz.css")]  # the review shows questions
COPIES = {
    PACKAGE / "package.json": "share/jupyter/labextensions/vllm-course/package.json",
    PACKAGE / "install.json": "share/jupyter/labextensions/vllm-course/install.json",
    CONFIG / "settings.json": "etc/jupyter/labconfig/default_setting_overrides.d/vllm-course.json",
    CONFIG / "server.json": "etc/jupyter/jupyter_server_config.d/vllm-course.json",
} | {file: f"share/jupyter/labextensions/vllm-course/static/{file.name}" for file in [*STATIC.iterdir(), *SHARED]}


def test_the_server_extension_does_not_import_vllm():
    code = "import sys, vllm_course.lab.page; sys.exit(any(name in sys.modules for name in ('vllm', 'torch')))"
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
