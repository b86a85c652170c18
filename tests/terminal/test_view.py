"""What lesson 03's script draws, and what it takes from the keyboard, without a model."""

import io
import os

import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput


def drawn(text: str, *, width: int = 60) -> list[str]:
    """Return the lines that a terminal shows."""
    from rich.console import Console

    from vllm_course.terminal.view import markdown

    console = Console(file=io.StringIO(), width=width, force_terminal=True, color_system=None)
    console.print(markdown(text))
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("The capital of France is Paris.", ["The capital of France is Paris."]),
        ("one\ntwo", ["one", "two"]),
        ('<tool_call>{"name": "add"}</tool_call>', ['<tool_call>{"name": "add"}</tool_call>']),
        ("<b>bold</b> [red]text[/red] :smile:", ["<b>bold</b> [red]text[/red] :smile:"]),
        ("see [this](https://a.b/c)", ["see this (https://a.b/c)"]),
        ("clear \x1b[2J\x07 the screen", ["clear \ufffd[2J\ufffd the screen"]),
        ("", []),
    ],
)
def test_markdown(text, lines):
    assert drawn(text) == lines


def test_lists_and_code_are_drawn_as_such():
    found = drawn("Three tips:\n\n1. **Taste** it.\n2. **Wait**.\n\n```python\nprint(1)\n```")
    assert "".join(found[2]).strip() == "1 Taste it." and any(line.strip() == "print(1)" for line in found)


def test_long_lines_are_wrapped_between_words():
    found = drawn("word " * 40)
    assert len(found) == 4 and all(len(line) <= 60 and line.startswith("word") for line in found)


def test_what_a_growing_answer_shows_is_its_end(monkeypatch):
    from rich.console import Console

    from vllm_course.terminal.view import MarkdownView

    view = MarkdownView(apart=False)
    view._console = Console(file=io.StringIO(), width=40, height=10)
    text = "\n\n".join(f"line {number}" for number in range(30))
    view._console.print(view._end_of(text))
    shown = [line for line in view._console.file.getvalue().split("\n") if line.strip()]
    assert "line 29" in shown[-1] and "line 0" not in shown and len(shown) < 10


@pytest.mark.parametrize(
    ("terminal", "variables", "plain", "expected"),
    [
        (True, {}, False, "MarkdownView"),
        (True, {}, True, "View"),
        (False, {}, False, "View"),
        (True, {"NO_COLOR": "1"}, False, "View"),
        (True, {"NO_COLOR": ""}, False, "MarkdownView"),
        (True, {"TERM": "dumb"}, False, "View"),
    ],
)
def test_which_view(monkeypatch, terminal, variables, plain, expected):
    from vllm_course.terminal.view import choose_view

    monkeypatch.delenv("NO_COLOR", raising=False)
    for name, value in ({"TERM": "xterm-256color"} | variables).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.stdout.isatty", lambda: terminal)
    assert type(choose_view(plain=plain, silent=False, apart=False)).__name__ == expected


def test_plain_answers_come_in_pieces(capsys):
    from vllm_course.terminal.view import View

    with View(apart=True).answer() as show:
        for text in ("", "Hel", "Hello\x1b", "Hello\x1b."):
            show(text)
    assert capsys.readouterr().out == "Hello\ufffd.\n"


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("/h", ["/help", "/history"]),
        ("/q", ["/quit"]),
        ("h", []),
        ("/help ", []),
        ("x /h", []),
        ("/load chat.j", ["son"]),
    ],
)
def test_completion(typed, offered, tmp_path, monkeypatch):
    from vllm_course.terminal.commands import COMMANDS
    from vllm_course.terminal.line import Commands

    (tmp_path / "chat.json").touch()
    monkeypatch.chdir(tmp_path)
    found = Commands(COMMANDS).get_completions(Document(typed), CompleteEvent(text_inserted=True))
    assert [completion.text for completion in found] == offered


@pytest.mark.parametrize(
    ("keys", "read", "presses"),
    [
        ("Hello!\r", "Hello!", 0),
        ("\r  \rHello! \r", "Hello!", 0),
        ("\x04", None, 0),
        ("\x03\x03", None, 1),
        ("a\x03\x03", None, 1),
        ("a\x03b\x03\x04", None, 2),
        ("a\x03b\r", "b", 1),
        ("a\x1b\rb\r", "a\nb", 0),
    ],
)
def test_keys_at_the_prompt(keys, read, presses):
    from vllm_course.terminal.line import Prompt

    pressed = []
    with create_pipe_input() as given, create_app_session(input=given, output=DummyOutput()):
        given.send_text(keys)
        assert Prompt([]).read(on_ctrl_c=lambda: pressed.append(1)) == read
    assert len(pressed) == presses


def test_lines_are_remembered_in_a_private_file(empty_progress):
    from vllm_course.terminal.line import HISTORY, kept_history

    history, note = kept_history()
    history.store_string("Hello!")
    assert note == "" and list(kept_history()[0].load_history_strings()) == ["Hello!"]
    assert (empty_progress / HISTORY).stat().st_mode & 0o777 == 0o600


def test_lines_are_remembered_in_memory_where_no_file_can_be(empty_progress, monkeypatch):
    from vllm_course.terminal.line import HISTORY, kept_history

    (empty_progress / HISTORY).mkdir()
    history, note = kept_history()
    history.store_string("Hello!")
    assert note.startswith("(lines are remembered until you leave: Is a directory")
    monkeypatch.setenv("VLLM_COURSE_HOME", "relative")
    assert "VLLM_COURSE_HOME must be an absolute path" in kept_history()[1]


def test_a_full_disk_does_not_stop_the_prompt(empty_progress, monkeypatch):
    from vllm_course.terminal.line import HISTORY, kept_history

    history, _ = kept_history()
    os.remove(empty_progress / HISTORY)
    (empty_progress / HISTORY).symlink_to("/dev/full")
    history.append_string("Hello!")
    assert history.get_strings() == ["Hello!"]
