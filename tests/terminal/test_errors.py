"""Lesson 03's script answers every wrong input with one line, and loses neither a file nor the conversation."""

import functools
import json
import os
import resource
import signal
from pathlib import Path

import pytest

from tests.completion.cases import refused
from tests.terminal.cases import (
    ANSWER,
    SHORT,
    SYSTEM,
    USER,
    WRONG_FILES,
    WRONG_FOR_THE_MODEL,
    WRONG_INPUT,
    WRONG_LINES,
    WRONG_WORDS,
    new_chat,
    obey,
    saved,
)
from vllm_course import CourseError, models

pytestmark = pytest.mark.usefixtures("one_engine")


@pytest.fixture
def no_engine(monkeypatch):
    """Fail a test that gets as far as loading a model."""
    monkeypatch.setattr(models, "load_model", lambda *_, **__: pytest.fail("the model was loaded"))
    monkeypatch.setattr("vllm_course.chat.models.load_model", models.load_model)


@pytest.fixture
def chat(monkeypatch):
    """Return a chat after one turn, as at the terminal."""
    from vllm_course.chat.files import Saved
    from vllm_course.terminal.view import SilentView

    loaded = Saved("pocket-chat", {"max_tokens": 12}, [dict(SYSTEM), dict(USER), dict(ANSWER)])
    return new_chat(SilentView(apart=False), params={}, loaded=loaded)


def state(chat) -> str:
    talk = chat.conversation
    return json.dumps([talk.messages, talk.params, talk.settings, talk.dropped, talk.system, chat.goes_on])


@pytest.mark.parametrize(("words", "text"), WRONG_WORDS.values(), ids=WRONG_WORDS)
@pytest.mark.usefixtures("no_engine")
def test_wrong_word(tool, words, text):
    refused(tool(*words), code=2, text=text, before={})


@pytest.mark.parametrize(("words", "text"), WRONG_FOR_THE_MODEL.values(), ids=WRONG_FOR_THE_MODEL)
def test_wrong_word_for_the_model(tool, words, text):
    refused(tool(*words), code=2, text=text, before={})


@pytest.mark.parametrize(("content", "text"), WRONG_INPUT.values(), ids=WRONG_INPUT)
@pytest.mark.usefixtures("no_engine")
def test_wrong_standard_input(tool, content, text):
    refused(tool(stdin=content), code=2, text=text, before={})


@pytest.mark.parametrize(("content", "text"), WRONG_FILES.values(), ids=WRONG_FILES)
@pytest.mark.usefixtures("no_engine")
def test_wrong_file(tool, content, text):
    tool.write(chat_json=content)
    file = str(tool.folder / "chat.json")
    refused(tool("--load", file, *SHORT), code=2, text=text, before=tool.files())
    if content:  # and it is not replaced either
        run = tool("--save", file, *SHORT)
        refused(run, code=2, text="--save must be a new file or a whole saved conversation", before=tool.files())


@pytest.mark.usefixtures("no_engine")
@pytest.mark.parametrize("name", ["", "chat.json"])
def test_read_only_place_stays(tool, monkeypatch, name):
    tool.write(chat_json=saved())
    monkeypatch.setattr(os, "access", lambda place, mode: place != tool.folder / name)
    run = tool("--save", str(tool.folder / "chat.json"), *SHORT)
    text = f"--save must be in a place that can be written, got a read-only {tool.folder / name}"
    refused(run, code=2, text=text, before=tool.files())


@pytest.mark.usefixtures("no_engine")
def test_wrong_model_of_the_environment(tool, monkeypatch):
    monkeypatch.setattr("tests.terminal.cases.CHAT_MODEL_VARIABLE", "NOTHING")
    monkeypatch.setenv("VLLM_COURSE_CHAT_MODEL", "pocket-base")
    refused(tool(*SHORT), code=2, text="must have a chat template, got pocket-base", before={})


@pytest.mark.parametrize(
    ("code", "content", "words", "text"),
    [
        (1, None, ["--message", "la " * 2000], "the last message must fit with the system message into 768 tokens"),
        (
            1,
            saved(messages=[USER | {"content": "la " * 2000}]),
            SHORT,
            "the last message must fit with the system message",
        ),
        (
            1,
            saved(params={"max_tokens": 1024}),
            [*SHORT[:2]],
            "max_tokens must be < 1024, the context in tokens, got 1024",
        ),
        (2, saved(params={"repetition_penalty": 1e999}), SHORT, "repetition_penalty must be a finite number, got inf"),
    ],
)
def test_failed_run(tool, code, content, words, text):
    tool.write(**({"chat_json": content} if content else {}))
    load = ["--load", str(tool.folder / "chat.json")] if content else []
    run = tool(*load, *words, "--save", str(tool.folder / "out.json"))
    refused(run, code=code, text=text, before=tool.files())
    assert not (tool.folder / "out.json").exists()


def test_template_that_raises(tool, monkeypatch):
    tokenizer = models.load_model("pocket-chat").get_tokenizer()
    template = "{{ raise_exception('no turn after ' + messages[0].role) }}"
    apply = functools.partial(tokenizer.apply_chat_template, chat_template=template)
    monkeypatch.setattr(tokenizer, "apply_chat_template", apply)
    run = tool(*SHORT)
    refused(run, code=1, text="messages must suit the model's chat template, which says: no turn after user", before={})


def test_model_that_was_loaded_without_a_template(tool, monkeypatch):
    """One of the Hub is not known before."""
    monkeypatch.setattr(models.load_model("pocket-chat").get_tokenizer(), "chat_template", None)
    refused(tool(*SHORT), code=1, text="model must have a chat template", before={})


@pytest.mark.parametrize(("line", "text"), WRONG_LINES.values(), ids=WRONG_LINES)
def test_wrong_line(chat, line, text):
    before = state(chat)
    with pytest.raises(CourseError) as refusal:
        obey(chat, line)
    assert text in str(refusal.value) and "\n" not in str(refusal.value) and state(chat) == before


@pytest.mark.parametrize("line", ["/retry", "/continue", "/save chat.json"])
def test_nothing_was_said_yet(chat, line):
    obey(chat, "/reset")
    with pytest.raises(CourseError, match=r"must be .*got none|must hold at least one turn, got none"):
        obey(chat, line)
    assert len(chat.conversation.messages) == 1


@pytest.mark.parametrize(("content", "text"), WRONG_FILES.values(), ids=WRONG_FILES)
def test_wrong_file_at_the_prompt(chat, tool, content, text):
    tool.write(chat_json=content)
    before = state(chat)
    with pytest.raises(CourseError, match="/load must be a saved conversation, got ") as refusal:
        obey(chat, f"/load {tool.folder}/chat.json")
    assert text in str(refusal.value) and "\n" not in str(refusal.value) and state(chat) == before


def test_a_file_that_does_not_fit_leaves_the_conversation(chat, tool):
    tool.write(chat_json=saved(messages=[USER | {"content": "la " * 2000}], params={"max_tokens": 100}))
    before = state(chat)
    with pytest.raises(CourseError, match="the last message must fit"):
        obey(chat, f"/load {tool.folder}/chat.json")
    assert state(chat) == before


def test_full_disk(chat, tool):
    tool.write(chat_json=saved())
    chat.conversation.system = "x" * 5000
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limit[1]))
    try:
        with pytest.raises(CourseError, match="/save must be a file that can be written, got File too large"):
            obey(chat, f"/save {tool.folder}/chat.json")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert tool.files() == {"chat.json": saved().encode()}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_a_signal_while_the_conversation_is_saved_does_not_stop_it(chat, tool, monkeypatch, number):
    """The end of input and the signal of a closed window come together."""
    replace = Path.replace

    def signalled(file, target):
        signal.raise_signal(number)
        return replace(file, target)

    monkeypatch.setattr(Path, "replace", signalled)
    chat.save = tool.folder / "t.json"
    with chat.kept(also_failed=True):
        chat.leave()
    assert len(json.loads(tool.files()["t.json"])["messages"]) == 3


def test_a_talk_that_fails_is_saved(chat, tool):
    chat.save = tool.folder / "t.json"
    with pytest.raises(OSError), chat.kept(also_failed=True):
        raise OSError(5, "Input/output error")  # the terminal is gone
    assert len(json.loads(tool.files()["t.json"])["messages"]) == 3


def test_leaving_when_the_conversation_cannot_be_saved(chat, tool):
    """The chat goes on, once, so that it can be saved elsewhere."""
    chat.save = tool.folder / "none" / "chat.json"
    with pytest.raises(CourseError, match="--save must be in a folder that is there"):
        chat.leave()
    assert chat.goes_on
    chat.leave()
    assert not chat.goes_on
