"""`Toolbox`: the MCP servers of a chat, opened together, and their tools.

Each server has a task of its own, which opens and closes it. So one that fails takes nothing else with it, and a
notebook may open the servers in one cell and close them in another.
"""

import asyncio
import logging
import sys
import tempfile
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import anyio
import httpx2
from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp.types import CallToolResult, TextContent

from vllm_course.chat.messages import harmless
from vllm_course.errors import CourseError
from vllm_course.remote.address import is_loopback
from vllm_course.toolbox import keeper
from vllm_course.toolbox.config import HttpServer, McpConfig, StdioServer, _Server, headers, program
from vllm_course.toolbox.schemas import Tool, is_read_only, misfit_of, openai_schema

if TYPE_CHECKING:
    from mcp.server import MCPServer

START_WITHIN = 120.0  # seconds: a Python that imports much takes long on a busy machine
PAGES = 50  # of a server's list of tools
LONGEST = 200  # characters of what a server says, in an error
PRINTS = "It prints on stdout, which belongs to MCP: print to stderr there."
ENDED = "Connection closed"  # the SDK's words


class Toolbox:
    """The servers of a configuration, open in an `async with` block, or between `open` and `aclose`.

    Args:
        servers: A configuration, or servers in this process by name, for a notebook or a test.
        trust_read_only: For servers in this process: whether they are believed which of their tools only read.
        start_within: Seconds in which a server must answer first.

    Attributes:
        tools: By name, what the model may call.
        notes: What the user should know, for example of a tool that is left out.
    """

    def __init__(
        self,
        servers: "McpConfig | Mapping[str, MCPServer]",
        *,
        trust_read_only: bool = False,
        start_within: float = START_WITHIN,
    ) -> None:
        quiet_logs()
        own = _Server(trust_read_only=trust_read_only)
        folder = servers.folder if isinstance(servers, McpConfig) else Path()
        given = servers.servers if isinstance(servers, McpConfig) else servers
        self._connections = {
            name: Connection(name, one, one if isinstance(one, _Server) else own, folder, start_within)
            for name, one in given.items()
        }
        self.tools: dict[str, Tool] = {}
        self.notes: list[str] = []

    @property
    def schemas(self) -> list[dict[str, Any]]:
        """The tools, as a chat request lists them."""
        return [openai_schema(tool) for tool in self.tools.values()]

    async def open(self) -> "Toolbox":
        """Start all servers and list their tools.

        Raises:
            CourseError: A server does not start or is no MCP server, or two tools have the same name.
        """
        try:
            opened = await asyncio.gather(*(one.open() for one in self._connections.values()), return_exceptions=True)
            if failed := next((error for error in opened if isinstance(error, BaseException)), None):
                raise failed
            for connection in self._connections.values():
                self._take(connection)
        except BaseException:
            await self.aclose()
            raise
        return self

    async def call(self, tool: Tool, arguments: dict[str, Any]) -> CallToolResult:
        """Call a tool. Whatever goes wrong comes back as a result that is marked as an error, for the model."""
        return await self._connections[tool.server].call(tool.name, arguments)

    async def aclose(self) -> None:
        """Close all servers, and end the processes of those that have one."""
        for connection in self._connections.values():
            if connection.scope is not None:
                connection.scope.cancel()
        await asyncio.gather(*(one.closed() for one in self._connections.values()), return_exceptions=True)

    async def __aenter__(self) -> "Toolbox":
        return await self.open()

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def _take(self, connection: "Connection") -> None:
        wanted, listed = connection.settings.tools, {one.name: one for one in connection.listed}
        where = f"servers.{connection.name}"
        for key in ("tools", "read_only"):
            if missing := next((name for name in getattr(connection.settings, key) or [] if name not in listed), None):
                raise CourseError(f"{where}.{key} must name tools of the server, got {missing!r}. {_has(listed)}")
        for name, one in listed.items():
            if wanted is not None and name not in wanted:
                continue
            if misfit := misfit_of(one):
                self.notes.append(f"{where}: tool {name!r:.80} is left out: {misfit}")
            elif name in self.tools:
                raise CourseError(
                    f"tools must have different names, got {name} of the servers {self.tools[name].server} and "
                    f"{connection.name}. List under tools: of one of them which of its tools the model may use."
                )
            else:
                trusted = connection.settings.trust_read_only and is_read_only(one)
                read_only = trusted or name in connection.settings.read_only
                self.tools[name] = Tool(name, connection.name, one.description or "", one.input_schema, read_only)
        if connection.printed:
            self.notes.append(f"{where}: {PRINTS}")


class Connection:
    """One server, opened and closed by one task.

    Attributes:
        listed: Its tools, as it lists them.
        printed: Lines that it wrote to its standard output and that are no MCP.
        scope: Cancelled, it closes the server; None before `open`.
    """

    def __init__(self, name: str, source: Any, settings: _Server, folder: Path, start_within: float) -> None:
        self.name, self.settings, self._source, self._folder = name, settings, source, folder
        self._start_within = start_within
        self.listed: list = []
        self.printed = 0
        self.scope: anyio.CancelScope | None = None
        self._log = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115, closed() closes it
        self._client: Client | None = None
        self._task: asyncio.Task | None = None

    async def open(self) -> None:
        """Start the task, and wait until the tools are listed.

        Raises:
            CourseError: The server does not answer as an MCP server.
        """
        self.scope, ready = anyio.CancelScope(), asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self._own(ready))
        await ready

    async def call(self, name: str, arguments: dict[str, Any]) -> CallToolResult:
        """Call a tool; a server may fail in any way, and each becomes a result."""
        limit = self.settings.timeout
        try:
            async with asyncio.timeout(limit):
                return await self._client.call_tool(name, arguments)
        except TimeoutError:
            return failed(f"the tool took longer than {limit:g} s and was given up")
        except Exception as error:
            reason = _leaf(error)
            ended = ENDED in reason
            return failed("the tool's server has ended" if ended else f"the tool's server failed: {reason}")

    async def closed(self) -> None:
        """Wait until the server is closed."""
        if self._task:
            await asyncio.wait([self._task])
        self._log.close()

    async def _own(self, ready: asyncio.Future) -> None:
        self.scope.deadline = anyio.current_time() + self._start_within
        reason = ""
        try:
            with self.scope:
                async with AsyncExitStack() as stack:
                    transport = await self._transport(stack)
                    client = Client(transport, message_handler=self._heard, cache=None)
                    self._client = await stack.enter_async_context(client)
                    self.listed = await _all_tools(self._client)
                    self.scope.deadline = float("inf")
                    if not ready.done():
                        ready.set_result(None)
                    await asyncio.Event().wait()  # until the scope is cancelled
        except CourseError as error:
            reason = error
        except Exception as error:  # a foreign program may fail in any way
            reason = _leaf(error)
        except asyncio.CancelledError:
            ready.cancel()
            raise
        if not ready.done():
            ready.set_exception(reason if isinstance(reason, CourseError) else self._refusal(str(reason)))

    async def _transport(self, stack: AsyncExitStack) -> Any:
        if isinstance(self._source, HttpServer):
            url, sent = self._source.url, headers(self._source, self.name)
            timeout = httpx2.Timeout(30, read=max(300, self.settings.timeout))
            http = httpx2.AsyncClient(headers=sent, timeout=timeout, trust_env=not is_loopback(url))
            return streamable_http_client(url, http_client=await stack.enter_async_context(http))
        if isinstance(self._source, StdioServer):
            words, place, variables = program(self._source, self.name, self._folder)
            words = ["-I", "-S", keeper.__file__, *words]
            started = StdioServerParameters(command=sys.executable, args=words, env=variables, cwd=place)
            return stdio_client(started, errlog=self._log)
        return self._source

    async def _heard(self, message: Any) -> None:
        self.printed += isinstance(message, Exception)

    def _refusal(self, reason: str) -> CourseError:
        said = f" ({_short(last)})" if (last := _last_line(self._log)) else ""
        remedy = "Start it, or correct url." if isinstance(self._source, HttpServer) else "Try its command by hand."
        remedy = PRINTS if self.printed else remedy
        rule = f"servers.{self.name} must answer as an MCP server within {self._start_within:g} s"
        return CourseError(f"{rule}, got {_short(reason) or 'no answer'}{said}. {remedy}")


def quiet_logs() -> None:
    """Keep what is logged about each message and request off the screen.

    Creating an `MCPServer` shows everybody's INFO messages, those of the openai client's requests too.
    """
    for name in ("httpx", "httpx2"):
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("mcp").setLevel(logging.CRITICAL)


def failed(reason: str) -> CallToolResult:
    """Return the result of a call that did not come to anything."""
    return CallToolResult(content=[TextContent(type="text", text=reason)], is_error=True)


async def _all_tools(client: Client) -> list:
    page = await client.list_tools()
    found = list(page.tools)
    for _ in range(PAGES):
        if not page.next_cursor:
            break
        page = await client.list_tools(cursor=page.next_cursor)
        found += page.tools
    return found


def _has(listed: Mapping[str, Any]) -> str:
    return f"It has {_short(', '.join(listed)) or 'none'}."


def _leaf(error: BaseException) -> str:
    """Return what lies below the groups of errors that tasks make."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return " ".join(str(error).split()).rstrip(".") or type(error).__name__


def _last_line(log: IO[str]) -> str:
    """Return the last line that a server wrote, without the keeper's."""
    log.seek(0)
    lines = [line.strip() for line in log.read().splitlines() if line.strip()]
    return next((line for line in reversed(lines) if not line.startswith("exit code")), lines[-1] if lines else "")


def _short(text: str) -> str:
    text = harmless(text).replace("\n", " ")
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."
