"""The MCP servers of lesson 09: what they answer, and that the folder cannot be left."""

import asyncio
import re
import subprocess
import sys

import psutil
import pytest
from mcp import Client

from tests.online.cases import until
from tests.rules.scripts import module_of
from tests.serving.cases import free_port
from tests.tool_chat.cases import FOLDER, SERVERS
from tests.toolbox.cases import called
from vllm_course import paths
from vllm_course.toolbox.config import McpConfig
from vllm_course.toolbox.servers import Toolbox


def ask(server: str, name: str, **arguments):
    """Return what a tool returns as data, or the text of its error."""

    async def asked():
        async with Client(module_of(SERVERS / f"{server}.py").server) as client:
            return await client.call_tool(name, arguments)

    result = asyncio.run(asked())
    return result.content[0].text if result.is_error else result.structured_content


def test_weather_and_time_come_from_the_table():
    assert ask("weather", "get_weather", city="Oslo") == {"sky": "snowy", "temperature": 2}
    assert ask("weather", "get_time", city="Tokyo") == {"time": "17:05"}
    assert ask("weather", "get_time", city="Nowhere").endswith("unknown city")


def test_sums_and_products():
    assert ask("arithmetic", "add", a=17, b=25) == {"sum": 42}
    assert ask("arithmetic", "multiply", a=-3, b=10**12) == {"product": -3 * 10**12}
    assert "validation error" in ask("arithmetic", "add", a="x", b=1)


def test_the_glossary_gives_the_meaning_and_its_section():
    page = (paths.root() / "concepts/glossary.md").read_text("utf-8")
    terms = ask("glossary", "list_terms")["result"]
    assert len(terms) == len(re.findall("^### ", page, re.MULTILINE)) > 100
    found = ask("glossary", "look_up", term=" kv CACHE")
    assert found["section"] == "glossary.md, KV cache" and found["meaning"] in " ".join(page.split())
    assert ask("glossary", "look_up", term="tokn").endswith("unknown term, did you mean Token?")
    assert ask("glossary", "look_up", term="xyzzy").endswith("unknown term")


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder with two files, beside a secret; the server has it as its folder."""
    folder = tmp_path / "open"
    (folder / "deep").mkdir(parents=True)
    for name, text in {"a.txt": "Hello é", "deep/b.txt": "deep", "../secret.txt": "secret"}.items():
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "raw.bin").write_bytes(b"a\0b")
    (folder / "link").symlink_to(tmp_path / "secret.txt")
    (folder / "way").symlink_to(tmp_path)
    (folder / "circle").symlink_to(folder / "circle")
    (tmp_path / "open-too").mkdir()
    (tmp_path / "open-too/c.txt").write_text("secret")
    monkeypatch.setattr(sys, "argv", ["folder.py", str(folder)])
    return folder


def test_the_files_of_the_folder_are_read(place):
    assert ask("folder", "list_files") == {"result": ["a.txt", "raw.bin"]}
    assert ask("folder", "read_file", file="a.txt") == {"text": "Hello é"}
    assert ask("folder", "read_file", file="deep/../deep/b.txt") == {"text": "deep"}
    assert ask("folder", "get_size", file="a.txt") == {"size": 8}
    assert ask("folder", "read_file", file="raw.bin").endswith("no text")
    (place / "large.txt").write_text("x" * 300_000)
    assert len(ask("folder", "read_file", file="large.txt")["text"]) == 100_000


@pytest.mark.parametrize("tool", ["read_file", "get_size"])
@pytest.mark.parametrize(
    "file",
    ["../secret.txt", "deep/../../secret.txt", "{outside}", "link", "way/secret.txt", "../open-too/c.txt", "circle"]
    + [
        "none.txt",
        "",
        ".",
        "deep",
        "a.txt\0",
        "/etc/passwd",
        "~/a.txt",
        "..\\secret.txt",
        "a" * 5000,
        "a.txt/../../secret.txt",
    ],
)
def test_the_folder_cannot_be_left(place, tool, file):
    found = ask("folder", tool, file=file.format(outside=place.parent / "secret.txt"))
    assert isinstance(found, str) and found.endswith("not found") and "secret" not in found.replace(file, "")


def test_each_server_of_the_configuration_starts_and_says_which_tools_only_read():
    async def opened():
        async with Toolbox(McpConfig.from_yaml(FOLDER / "configs/mcp_servers.yaml")) as toolbox:
            listed = await toolbox.call(toolbox.tools["list_files"], {})
            assert listed.structured_content == {"result": ["mcp_servers.yaml"]}
            return {name: tool.read_only for name, tool in toolbox.tools.items()}, toolbox.notes

    reads, notes = asyncio.run(opened())
    assert [name for name, only in reads.items() if not only] == ["list_files", "read_file"] and notes == []
    assert list(reads)[:6] == ["get_weather", "get_time", "add", "multiply", "list_terms", "look_up"]


def test_the_weather_comes_over_http_too():
    port = free_port()
    server = subprocess.Popen([sys.executable, str(SERVERS / "weather.py"), str(port)], stderr=subprocess.DEVNULL)
    try:
        until(lambda: psutil.Process(server.pid).net_connections())
        config = McpConfig.of({"servers": {"w": {"url": f"http://127.0.0.1:{port}/mcp"}}})

        async def asked():
            async with Toolbox(config) as toolbox:
                return await called(toolbox, "get_time", city="Lima")

        assert asyncio.run(asked()) == {"time": "3:05"}
    finally:
        server.kill()
        server.wait()


@pytest.mark.parametrize("file", sorted(SERVERS.glob("*.py")), ids=lambda file: file.stem)
def test_a_server_ends_with_its_input_and_prints_nothing(file):
    done = subprocess.run([sys.executable, str(file)], input=b"", capture_output=True, timeout=120)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
