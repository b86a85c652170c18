"""Lesson 03's script at a real terminal: one session from the first line to the last, keys included."""

import json
import os
import re
import signal

import pytest

from tests.terminal.keyboard import ALT_ENTER, CTRL_C, LEFT, OBEYS, READS, SECONDS, UP, Terminal


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("chat")


def read(file) -> dict:
    return json.loads(file.read_text("utf-8"))


def test_a_whole_session(folder):
    chat, broken = folder / "chat.json", folder / "broken.json"
    broken.write_text('{"version": 1, "mess')
    terminal = Terminal(folder, "--plain", "--max-tokens", "40", "--temperature", "0")
    says = terminal.says

    # memory, and a system prompt
    assert "system prompt: Answer with one word." in says("/system Answer with one word.")
    says("My name is Kelvo.")
    says("What is my name?")
    assert "2 turns, " in says("/history")
    assert "Did you mean /history?" in says("/histroy")

    # parameters: a wrong one changes nothing
    assert "temperature must be >= 0 and <= 2, got 7." in says("/params temperature=7 top_k=5")
    assert re.search(r"top_k +40 ", says("/params"))
    assert re.search(r"temperature +1\.5 ", says("/params temperature=1.5 ignore_eos=true max_tokens=900"))

    # an answer comes in pieces, and Ctrl-C stops it and not the program
    terminal.child.send("Tell me a story about a fox.\r")
    terminal.child.expect(OBEYS)
    pieces = [terminal.child.read_nonblocking(10_000, timeout=SECONDS) for _ in range(12)]
    terminal.child.send(CTRL_C)
    terminal.child.expect(READS)
    assert "(interrupted: /continue goes on)" in terminal.child.before and all(pieces)
    says(f"/save {chat}")
    messages = read(chat)["messages"]
    assert [message["role"] for message in messages] == ["system", *["user", "assistant"] * 3]
    assert messages[-1]["finish_reason"] == "abort" and messages[-1]["content"]
    assert read(chat)["params"]["max_tokens"] == 900

    # the engine is in order: another answer to the same question, then its rest
    says("/params max_tokens=8")
    assert "(seed 1)" in says("/retry")
    assert "(cut at max_tokens=8: /continue goes on)" in says("/continue")
    says(f"/save {chat}")
    assert len(read(chat)["messages"]) == 7 and read(chat)["messages"][-1]["finish_reason"] == "length"

    # what was saved comes back, a damaged file does not
    assert "3 turns forgotten; the system prompt stays" in says("/reset")
    assert "0 turns, 0 of 1,024" in says("/history")
    assert "3 turns loaded" in says(f"/load {chat}")
    assert "/load must be a saved conversation, got " in says(f"/load {broken}")
    assert "3 turns, " in says("/history") and broken.read_text() == '{"version": 1, "mess'
    terminal.child.send("/quit\r")
    assert terminal.ends() == 0


def test_keys(folder):
    """Editing, history of this and of earlier programs, several lines, and Ctrl-C at the prompt, in colours."""
    saved = folder / "keys.json"
    terminal = Terminal(folder, "--max-tokens", "8", "--save", str(saved))
    terminal.says("ello!" + LEFT * 5 + "H")
    terminal.child.send(UP + UP)  # the line before was the last of the session above
    terminal.child.expect("/quit")
    assert "Ctrl-C once more, or Ctrl-D, leaves" in terminal.types(CTRL_C)
    assert "\x1b[2m(Ctrl-C" in terminal.child.before
    terminal.says("one" + ALT_ENTER + "two")
    terminal.types("forget this" + CTRL_C)
    terminal.types("and this" + CTRL_C)
    terminal.child.send(CTRL_C)
    assert terminal.ends() == 0
    assert [message["content"] for message in read(saved)["messages"][::2]] == ["Hello!", "one\ntwo"]


@pytest.mark.parametrize("way", ["SIGTERM", "SIGHUP", "closed"])
@pytest.mark.parametrize("answering", [False, True])
def test_what_was_said_is_saved_when_the_window_is_closed(tmp_path, way, answering):
    """As with Ctrl-D; an answer that is under way stays as far as it came."""
    terminal = Terminal(tmp_path, "--plain", "--max-tokens", "8", "--save", str(tmp_path / "t.json"))
    terminal.says("Hello!")
    if answering:
        terminal.says("/params ignore_eos=true max_tokens=900")
        terminal.child.send("Tell me a story about a fox.\r")
        terminal.child.expect(OBEYS)
        pieces = [terminal.child.read_nonblocking(10_000, timeout=SECONDS) for _ in range(6)]
        assert all(pieces)
    if way == "closed":
        terminal.child.ptyproc.fileobj.close()
    else:
        terminal.child.kill(getattr(signal, way))
    code = os.waitstatus_to_exitcode(os.waitpid(terminal.child.pid, 0)[1])
    messages = read(tmp_path / "t.json")["messages"]
    assert [message["role"] for message in messages] == ["user", "assistant"] * (1 + answering)
    assert (messages[-1].get("finish_reason") == "abort") == answering
    assert way == "closed" or code == 0
    terminal.child.closed = terminal.child.ptyproc.closed = True  # pexpect would close it and wait once more


def test_a_line_in_another_encoding_does_not_end_the_chat(folder):
    terminal = Terminal(folder, "--plain", "--max-tokens", "8")
    os.write(terminal.child.child_fd, b"caf\xe9")
    assert "a message must be text in UTF-8, got other bytes" in terminal.says("")
    terminal.child.sendeof()
    assert terminal.ends() == 0
