"""The commands of the chat. A line that begins with / is one, every other line is a message."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from vllm_course.chat.files import read_conversation, write_conversation
from vllm_course.chat.history import count_turns
from vllm_course.chat.messages import check_text
from vllm_course.chat.settings import RULES, parse_changes, with_seed
from vllm_course.errors import CourseError, did_you_mean
from vllm_course.terminal.talk import Chat

if TYPE_CHECKING:
    from vllm_course.chat.conversation import Draft

EMPTY = '""'
T = TypeVar("T")
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
    run: "Callable[[Chat, str], Draft | None]"


def is_command(line: str) -> bool:
    """Return whether a line is a command; // begins a message that begins with /.

    Example:
        >>> is_command("/help"), is_command("//help"), is_command("Help!")
        (True, False, False)
    """
    return line.startswith("/") and not line.startswith("//")


def run_command(chat: "Chat", line: str) -> "Draft | None":
    """Do what a command says.

    Returns:
        What the model is to answer now, for /retry and /continue; None for all others.

    Raises:
        CourseError: The line breaks a rule. Nothing has changed.
    """
    name, *rest = line.split(maxsplit=1)  # a system prompt may have several lines
    argument = "".join(rest)
    command = find(name, COMMANDS)
    if argument and not command.takes:
        raise CourseError(f"{name} must stand alone, got {argument!r:.40} behind it. Leave it out.")
    if not argument and command.takes and not command.takes.startswith("["):
        raise CourseError(f"{name} must be given {command.takes}, got nothing. Write it behind the command.")
    return command.run(chat, argument)


def find(name: str, commands: Mapping[str, T]) -> T:
    """Return the command of that name.

    Raises:
        CourseError: There is none; the remedy names the nearest.
    """
    if name not in commands:
        otherwise = "Begin with // to send a message that begins with /."
        remedy = did_you_mean(name, commands, otherwise=otherwise, cutoff=0.5)
        raise CourseError(f"a command must be one that /help shows, got {name!r:.80}. {remedy}")
    return commands[name]


def _help(chat: Chat, _: str) -> None:
    rows = [[f"{name} {command.takes}", command.meaning] for name, command in COMMANDS.items()]
    chat.view.table(["command", "what it does"], [*rows, *KEYS])


def _system(chat: Chat, text: str) -> None:
    if text:
        chat.conversation.system = "" if text == EMPTY else check_text(text, name="/system")
    prompt = chat.conversation.system
    chat.view.line(f"system prompt: {prompt}" if prompt else "no system prompt")


def _reset(chat: Chat, _: str) -> None:
    forgotten = f"{count_turns(len(chat.conversation.turns))} forgotten"
    chat.conversation.reset()
    chat.view.line(f"{forgotten}; the system prompt stays" if chat.conversation.system else forgotten)


def _retry(chat: Chat, _: str) -> "Draft":
    draft = chat.conversation.retry()
    seed = with_seed(chat.conversation.settings, draft.tries)["seed"]
    is_greedy = chat.conversation.params["temperature"] == 0
    in_vain = ", which changes nothing at temperature 0" if draft.tries > 0 and is_greedy else ""
    chat.view.line(f"(seed {seed}{in_vain})")
    return draft


def _continue(chat: Chat, _: str) -> "Draft":
    return chat.conversation.go_on()


def _save(chat: Chat, name: str) -> None:
    write_conversation(Path(name).expanduser(), chat.conversation.saved(), name="/save")
    chat.view.line(f"{count_turns(len(chat.conversation.turns))} saved to {name}")


def _load(chat: Chat, name: str) -> None:
    saved = read_conversation(Path(name).expanduser(), name="/load")
    chat.conversation.take_over(saved)
    chat.loaded(saved.model)


def _params(chat: Chat, text: str) -> None:
    changes = parse_changes(text)
    chat.conversation.change(changes)
    values = chat.conversation.params
    rows = [[name, str(values[name]).lower(), RULES[name].meaning] for name in changes or RULES]
    chat.view.table(["parameter", "value", "what it does"], rows)


def _history(chat: Chat, _: str) -> None:
    talk = chat.conversation
    for number, (turn, mark) in enumerate(zip(talk.turns, talk.marks, strict=True), start=1):
        label = f"{number} ({mark})" if mark else f"{number}"
        chat.view.line(f"{label}  " + " | ".join(_short(message["content"]) for message in turn))
    used = f"{talk.tokens:,} of {talk.context:,} tokens used"
    left = f"{talk.settings['max_tokens']:,} more are kept for the answer"
    chat.view.line(f"{count_turns(len(talk.turns))}, {used}, {left}")


def _quit(chat: Chat, _: str) -> None:
    chat.leave()


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 60 else f"{line[:57]}..."


COMMANDS = {
    "/help": Command("", "show the commands", _help),
    "/system": Command("[TEXT]", f"show or set the system prompt ({EMPTY} for none)", _system),
    "/params": Command("[NAME=VALUE ...]", "show or change sampling parameters", _params),
    "/retry": Command("", "answer the last question, again with the next seed", _retry),
    "/continue": Command("", "go on with an answer that was cut or interrupted", _continue),
    "/history": Command("", "show the turns and how much of the context they use", _history),
    "/reset": Command("", "forget what was said; the system prompt stays", _reset),
    "/save": Command("FILE", "save the conversation; no other kind of file is replaced", _save),
    "/load": Command("FILE", "go on with a saved conversation", _load),
    "/quit": Command("", "leave", _quit),
}
