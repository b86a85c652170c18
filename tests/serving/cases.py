"""What the tests of a server share: its processes, its port, a stand-in for it, and the real one."""

import os
import socket
import sys
from pathlib import Path

import psutil
import pytest

from tests.online.cases import gone
from tools import warm
from vllm_course import paths
from vllm_course.configuring.config import ServeConfig
from vllm_course.serving.client import Server, start
from vllm_course.serving.process import Launched, launch

STANDIN = "tests.serving.standin"
TAG = "COURSE_TEST_TAG"
CONFIGS = sorted((paths.lesson(8) / "configs").glob("*.yaml"))


def free_port() -> int:
    """Return a port on which nobody listens."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def is_free(port: int) -> bool:
    """Return whether a server could listen there."""
    with socket.socket() as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return tried.connect_ex(("127.0.0.1", port)) != 0


def tagged(tag: str) -> list[psutil.Process]:
    """Return the processes that inherited a tag."""
    return [process for process in psutil.process_iter() if not gone(process) and _tag(process) == tag]


def standin(port: int, how: str = "", *, log: Path | None = None, tag: str = "", grace: float = 20) -> Launched:
    """Launch what stands for vLLM's server."""
    variables = {TAG: tag, "PYTHONPATH": str(paths.root())}
    return launch([str(port), how], environment=variables, log=log, grace=grace, module=STANDIN)


def start_real(config: ServeConfig | None = None, **arguments) -> Server:
    """Start vLLM's server, of pocket-chat where nothing else is said, warm, beside the one that `server` keeps."""
    options = {"port": None, "api_key": None, "log": None} | arguments
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "executable", warm.python())
        patch.chdir(paths.root())
        patch.delenv("VLLM_API_KEY", raising=False)
        return start(config or ServeConfig().merge_cli_args({"model": "pocket-chat"}), **options)


def engine_of(launched: Launched) -> psutil.Process:
    """Return the engine of a stand-in that is ready."""
    return psutil.Process(int(launched.log_text().split()[1]))


def _tag(process: psutil.Process) -> str | None:
    try:
        return process.environ().get(TAG) if process.pid != os.getpid() else None
    except psutil.Error:
        return None
