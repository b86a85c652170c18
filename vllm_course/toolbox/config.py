"""`McpConfig`: which MCP servers a chat may use, from a YAML file.

A server of its own process has a command, and one that runs elsewhere has a URL:

    servers:
      weather:
        command: python
        args: [servers/weather.py]
        trust_read_only: true
      notes:
        url: https://notes.example.org/mcp
        headers: {Authorization: NOTES_AUTHORIZATION}

No secret is in the file: `headers` and `pass_env` name environment variables.
"""

import os
import re
import shutil
import sys
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, ConfigDict, Field, ValidationError

from vllm_course.as_written import read_settings
from vllm_course.configuring.config import Section, Text
from vllm_course.errors import CourseError, UsageError, did_you_mean

PYTHON = ("python", "python3")  # the Python that runs the client: its packages are there
SECRET = re.compile("key|token|secret|passw|credential|auth", re.IGNORECASE)
LONGEST = 3600  # seconds
# What other programs call a key, and what it is called here.
ELSEWHERE = {"mcpservers": "servers", "mcp_servers": "servers", "headers_env": "headers", "environment": "env"}
ELSEWHERE |= {"endpoint": "url", "cmd": "command", "workdir": "cwd", "alwaysallow": "read_only"}
STDIO_ONLY, HTTP_ONLY = ("args", "env", "pass_env", "cwd"), ("headers",)


def _variable(name: str) -> str:
    if not re.fullmatch("[A-Za-z_][A-Za-z0-9_]*", name):
        raise ValueError("it is no name of a variable")
    return name


def _open_value(env: dict[str, str]) -> dict[str, str]:
    if any(SECRET.search(name) for name in env):
        raise ValueError("it looks like a secret")
    return env


def _web_address(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        raise ValueError("it is no address")
    return url


Variable = Annotated[str, AfterValidator(_variable)]
# Rule and remedy of each key.
RULES = {
    "command": ("a program's name or path", "Write for example python."),
    "args": ("a list of texts", "Write for example [servers/weather.py], numbers in quotation marks."),
    "env": (
        "texts by the names of variables, and hold no secret",
        "Name a variable that holds a secret under pass_env, and put numbers into quotation marks.",
    ),
    "pass_env": ("a list of environment variables' names", "Put the value into a variable, and its name here."),
    "cwd": ("a folder", "Leave it out for the folder of this file."),
    "transport": ("stdio or http", "Leave it out: command means stdio, and url means http."),
    "url": (
        "an address such as http://127.0.0.1:8391/mcp, without name and password",
        "Put a secret into a variable that headers names.",
    ),
    "headers": (
        "names of environment variables, by the names of headers",
        "Put the header's whole value into a variable, and the variable's name here.",
    ),
    "timeout": (f"a number of seconds > 0 and <= {LONGEST}", "Leave it out for 30."),
    "trust_read_only": ("true or false", "Leave it out for false: the user is asked before each call."),
    "read_only": ("a list of tools' names", "Leave it out for none."),
    "tools": ("a list of tools' names, at least one", "Leave it out for all tools of the server."),
}
HIDDEN = ("env", "pass_env", "url", "headers")  # whoever mixes things up may have written a secret there


class _Server(Section):
    """What both kinds of servers have.

    Attributes:
        timeout: Seconds that a call may take.
        trust_read_only: Whether the server is believed which of its tools only read. Anybody can claim that, so the
            user decides. A tool that is believed to only read runs without a question.
        read_only: Tools that only read, as the user knows.
        tools: The tools that the model may use; None for all.
    """

    timeout: Annotated[float, Field(gt=0, le=LONGEST)] = 30
    trust_read_only: bool = False
    read_only: list[Text] = []
    tools: Annotated[list[Text], Field(min_length=1)] | None = None


class StdioServer(_Server):
    """A server in a process of its own, which speaks on its standard input and output.

    Attributes:
        command: The program; python is the one that runs the client.
        args: Its arguments.
        env: More variables, beside the few that every program needs.
        pass_env: Variables of this process that it gets too.
        cwd: Its working folder; a path that is not absolute begins at the file's folder.
    """

    command: Text
    args: list[str] = []
    env: Annotated[dict[Variable, str], AfterValidator(_open_value)] = {}
    pass_env: list[Variable] = []
    cwd: Text = "."
    transport: Literal["stdio"] = "stdio"


class HttpServer(_Server):
    """A server that is asked over HTTP, as MCP's "streamable HTTP".

    Attributes:
        url: Where it is.
        headers: By header, the environment variable that holds its value.
    """

    url: Annotated[str, AfterValidator(_web_address)]
    headers: dict[Text, Variable] = {}
    transport: Literal["http"] = "http"


class McpConfig(Section):
    """The MCP servers of a chat.

    Attributes:
        servers: By name.
        folder: Where paths that are not absolute begin.

    Example:
        >>> config = McpConfig.of({"servers": {"weather": {"command": "python", "args": ["weather.py"]}}})
        >>> config.servers["weather"].timeout
        30
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    servers: dict[str, StdioServer | HttpServer]
    folder: Path = Path()

    @classmethod
    def from_yaml(cls, file: str | Path, *, name: str = "--mcp-config") -> "McpConfig":
        """Read a configuration from a YAML file.

        Args:
            file: Its place.
            name: The option that names it, for errors.

        Raises:
            UsageError: It cannot be read, is no valid YAML, or holds an unknown key or a wrong value.
        """
        content = read_settings(Path(file), name=name)
        try:
            return cls.of(content, folder=Path(file).resolve().parent)
        except CourseError as error:
            raise UsageError(f"{file}: {error}") from None

    @classmethod
    def of(cls, content: dict[str, Any], *, folder: Path | None = None) -> "McpConfig":
        """Check what a file holds.

        Raises:
            CourseError: A key is unknown, or a value is wrong.
        """
        for key in content:
            if key != "servers":
                raise CourseError(_unknown(str(key), ["servers"], place=""))
        servers = content.get("servers")
        if not isinstance(servers, dict) or not servers:
            raise CourseError(f"servers must hold a server for each name, got {_shown(servers)}. Write name: below it.")
        return cls(servers={name: _server(name, one) for name, one in servers.items()}, folder=folder or Path.cwd())


def program(server: StdioServer, name: str, folder: Path) -> tuple[list[str], Path, dict[str, str]]:
    """Return the words of a server's command line, its folder and its variables, if all of that is there.

    Raises:
        CourseError: The program, the folder or a variable is not there.
    """
    place, where = folder / server.cwd, f"servers.{name}"
    if not place.is_dir():
        raise CourseError(f"{where}.cwd must be a folder that is there, got {server.cwd}. {RULES['cwd'][1]}")
    passed = {variable: _value(variable, f"{where}.pass_env") for variable in server.pass_env}
    if server.command in PYTHON:
        found = sys.executable
    else:
        search = server.env.get("PATH", os.environ.get("PATH"))
        # A path with a folder in it begins where the program starts.
        found = shutil.which(str(place / server.command) if "/" in server.command else server.command, path=search)
    if not found:
        rule = "must be a program that can be found and run"
        raise CourseError(f"{where}.command {rule}, got {server.command!r}. Install it, or write its whole path.")
    return [found, *server.args], place, server.env | passed


def headers(server: HttpServer, name: str) -> dict[str, str]:
    """Return the headers of a server with their values.

    Raises:
        CourseError: A variable is not set, or holds what no header may.
    """
    return {header: _value(variable, f"servers.{name}.headers") for header, variable in server.headers.items()}


def _value(variable: str, where: str) -> str:
    """Return what a variable holds; errors name it only where it is short enough to be no secret by mistake."""
    value = os.environ.get(variable, "")
    if not value or not value.isprintable() or not value.isascii():
        shown = variable if len(variable) <= 40 else "another text"
        raise CourseError(
            f"{where} must name variables that are set to plain text of one line, got {shown}. Set it with export, and "
            "write its name here, not its value."
        )
    return value


def _server(name: Any, content: Any) -> StdioServer | HttpServer:
    where = f"servers.{name}"
    if not re.fullmatch("[A-Za-z0-9_-]{1,40}", str(name)):
        rule = "must be 1 to 40 letters, digits, - or _"
        raise CourseError(f"a server's name {rule}, got {_shown(name)}. Choose a short name.")
    if not isinstance(content, dict):
        raise CourseError(f"{where} must hold keys with values, got {_shown(content)}. Write command: below it.")
    if unknown := next((key for key in content if key not in RULES), None):
        raise CourseError(_unknown(str(unknown), list(RULES), place=f"{where}."))
    if ("command" in content) == ("url" in content):
        got = "both" if "url" in content else "neither"
        raise CourseError(f"{where} must have either command or url, got {got}. Write the one that starts or finds it.")
    kind, other = (HttpServer, STDIO_ONLY) if "url" in content else (StdioServer, HTTP_ONLY)
    if wrong := next((key for key in content if key in other), None):
        with_ = "command" if kind is HttpServer else "url"
        raise CourseError(f"{where}.{wrong} must only be used with {with_}, got it without. Remove it.")
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        raise CourseError(_broken(where, error)) from None


def _broken(where: str, error: ValidationError) -> str:
    found = error.errors()[0]
    key = str(found["loc"][0])
    rule, remedy = RULES[key]
    got = "another text" if key in HIDDEN else _shown(found["input"])
    return f"{where}.{key} must be {rule}, got {got}. {remedy}"


def _unknown(key: str, known: list[str], *, place: str) -> str:
    plain = key.lower().replace("-", "_")
    same = next((name for other, name in ELSEWHERE.items() if plain == other and name in known), None)
    otherwise = f"Known keys are {', '.join(known)}."
    remedy = f"Did you mean {same}?" if same else did_you_mean(plain, known, otherwise=otherwise)
    return f"a key must be one that the course knows, got {place}{key!r:.60}. {remedy}"


def _shown(value: Any) -> str:
    return "nothing" if value is None else f"{value!r:.60}"
