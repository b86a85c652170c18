"""The commands of a chat with tools."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from vllm_course.chat.history import count_turns, turns_of
from vllm_course.errors import CourseError
from vllm_course.terminal.commands import find
from vllm_course.tool_chat.talk import ToolChat
from vllm_course.toolbox.confirming import visible


class Command(NamedTuple):
    """A command: what follows its name, what it does, and the function that does it."""

    takes: str
    meaning: str
    run: Callable[[ToolChat, str], None]


def obey(chat: ToolChat, line: str) -> None:
    """Do what a command says.

    Raises:
        CourseError: There is none of that name, or what follows it is missing or too much. Nothing has changed.
    """
    name, *rest = line.split(maxsplit=1)
    command, argument = find(name, COMMANDS), "".join(rest)
    if bool(argument) != bool(command.takes):
        rule = f"be followed by {command.takes}" if command.takes else "be alone"
        raise CourseError(f"{name} must {rule}, got {argument!r:.40}. /help shows how it is written.")
    command.run(chat, argument)


def _help(chat: ToolChat, _: str) -> None:
    rows = [[f"{name} {command.takes}".strip(), command.meaning] for name, command in COMMANDS.items()]
    chat.view.table(["command", "what it does"], [*rows, ["Ctrl-C", "stop an answer"], ["Ctrl-D", "leave"]])


def _tools(chat: ToolChat, _: str) -> None:
    rows = [
        [tool.name, tool.server, "no" if tool.read_only else "yes", visible(tool.description)]
        for tool in chat.tools.values()
    ]
    chat.view.table(["tool", "server", "asks you", "what it does"], rows)


def _new(chat: ToolChat, _: str) -> None:
    system = [message for message in chat.messages[:1] if message["role"] == "system"]
    forgotten = len(turns_of(chat.messages[len(system) :]))
    chat.messages, chat.dropped = system, 0
    chat.view.line(f"{count_turns(forgotten)} forgotten{'; the system prompt stays' if system else ''}")


def _save(chat: ToolChat, name: str) -> None:
    chat.save(Path(name).expanduser(), name="/save")
    chat.view.line(f"saved to {name}")


COMMANDS = {
    "/help": Command("", "show the commands", _help),
    "/tools": Command("", "show the tools, and before which you are asked", _tools),
    "/new": Command("", "begin a new conversation", _new),
    "/save": Command("FILE", "write the conversation to a file", _save),
}
