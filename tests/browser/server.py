"""A real JupyterLab on 127.0.0.1 that shares nothing with the one of the person who runs the tests."""

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import psutil

from tools import warm
from vllm_course import paths
from vllm_course.progress.place import HOME

COURSE = ("README.md", "concepts", "exercises", "lessons")
START_SECONDS = 60
STOP_SECONDS = 20


class LabServer:
    """JupyterLab over a copy of the course: running writes into notebooks.

    Args:
        folder: An empty folder for the copy, for the settings and for the log.
    """

    def __init__(self, folder: Path) -> None:
        self.course = folder / "course"
        self.log = folder / "server.log"
        self.console = folder / "console.log"  # what the browser says
        self.token = secrets.token_hex(16)
        self.address = f"http://127.0.0.1:{free_port()}"
        self.console.touch()
        environment = own_environment(folder)
        self.progress = Path(environment[HOME]) / "progress.sqlite3"
        change_settings(Path(environment["JUPYTERLAB_SETTINGS_DIR"]))
        copy_course(self.course)
        with self.log.open("w", encoding="utf-8") as log:
            self._process = psutil.Popen(
                [sys.executable, "-m", "jupyter", "lab", *self._options()],
                cwd=self.course,
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C reaches pytest alone, which then stops this in order
            )

    def _options(self) -> list[str]:
        port = self.address.rpartition(":")[2]
        return [
            "--no-browser",
            "--allow-root",
            "--ServerApp.ip=127.0.0.1",
            f"--ServerApp.port={port}",
            "--ServerApp.port_retries=0",
            f"--ServerApp.root_dir={self.course}",
            f"--IdentityProvider.token={self.token}",
            "--LabApp.expose_app_in_browser=True",  # the tests run JupyterLab's commands through window.jupyterapp
        ]

    def url(self, path: str = "lab") -> str:
        """Return an address that needs no login."""
        return f"{self.address}/{path}?token={self.token}"

    def wait_until_ready(self) -> None:
        """Return when the server answers.

        Raises:
            RuntimeError: It ended, or it does not answer in time; the message holds its log.
        """
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                urllib.request.urlopen(self.url("api/status"), timeout=5).close()
                return
            except (urllib.error.URLError, TimeoutError):
                time.sleep(0.2)
        raise RuntimeError(f"JupyterLab must answer within {START_SECONDS} s, it did not:\n{self.log.read_text()}")

    def stop(self) -> None:
        """End the server and all its kernels, by force where asking is not enough."""
        if self._process.poll() is None:
            family = [self._process, *self._process.children(recursive=True)]
            self._process.terminate()  # JupyterLab then shuts its kernels down
            for survivor in psutil.wait_procs(family, timeout=STOP_SECONDS)[1]:
                survivor.kill()


def free_port() -> int:
    """Return a port that nobody listens on at this moment."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def copy_course(folder: Path) -> None:
    """Copy what a learner opens in JupyterLab."""
    folder.mkdir()
    for name in COURSE:
        source = paths.root() / name
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, folder / name)


def change_settings(folder: Path) -> None:
    """Have JupyterLab keep all cells of a notebook in the page, also those out of sight, so that tests find them."""
    file = folder / "@jupyterlab" / "notebook-extension" / "tracker.jupyterlab-settings"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps({"windowingMode": "none"}), encoding="utf-8")


def own_environment(folder: Path) -> dict[str, str]:
    """Return this process's environment with every place that JupyterLab and the course write to moved to a folder."""
    places = {
        "HOME": "home",
        "IPYTHONDIR": "ipython",
        "JUPYTER_CONFIG_DIR": "jupyter/config",
        "JUPYTER_DATA_DIR": "jupyter/data",
        "JUPYTER_RUNTIME_DIR": "jupyter/runtime",
        "JUPYTERLAB_SETTINGS_DIR": "jupyter/settings",
        "JUPYTERLAB_WORKSPACES_DIR": "jupyter/workspaces",
        "VLLM_COURSE_HOME": "progress",
    }
    foreign = ("JUPYTER", "JPY_", "XDG_", "MPLBACKEND", "VLLM_COURSE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    for place in places.values():
        (folder / place).mkdir(parents=True)
    return kept | {name: str(folder / place) for name, place in places.items()} | {warm.KERNELS: str(warm.kernels())}
