"""What the tests of the toolbox share: servers here and in processes of their own, and who is left of them."""

import json
import os
import uuid
from typing import Any

import psutil

from tests.online.cases import gone
from vllm_course import paths
from vllm_course.toolbox.config import McpConfig
from vllm_course.toolbox.servers import Toolbox

TAG = "COURSE_TEST_MCP"
SERVER = "tests.toolbox.server"


def config(**servers: dict[str, Any]) -> McpConfig:
    """Return a configuration."""
    return McpConfig.of({"servers": servers}, folder=paths.root())


def own(how: str = "", **keys: Any) -> dict[str, Any]:
    """Return the settings of a server in a process of its own, which fails as it is told."""
    return {"command": "python", "args": ["-m", SERVER, *([how] if how else [])]} | keys


def tagged() -> tuple[str, dict[str, str]]:
    """Return a tag that all processes of a server inherit, and the variables that hold it."""
    tag = uuid.uuid4().hex
    return tag, {TAG: tag, "PYTHONPATH": str(paths.root())}


def left(tag: str) -> list[psutil.Process]:
    """Return the processes that inherited a tag and are still there."""
    return [process for process in psutil.process_iter() if not gone(process) and _tag(process) == tag]


def _tag(process: psutil.Process) -> str | None:
    try:
        return process.environ().get(TAG) if process.pid != os.getpid() else None
    except psutil.Error:
        return None


async def called(toolbox: Toolbox, name: str, **arguments: Any) -> dict[str, Any]:
    """Return what a tool returns, as data."""
    result = await toolbox.call(toolbox.tools[name], arguments)
    text = "\n".join(getattr(block, "text", block.type) for block in result.content)
    return {"error": text} if result.is_error else json.loads(text)
