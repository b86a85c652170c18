"""What a chat behind a server is asked for, and its commands."""

import argparse

import pytest

from tests.terminal.cases import Lines
from vllm_course.errors import CourseError
from vllm_course.remote.endpoint import Endpoint
from vllm_course.remote.reply import Reply
from vllm_course.tool_chat.asked import HERE, add_options, read_asked
from vllm_course.tool_chat.commands import COMMANDS, obey
from vllm_course.tool_chat.files import VERSION
from vllm_course.tool_chat.talk import ToolChat

SYSTEM = {"role": "system", "content": "Be short."}
USER, ANSWER = {"role": "user", "content": "Hello!"}, {"role": "assistant", "content": "Hi."}


def asked(*words: str):
    """Return what a command line asks for."""
    parser = argparse.ArgumentParser()
    add_options(parser)
    return read_asked(parser.parse_args(["--message", "Hello!", *words]))


def test_the_address_comes_from_the_option_or_the_variable_or_is_this_machine(monkeypatch):
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    assert asked().endpoint.url == HERE
    monkeypatch.setenv("OPENAI_BASE_URL", "http://one:1/v1")
    assert asked().endpoint.url == "http://one:1/v1"
    assert asked("--base-url", "http://two:2/v1/").endpoint.url == "http://two:2/v1"


def test_parameters_that_nobody_gives_are_left_to_the_server():
    assert asked().params == {}
    assert asked("--seed", "0", "--temperature", "0").params == {"temperature": 0, "seed": 0}


@pytest.mark.parametrize(
    ("words", "expected"),
    [((), [SYSTEM, USER, ANSWER]), (("--system", ""), [USER, ANSWER]), (("--system", "x"), ["x", USER, ANSWER])],
)
def test_a_system_prompt_replaces_the_one_that_was_loaded(tmp_path, words, expected):
    file = tmp_path / "talk.json"
    chat(SYSTEM, USER, ANSWER).save(file, name="--save")
    expected = [{"role": "system", "content": one} if isinstance(one, str) else one for one in expected]
    assert asked("--load", str(file), *words).messages == expected


def chat(*messages, **options) -> ToolChat:
    """Return a chat that nobody opened."""
    return ToolChat(Endpoint(HERE, model="m"), None, Lines(), list(messages), **options)


def test_commands_say_what_is_there_and_forget_all_but_the_system_prompt(tmp_path):
    talk = chat(SYSTEM, USER, ANSWER, USER, ANSWER)
    for line in ("/help", "/tools", f"/save {tmp_path / 'a b.json'}", "/new"):
        obey(talk, line)
    assert all(any(line.startswith(name) for line in talk.view.lines) for name in COMMANDS)
    assert talk.view.lines[-1] == "2 turns forgotten; the system prompt stays" and talk.messages == [SYSTEM]
    assert f'"version": {VERSION}' in (tmp_path / "a b.json").read_text()
    obey(talk, "/new")
    assert talk.view.lines[-1].startswith("0 turns forgotten")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("/tolls", "a command must be one that /help shows, got '/tolls'. Did you mean /tools?"),
        ("/x", "got '/x'. Begin with // to send a message that begins with /."),
        ("/new all", "/new must be alone, got 'all'. /help shows how it is written."),
        ("/save", "/save must be followed by FILE, got ''. /help shows how it is written."),
        ("/save none/talk.json", "/save must be in a folder that is there, got none/talk.json"),
    ],
)
def test_a_wrong_command_changes_nothing(line, says):
    talk = chat(USER, ANSWER)
    with pytest.raises(CourseError) as caught:
        obey(talk, line)
    assert says in str(caught.value) and talk.messages == [USER, ANSWER] and talk.view.lines == []


@pytest.mark.parametrize(
    ("reason", "left", "says"),
    [("stop", 5, ""), ("length", 5, "cut at 256 tokens"), ("stop", 0, "last round"), ("stop", 1, "")],
)
def test_what_is_odd_about_an_end_is_said(reason, left, says):
    talk = chat()
    talk.remark(Reply(finish_reason=reason), rounds_left=left)
    assert says in "".join(talk.view.lines) and len(talk.view.lines) == bool(says)


def test_what_fails_is_saved_at_the_terminal_only(tmp_path):
    for also_failed in (False, True):
        file = tmp_path / f"{also_failed}.json"
        with pytest.raises(KeyError), chat(USER, ANSWER).kept(file, also_failed=also_failed):
            raise KeyError
        assert file.exists() is also_failed
    with chat(USER, ANSWER).kept(tmp_path / "done.json", also_failed=False):
        pass
    with chat().kept(tmp_path / "empty.json", also_failed=True):
        pass
    assert (tmp_path / "done.json").exists() and not (tmp_path / "empty.json").exists()
