"""What the tests of a model behind HTTP share: streams of the stand-in, with calls of tools."""

import json
from typing import Any

from vllm_course.checks_http.replies import Reply

CHAT = "/v1/chat/completions"


def delta(**fields: Any) -> dict[str, Any]:
    """Return a choice that brings a piece."""
    return {"choices": [{"index": 0, "finish_reason": None, "delta": fields}]}


def piece(index: int | None = 0, name: str | None = None, arguments: str | None = None, **more: Any) -> dict[str, Any]:
    """Return a piece of a tool call."""
    function = {"name": name, "arguments": arguments}
    return delta(tool_calls=[{"index": index, "function": function, **more}])


def ends(reason: str) -> dict[str, Any]:
    """Return the last choice."""
    return {"choices": [{"index": 0, "finish_reason": reason, "delta": {}}]}


def stream(*chunks: dict[str, Any] | str, done: bool = True, **more: Any) -> Reply:
    """Return the stream of some chunks."""
    frame = {"id": "1", "object": "chat.completion.chunk", "created": 0, "model": "stand-in"}
    lines = [chunk if isinstance(chunk, str) else json.dumps(frame | chunk) for chunk in chunks]
    return Reply(body=[f"data: {line}\n\n".encode() for line in [*lines, *(["[DONE]"] if done else [])]], **more)


def call(name: str, arguments: Any, *, reason: str = "tool_calls") -> Reply:
    """Return a stream that calls one tool; arguments that are no text are written as JSON."""
    text = arguments if isinstance(arguments, str) else json.dumps(arguments)
    return stream(piece(0, name, "", id="call-1"), piece(0, None, text[:3]), piece(0, None, text[3:]), ends(reason))
