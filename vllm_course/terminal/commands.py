"""The commands of the chat. A line that begins with / is one, every other line is a message."""

import difflib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from vllm_course.chat.files import read_conversation, write_conversation
from vllm_course.chat.params import RULES, parse_changes
from vllm_course.chat.texts import check_text
from vllm_course.errors import CourseError
from vllm_course.terminal.turn import dropped, speak

if TYPE_CHECKING:
    from vllm_course.terminal.talk import Chat

EMPTY = '""'
KEYS = [
    ["//...", "a message that begins with /"],
    ["Alt-Enter", "begin another line of a message"],
    ["Ctrl-C", "stop an answer; clear the line; twice: leave"],
    ["Ctrl-D", "leave"],
]


class Command(NamedTuple):
    """A command: what may follow its name, what it does, and the function that does it."""

    takes: str
    meaning: str
    run: "Callable[[Chat, str], None]"


def obey(chat: "Chat", line: str) -> None:
    """Do what a line says: a command, or a message for the model.

    Raises:
        CourseError: The line breaks a rule. Nothing has changed.
    """
    if not line.startswith("/") or line.startswith("//"):
        speak(chat.session, chat.view, chat.session.ask(line[1:] if line.startswith("//") else line))
        return
    name, *rest = line.split(maxsplit=1)  # a system prompt may have several lines
    argument = "".join(rest)
    command = _find(name)
    if argument and not command.takes:
        raise CourseError(f"{name} must stand alone, got {argument!r:.40} behind it. Leave it out.")
    if not argument and command.takes and not command.takes.startswith("["):
        raise CourseError(f"{name} must be given {command.takes}, got nothing. Write it behind the command.")
    command.run(chat, argument)


def _find(name: str) -> Command:
    if name not in COMMANDS:
        close = difflib.get_close_matches(name, COMMANDS, n=1, cutoff=0.5)
        remedy = f"Did you mean {close[0]}?" if close else "Begin with // to send a message that begins with /."
        raise CourseError(f"a command must be one that /help shows, got {name!r}. {remedy}")
    return COMMANDS[name]


def _help(chat: "Chat", _: str) -> None:
    rows = [[f"{name} {command.takes}", command.meaning] for name, command in COMMANDS.items()]
    chat.view.table(["command", "what it does"], [*rows, *KEYS])


def _system(chat: "Chat", text: str) -> None:
    if text:
        chat.session.system = "" if text == EMPTY else check_text(text, name="/system")
    prompt = chat.session.system
    chat.view.line(f"system prompt: {prompt}" if prompt else "no system prompt")


def _reset(chat: "Chat", _: str) -> None:
    count = len(chat.session.turns)
    chat.session.reset()
    chat.view.line(f"{_turns(count)} forgotten" + ("; the system prompt stays" if chat.session.system else ""))


def _retry(chat: "Chat", _: str) -> None:
    draft = chat.session.retry()
    is_greedy = chat.session.params["temperature"] == 0
    chat.view.line(f"(seed {chat.session.seed(draft)}{', which changes nothing at temperature 0' * is_greedy})")
    speak(chat.session, chat.view, draft)


def _continue(chat: "Chat", _: str) -> None:
    speak(chat.session, chat.view, chat.session.go_on())


def _save(chat: "Chat", name: str) -> None:
    write_conversation(Path(name).expanduser(), chat.session.saved(), name="/save")
    chat.view.line(f"{_turns(len(chat.session.turns))} saved to {name}")


def _load(chat: "Chat", name: str) -> None:
    saved = read_conversation(Path(name).expanduser(), name="/load")
    chat.session.take_over(saved)
    loaded(chat, saved.model)


def loaded(chat: "Chat", model: str) -> None:
    """Say what a file brought."""
    session = chat.session
    chat.view.line(f"{_turns(len(session.turns))} loaded" + (f", held with {model}" * (model != session.model)))
    if session.unseen:
        chat.view.line(dropped(session.unseen, session.context))
    if session.messages[-1]["role"] != "assistant":
        chat.view.line("the last question has no answer yet: /retry answers it")


def _params(chat: "Chat", text: str) -> None:
    changes = parse_changes(text)
    chat.session.change(changes)
    rows = [[name, str(chat.session.params[name]).lower(), RULES[name].meaning] for name in changes or RULES]
    chat.view.table(["parameter", "value", "what it does"], rows)


def _history(chat: "Chat", _: str) -> None:
    session = chat.session
    for number, turn in enumerate(session.turns, start=1):
        mark = " (dropped)" * (number <= session.unseen)
        chat.view.line(f"{number}{mark}  " + " | ".join(_short(message["content"]) for message in turn))
    left = f", {session.params['max_tokens']:,} more are kept for the answer"
    chat.view.line(f"{_turns(len(session.turns))}, {session.tokens:,} of {session.context:,} tokens used{left}")


def _quit(chat: "Chat", _: str) -> None:
    chat.leave()


def _turns(count: int) -> str:
    return "1 turn" if count == 1 else f"{count} turns"


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 60 else f"{line[:57]}..."


COMMANDS = {
    "/help": Command("", "show the commands", _help),
    "/system": Command("[TEXT]", f"show or set the system prompt ({EMPTY} for none)", _system),
    "/params": Command("[NAME=VALUE ...]", "show or change sampling parameters", _params),
    "/retry": Command("", "answer the last question again, with the next seed", _retry),
    "/continue": Command("", "go on with an answer that was cut or interrupted", _continue),
    "/history": Command("", "show the turns and how much of the context they use", _history),
    "/reset": Command("", "forget what was said; the system prompt stays", _reset),
    "/save": Command("FILE", "save the conversation; no other kind of file is replaced", _save),
    "/load": Command("FILE", "go on with a saved conversation", _load),
    "/quit": Command("", "leave", _quit),
}
