"""Lesson 09's script at a terminal, with the real server and real MCP servers."""

import json
import os
import signal
import sys
import time

import pexpect
import pytest

from tests.online.cases import until
from tests.serving.cases import start_real
from tests.terminal.keyboard import CTRL_C, CTRL_D, OBEYS, READS, SECONDS, Terminal
from tests.tool_chat.cases import SCRIPT, failing, weather, yaml_of
from tests.toolbox.cases import left, tagged
from tools import warm

QUESTION = r"Run get_weather of w with \{.*\}\? \[y/N\] "


@pytest.fixture(scope="module")
def server():
    """Return a server of pocket-chat."""
    with start_real() as running:
        yield running


def opened(folder, server, **servers) -> Terminal:
    """Return the script at a terminal, with these MCP servers."""
    words = ("--base-url", server.base_url, "--temperature", "0", "--plain", "--mcp-config", yaml_of(folder, **servers))
    return Terminal(folder, *words, "--save", str(folder / "talk.json"), script=SCRIPT, python=sys.executable)


def test_a_whole_session(tmp_path, server):
    tag, _ = tagged()
    terminal = opened(tmp_path, server, w=weather(), x=failing(tag=tag, tools=["hang"]))
    says = terminal.says
    assert "get_weather  w       no" in says("/tools")
    assert "It is snowy in Oslo, 2 degrees." in says("What is the weather in Oslo?")
    assert '[get_time({"city": "Tokyo"}) -> {"time": "17:05"}]' in says("What time is it in Tokyo?")
    assert "The capital of France is Paris." in says("What is the capital of France?")
    assert "Did you mean /tools?" in says("/tolls") and "must be followed by FILE" in says("/save")
    assert "The capital of" not in says("/new") and "It is rainy in London, 9" in says("What is the weather in London?")
    terminal.child.send(CTRL_D)
    assert terminal.ends() == 0
    roles = [message["role"] for message in json.loads((tmp_path / "talk.json").read_text())["messages"]]
    assert roles == ["user", "assistant", "tool", "assistant"]
    assert until(lambda: left(tag) == [])


def test_a_person_is_asked_and_only_a_yes_at_that_moment_counts(tmp_path, server):
    terminal = opened(tmp_path, server, w=weather(trust_read_only=False))
    child = terminal.child

    def asks(answer: str) -> str:
        terminal.says("/new")
        child.send("What is the weather in Oslo?\r")
        child.expect(QUESTION)
        child.send(answer)
        child.expect(READS)
        return child.before

    assert "the user declined this call" in asks("\r") and "declined" in asks("yes please\r")
    assert "It is snowy in Oslo, 2 degrees." in asks("y\r")
    terminal.says("/new")
    child.send("What is the weather in Oslo?\r")
    child.expect(QUESTION)
    child.send(CTRL_C)
    child.expect("stopped: the question and its answer are forgotten")
    child.expect(READS)
    child.send(CTRL_D)
    assert terminal.ends() == 0


def test_ctrl_c_stops_a_call_that_hangs_and_sigterm_ends_the_chat_which_is_saved(tmp_path, server):
    tag, _ = tagged()
    hanging = failing("weather", tag) | {"read_only": ["get_weather"], "timeout": 600}
    terminal = opened(tmp_path, server, x=hanging)
    terminal.says("What is the capital of France?")
    terminal.child.send("What is the weather in Oslo?\r")
    terminal.child.expect(OBEYS)
    time.sleep(1)  # the answer or the call is under way: both are stopped in the same way
    terminal.child.send(CTRL_C)
    terminal.child.expect("stopped: the question and its answer are forgotten")
    terminal.child.expect(READS)
    assert len(left(tag)) >= 2
    terminal.child.kill(signal.SIGTERM)
    assert terminal.ends() == 0
    assert until(lambda: left(tag) == [])
    said = json.loads((tmp_path / "talk.json").read_text())["messages"]
    assert [message["role"] for message in said] == ["user", "assistant"]


def test_ten_runs_of_the_whole_loop_leave_no_process(tmp_path, server):
    tag, _ = tagged()
    words = ["--base-url", server.base_url, "--temperature", "0", "--message", "What is the weather in Oslo?"]
    config = yaml_of(tmp_path, w=weather(), x=failing(tag=tag))
    env = os.environ | {"COLUMNS": "80"}
    for _ in range(10):
        command = " ".join([str(SCRIPT), *(f"'{word}'" for word in [*words, "--mcp-config", config])])
        text, code = pexpect.run(f"{warm.python()} {command}", timeout=SECONDS, withexitstatus=True, env=env)
        assert code == 0 and b"It is snowy in Oslo, 2 degrees." in text
        assert left(tag) == []
