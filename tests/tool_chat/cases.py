"""What the tests of lesson 09's script share: calls of it against the stand-in, and servers of tools."""

import json
from pathlib import Path
from typing import Any

from tests.terminal.cases import ChatTool
from tests.toolbox.cases import SERVER
from vllm_course import paths

FOLDER = paths.root() / "lessons/09-chat-client-and-tools"
SCRIPT = FOLDER / "chat_client.py"
SERVERS = FOLDER / "servers"
WEATHER = {"city": "Oslo"}


class Client(ChatTool):
    """Calls the script in this process."""

    script = SCRIPT


def yaml_of(folder: Path, **servers: dict[str, Any]) -> str:
    """Write a configuration, as JSON, which is YAML too, and return its name."""
    file = folder / "servers.yaml"
    file.write_text(json.dumps({"servers": servers}), encoding="utf-8")
    return str(file)


def weather(**keys: Any) -> dict[str, Any]:
    """Return the settings of the lesson's weather server, which is believed that it only reads."""
    return {"command": "python", "args": [str(SERVERS / "weather.py")], "trust_read_only": True} | keys


def failing(how: str = "", tag: str = "", **keys: Any) -> dict[str, Any]:
    """Return the settings of a server that fails as it is told; its tools are `variables`, `die` and `hang`."""
    env = {"PYTHONPATH": str(paths.root()), "COURSE_TEST_MCP": tag}
    return {"command": "python", "args": ["-m", SERVER, *([how] if how else [])], "env": env} | keys
