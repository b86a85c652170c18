"""`ToolChat`: what a chat with tools has at hand. The loop itself is in the lesson's script."""

import contextlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vllm_course.chat.history import Fitted, count_turns
from vllm_course.chat.settings import LONGEST, check_length
from vllm_course.files import write
from vllm_course.remote.endpoint import Endpoint
from vllm_course.remote.history import fit_messages
from vllm_course.remote.reply import Call, Reply
from vllm_course.terminal.line import told_to_leave
from vllm_course.terminal.view import View
from vllm_course.tool_chat.files import VERSION, check_save
from vllm_course.toolbox.config import McpConfig
from vllm_course.toolbox.confirming import visible
from vllm_course.toolbox.schemas import Tool
from vllm_course.toolbox.servers import Toolbox

SHORT = 300  # characters of a result that the user sees
RESULT_TOKENS = 1000  # of a tool's result, and at most a quarter of the context
JSON_ONLY = "pocket"  # the course's models have only seen results as one line of JSON


@dataclass
class ToolChat:
    """A conversation with a model behind a server, and its tools.

    Attributes:
        endpoint: The model.
        toolbox: The tools, None for none.
        view: Where answers appear.
        messages: What was said, without the question that is being answered.
        params: Sampling parameters that the user gave; the server's count for all others.
        dropped: How many old turns the model does not see any more.
    """

    endpoint: Endpoint
    toolbox: Toolbox | None
    view: View
    messages: list[dict[str, Any]] = field(default_factory=list)
    params: dict[str, Any] = field(default_factory=dict)
    dropped: int = 0

    @classmethod
    async def open(
        cls,
        endpoint: Endpoint,
        config: McpConfig | None,
        view: View,
        messages: list[dict[str, Any]],
        params: dict[str, Any] | None = None,
    ) -> "ToolChat":
        """Find the model and start the servers of the tools, all or none.

        Raises:
            CourseError: The server or a tool's server is not there, or `max_tokens` does not suit the model.
        """
        await endpoint.open()
        try:
            if endpoint.context and params and "max_tokens" in params:
                check_length(params["max_tokens"], endpoint.context, name="--max-tokens")
            toolbox = await Toolbox(config).open() if config else None
        except BaseException:
            await endpoint.aclose()
            raise
        return cls(endpoint, toolbox, view, messages, params or {})

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
        return self.params.get("max_tokens") or min(LONGEST, (self.endpoint.context or 2 * LONGEST) // 2)

    @property
    def options(self) -> dict[str, Any]:
        """What a request says beside messages and tools."""
        return self.params | {"max_tokens": self.max_tokens}

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

    def remark(self, reply: Reply, *, rounds_left: int) -> None:
        """Say what is odd about the end of an answer."""
        if reply.finish_reason == "length":
            self.view.line(f"(cut at {self.max_tokens} tokens: --max-tokens allows more)")
        if not rounds_left:
            self.view.line("(after the last round of calls it had to answer without tools: --max-rounds allows more)")

    def greet(self) -> None:
        """Say what model and which tools there are, and what the user should know about the tools."""
        asks = [tool.name for tool in self.tools.values() if not tool.read_only]
        self.view.line(f"{self.endpoint.model} at {self.endpoint.url}. /help shows the commands, Ctrl-D leaves.")
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

    @contextlib.contextmanager
    def kept(self, file: Path | None, *, also_failed: bool) -> Iterator[None]:
        """Save to a file at the end of the block, or where the user's window is closed.

        Args:
            file: Where to; None for nowhere.
            also_failed: Whether what was said before is saved where the block fails.
        """
        done = False
        try:
            yield
            done = True
        finally:
            if file and self.messages and (done or also_failed or told_to_leave.is_set()):
                self.save(file, name="--save")

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
