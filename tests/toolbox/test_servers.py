"""MCP servers, opened together: their tools, the ways in which they fail, and nothing that is left of them."""

import asyncio
import contextlib
import logging
import signal
import subprocess
import sys
import time

import httpx2
import psutil
import pytest
from mcp.types import Tool as Listed

from tests.serving.cases import free_port
from tests.toolbox.cases import SERVER, called, config, left, own, tagged
from tests.toolbox.small import small
from vllm_course.errors import CourseError
from vllm_course.toolbox.schemas import Tool, misfit_of, openai_schema
from vllm_course.toolbox.servers import Toolbox

PATIENCE = 120  # seconds, on a busy machine
OBJECT = {"type": "object", "properties": {}}
# Opens a server, says so, and waits: a client that can be killed.
CLIENT = """
import asyncio, sys
from vllm_course.toolbox.config import McpConfig
from vllm_course.toolbox.servers import Toolbox
python, module, how, tag = sys.argv[1:]
server = {"command": python, "args": ["-m", module, how], "env": {"COURSE_TEST_MCP": tag, "PYTHONPATH": "."}}
async def main():
    async with Toolbox(McpConfig.of({"servers": {"x": server}})):
        print("open", flush=True)
        await asyncio.sleep(600)
asyncio.run(main())
"""


def run(use, servers, **options):
    """Open servers, use them, and return what the use returns."""

    async def opened():
        async with Toolbox(servers, **options) as toolbox:
            return await use(toolbox)

    return asyncio.run(opened())


def refusal(servers, **options) -> str:
    """Return the line with which servers are not opened."""
    with pytest.raises(CourseError) as caught:
        run(called, servers, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def wait_gone(tag: str) -> None:
    """Wait until no process with a tag is left."""
    end = time.monotonic() + PATIENCE
    while left(tag) and time.monotonic() < end:
        time.sleep(0.05)
    assert left(tag) == []


def test_servers_in_this_process_list_and_run_their_tools():
    async def use(toolbox):
        assert [one["function"]["name"] for one in toolbox.schemas] == ["get_weather", "add", "much", "mixed"]
        assert await called(toolbox, "get_weather", city="Oslo") == {"sky": "snowy", "temperature": 2}
        assert "unknown city" in (await called(toolbox, "get_weather", city="Nowhere"))["error"]
        assert "validation error" in (await called(toolbox, "add", a="x", b=1))["error"]
        return await called(toolbox, "add", a=2, b=3)

    assert run(use, {"small": small()}) == 5


@pytest.mark.parametrize(("trusted", "read_only"), [(False, []), (True, ["get_weather"])])
def test_a_server_is_believed_what_only_reads_if_the_user_says_so(trusted, read_only):
    async def use(toolbox):
        return [tool.name for tool in toolbox.tools.values() if tool.read_only]

    assert run(use, {"small": small()}, trust_read_only=trusted) == read_only


def test_two_tools_of_one_name_are_refused_and_a_list_of_tools_helps():
    said = refusal({"one": small(), "two": small()})
    assert said.startswith("tools must have different names, got get_weather of the servers one and two.")

    async def use(toolbox):
        assert list(toolbox.tools) == ["die", "hang", "variables"]
        return {name: (tool.server, tool.read_only) for name, tool in toolbox.tools.items()}

    _, env = tagged()
    servers = config(
        a=own(env=env, tools=["die", "hang"]), b=own(env=env, tools=["variables"], read_only=["variables"])
    )
    found = run(lambda box: use(_sorted(box)), servers)
    assert found == {"die": ("a", False), "hang": ("a", False), "variables": ("b", True)}
    for key in ("tools", "read_only"):
        said = refusal(config(a=own(env=env, **{key: ["fly"]})))
        assert said == f"servers.a.{key} must name tools of the server, got 'fly'. It has variables, die, hang."


def _sorted(toolbox: Toolbox) -> Toolbox:
    toolbox.tools = dict(sorted(toolbox.tools.items()))
    return toolbox


def test_a_server_gets_its_folder_and_the_variables_that_are_named_and_no_others(monkeypatch, tmp_path):
    monkeypatch.setenv("PASSED_ON", "yes")
    monkeypatch.setenv("VLLM_API_KEY", "secret")
    tag, env = tagged()

    async def use(toolbox):
        return await called(toolbox, "variables", names=["PASSED_ON", "VLLM_API_KEY", "GIVEN"])

    found = run(use, config(x=own(env=env | {"GIVEN": "a"}, pass_env=["PASSED_ON"], cwd=str(tmp_path))))
    assert found == {"PASSED_ON": "yes", "VLLM_API_KEY": "", "GIVEN": "a", "folder": str(tmp_path)}
    assert left(tag) == []


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ({"command": "true"}, "got Connection closed (exit code 0). Try its command by hand."),
        ({"command": "cat"}, "must answer as an MCP server"),
        (own("fails"), "got Connection closed (ValueError: no table here). Try its command by hand."),
        (own("silent"), "must answer as an MCP server within 8 s, got no answer. Try its command by hand."),
        (own("talks"), "got no answer. It prints on stdout, which belongs to MCP: print to stderr there."),
        ({"url": "http://127.0.0.1:9/mcp"}, "Start it, or correct url."),
        ({"command": "no-such-program"}, "must be a program that can be found and run"),
    ],
    ids=["true", "cat", "fails", "silent", "talks", "http", "not there"],
)
def test_what_is_no_server_is_refused_in_one_line_and_nothing_is_left(keys, says, capfd):
    tag, env = tagged()
    keys = keys if "url" in keys else keys | {"env": env}
    assert says in refusal(config(x=keys, good=own(env=env)), start_within=8)
    assert left(tag) == []
    assert capfd.readouterr().err == ""


def test_a_server_that_prints_works_and_the_user_is_told():
    async def use(toolbox):
        return toolbox.notes, "folder" in await called(toolbox, "variables", names=[])

    _, env = tagged()
    notes, works = run(use, config(x=own("greets", env=env)))
    assert works and notes == ["servers.x: It prints on stdout, which belongs to MCP: print to stderr there."]


def test_a_tool_that_hangs_or_ends_its_server_is_an_error_for_the_model_and_the_others_go_on():
    tag, env = tagged()

    async def use(toolbox):
        hung, died, dead = [(await called(toolbox, name))["error"] for name in ("hang", "die", "hang")]
        assert hung == "the tool took longer than 1 s and was given up"
        assert died == dead == "the tool's server has ended"
        assert left(tag) == []

    run(use, config(x=own(env=env, timeout=1)))


@pytest.mark.parametrize("how", ["", "leaves", "stubborn"])
@pytest.mark.parametrize("cancelled", [False, True])
def test_nothing_is_left_when_the_client_ends_or_is_cancelled(how, cancelled):
    tag, env = tagged()

    async def opened():
        async with Toolbox(config(x=own(how, env=env))):
            assert len(left(tag)) >= 2
            if cancelled:
                asyncio.current_task().cancel()
                await asyncio.sleep(0)

    with pytest.raises(asyncio.CancelledError) if cancelled else contextlib.nullcontext():
        asyncio.run(opened())
    assert left(tag) == []


@pytest.mark.parametrize(("how", "number"), [("stubborn", signal.SIGKILL), ("leaves", signal.SIGTERM)])
def test_nothing_is_left_when_the_client_is_killed(how, number):
    tag, _ = tagged()
    words = [sys.executable, "-c", CLIENT, sys.executable, SERVER, how, tag]
    client = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert client.stdout.readline() == b"open\n"
    assert len(left(tag)) >= 3
    client.send_signal(number)
    client.wait(PATIENCE)
    wait_gone(tag)


def test_a_cell_opens_the_servers_and_another_one_closes_them():
    tag, env = tagged()
    with asyncio.Runner() as runner:
        toolbox = runner.run(Toolbox(config(x=own(env=env))).open())
        assert "folder" in runner.run(called(toolbox, "variables", names=[]))
        runner.run(toolbox.aclose())
        assert left(tag) == []


def test_a_server_over_http_gets_its_headers_and_no_proxy_is_asked(monkeypatch):
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("SMALL_KEY", "Bearer secret")
    seen = []
    send = httpx2.AsyncClient.send
    monkeypatch.setattr(
        httpx2.AsyncClient,
        "send",
        lambda self, request, **more: seen.append(request.headers["authorization"]) or send(self, request, **more),
    )
    port = free_port()
    code = "from tests.toolbox.small import small; small().run(transport='streamable-http', port={})"
    server = subprocess.Popen([sys.executable, "-c", code.format(port)], stderr=subprocess.DEVNULL)
    try:
        while not psutil.Process(server.pid).net_connections():
            time.sleep(0.1)
        url = {"url": f"http://127.0.0.1:{port}/mcp", "headers": {"Authorization": "SMALL_KEY"}}
        assert run(lambda box: called(box, "add", a=2, b=3), config(x=url)) == 5
    finally:
        server.kill()
        server.wait()
    assert set(seen) == {"Bearer secret"}


def test_a_new_server_does_not_show_everybodys_messages(capfd):
    run(lambda box: called(box, "add", a="x", b=1), {"small": small()})
    logging.getLogger("httpx2").info("HTTP Request: POST")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("name", "schema", "why"),
    [
        ("look", OBJECT, ""),
        ("a" * 65, OBJECT, "its name must be"),
        ("", OBJECT, "its name must be"),
        ("look\n", OBJECT, "its name must be"),
        ("look\x1b[2J", OBJECT, "its name must be"),
        ("look", {"type": "object", "properties": 5}, "must be a JSON schema"),
        ("look", {"type": "nonsense"}, "must be a JSON schema"),
        ("look", {"type": "string"}, "its arguments must be an object"),
        ("look", {}, "its arguments must be an object"),
    ],
)
def test_a_tool_that_no_request_can_list_is_left_out(name, schema, why):
    said = misfit_of(Listed(name=name, input_schema=schema))
    assert said.startswith(why) if not why else why in said
    assert bool(said) == bool(why)


def test_a_tool_that_is_left_out_is_named():
    _, env = tagged()
    notes = run(_notes, config(x=own("odd", env=env)))
    assert notes == ["servers.x: tool 'odd name!\\n' is left out: its name must be 1 to 64 letters, digits, - or _"]


async def _notes(toolbox: Toolbox) -> list[str]:
    return toolbox.notes


def test_a_schema_is_strict_where_wanted():
    tool = Tool("look", "s", "looks", OBJECT)
    assert openai_schema(tool) == {
        "type": "function",
        "function": {"name": "look", "description": "looks", "parameters": OBJECT},
    }
    assert openai_schema(tool, strict=True)["function"]["strict"] is True
