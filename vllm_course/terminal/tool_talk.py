"""`ToolChat`: what a chat with tools has at hand. The loop itself is in the lesson's script."""

import contextlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vllm_course.chat.files import WHAT
from vllm_course.chat.history import Fitted, count_turns
from vllm_course.chat.messages import check_messages
from vllm_course.chat.settings import LONGEST
from vllm_course.errors import CourseError
from vllm_course.files import check_place, damaged, misfit, read_json, write
from vllm_course.remote.endpoint import Endpoint
from vllm_course.remote.history import fit_messages
from vllm_course.remote.reply import Call
from vllm_course.terminal.view import View
from vllm_course.toolbox.config import McpConfig
from vllm_course.toolbox.confirming import visible
from vllm_course.toolbox.schemas import Tool
from vllm_course.toolbox.servers import Toolbox

SHORT = 300  # characters of a result that the user sees
RESULT_TOKENS = 1000  # of a tool's result, and at most a quarter of the context
SHAPE = {"version": int, "model": str, "messages": list}
VERSION = 1
KEYS = ("role", "content", "tool_calls", "tool_call_id")
JSON_ONLY = "pocket"  # the course's models have only seen results as one line of JSON


@dataclass
class ToolChat:
    """A conversation with a model behind a server, and its tools.

    Attributes:
        endpoint: The model.
        toolbox: The tools, None for none.
        view: Where answers appear.
        messages: What was said, without the question that is being answered.
        dropped: How many old turns the model does not see any more.
    """

    endpoint: Endpoint
    toolbox: Toolbox | None
    view: View
    messages: list[dict[str, Any]] = field(default_factory=list)
    dropped: int = 0

    @classmethod
    async def open(
        cls, endpoint: Endpoint, config: McpConfig | None, view: View, messages: list[dict[str, Any]]
    ) -> "ToolChat":
        """Find the model and start the servers of the tools, all or none."""
        await endpoint.open()
        try:
            toolbox = await Toolbox(config).open() if config else None
        except BaseException:
            await endpoint.aclose()
            raise
        return cls(endpoint, toolbox, view, messages)

    @property
    def tools(self) -> dict[str, Tool]:
        """The tools by name."""
        return self.toolbox.tools if self.toolbox else {}

    @property
    def schemas(self) -> list[dict[str, Any]] | None:
        """The tools as a request lists them, None for none."""
        return (self.toolbox.schemas or None) if self.toolbox else None

    @property
    def max_tokens(self) -> int:
        """Tokens of the longest answer."""
        return min(LONGEST, (self.endpoint.context or 2 * LONGEST) // 2)

    @property
    def result_tokens(self) -> int:
        """Tokens that a tool's result may take."""
        return min(RESULT_TOKENS, (self.endpoint.context or 4 * RESULT_TOKENS) // 4)

    @property
    def one_line(self) -> bool:
        """Whether results must be one line of JSON."""
        return JSON_ONLY in self.endpoint.model

    async def fit(self, said: list[dict[str, Any]]) -> Fitted:
        """Return the conversation with what is said now, as far as it fits."""
        fitted = await fit_messages(self.endpoint, self.messages + said, room=self.max_tokens, tools=self.schemas)
        if fitted.dropped > self.dropped:
            self.view.line(f"({count_turns(fitted.dropped)} dropped: it must fit into {self.endpoint.context} tokens)")
            self.dropped = fitted.dropped
        return fitted

    @contextlib.contextmanager
    def shown(self) -> Iterator[Callable[[str], None]]:
        """Show an answer that grows; one that only calls tools has no text, and shows nothing."""
        with contextlib.ExitStack() as stack:
            show = None

            def grow(text: str) -> None:
                nonlocal show
                if text and show is None:
                    show = stack.enter_context(self.view.answer())
                if text:
                    show(text)

            yield grow

    def show_call(self, call: Call, content: str) -> None:
        """Show that a tool was called, and the beginning of what the model is told."""
        more = "" if len(content) <= SHORT else " ..."
        text = visible(f"{call.name[:SHORT]}({call.arguments[:SHORT]}) -> {content[:SHORT]}")
        self.view.line(f"[{text}{more}]")

    def greet(self) -> None:
        """Say what model and which tools there are, and what the user should know about the tools."""
        asks = [tool.name for tool in self.tools.values() if not tool.read_only]
        self.view.line(f"{self.endpoint.model} at {self.endpoint.url}. Ctrl-C stops an answer, Ctrl-D leaves.")
        if self.tools:
            self.view.line(f"Tools: {', '.join(self.tools)}. You are asked before: {', '.join(asks) or 'none'}.")
        self.notes()

    def notes(self) -> None:
        """Say what the user should know about the tools."""
        for note in self.toolbox.notes if self.toolbox else []:
            self.view.line(f"({visible(note)})")

    async def aclose(self) -> None:
        """Close the servers of the tools, and the connection."""
        if self.toolbox:
            await self.toolbox.aclose()
        await self.endpoint.aclose()

    def as_content(self) -> dict[str, Any]:
        """Return what a file of this conversation holds."""
        return {"version": VERSION, "model": self.endpoint.model, "messages": self.messages}

    def save(self, file: Path, *, name: str) -> None:
        """Write the conversation as a whole or not at all.

        Raises:
            CourseError: It cannot be written. What was there stays.
        """
        check_save(file, name=name)
        write(file, json.dumps(self.as_content(), indent=2, ensure_ascii=False), name=name)


def check_save(file: Path, *, name: str) -> None:
    """Refuse a place where no conversation should be written.

    Raises:
        UsageError: The folder is missing, or what lies there is no saved conversation.
    """
    check_place(file, name=name)
    if file.exists() and file.stat().st_size:
        read_talk(file, name=name)


def read_talk(file: Path, *, name: str) -> list[dict[str, Any]]:
    """Read the messages of a saved conversation, calls and results of tools among them.

    Raises:
        UsageError: The file cannot be read, or breaks a rule.
    """
    content = read_json(file, name=name, what=WHAT)
    if reason := misfit(content, SHAPE):
        raise damaged(file, f"{reason}.", name=name, what=WHAT)
    try:
        for index, message in enumerate(check_messages(content["messages"])):
            if unknown := next((key for key in message if key not in KEYS), None):
                raise CourseError(f"messages[{index}] must hold {', '.join(KEYS)} alone, got {unknown!r}.")
    except CourseError as error:
        raise damaged(file, str(error), name=name, what=WHAT) from None
    return content["messages"]
