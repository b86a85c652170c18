"""`Reply`: an answer of the model, collected from the pieces of a stream."""

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from openai.types.chat import ChatCompletionChunk
    from openai.types.chat.chat_completion_chunk import ChoiceDeltaToolCall


@dataclass
class Call:
    """A call of a tool, as the model wrote it.

    Attributes:
        id: The name of this call, by which its result is known.
        name: The tool.
        arguments: What should be a JSON object, as text: the model may have written anything.
    """

    id: str
    name: str = ""
    arguments: str = ""


@dataclass
class Reply:
    """An answer so far.

    Attributes:
        text: What the model says.
        reasoning: What it thought before, where the server has a parser for that.
        calls: The tools that it calls, in their order.
        finish_reason: `stop`, `tool_calls`, or `length` (cut at `max_tokens`); None while it grows.
        prompt_tokens: Length of the prompt, where the server says so.
        output_tokens: Tokens that were generated, where the server says so.
    """

    text: str = ""
    reasoning: str = ""
    finish_reason: str | None = None
    prompt_tokens: int | None = None
    output_tokens: int | None = None
    _calls: dict[int, Call] = field(default_factory=dict)

    @property
    def calls(self) -> list[Call]:
        """The calls in their order."""
        return [self._calls[index] for index in sorted(self._calls)]

    @property
    def message(self) -> dict[str, Any]:
        """The answer as a message for the next request.

        Arguments that are no JSON object are left out: a chat template takes an object. vLLM makes an empty one of
        another text, and other servers refuse it.
        """
        said: dict[str, Any] = {"role": "assistant", "content": self.text}
        if self.calls:
            said["tool_calls"] = [_as_message(call) for call in self.calls]
        return said

    @property
    def summary(self) -> dict[str, Any]:
        """What a program may want to know about the answer."""
        names = ("text", "reasoning", "finish_reason", "prompt_tokens", "output_tokens")
        return {name: getattr(self, name) for name in names}

    def add(self, chunk: "ChatCompletionChunk") -> None:
        """Add a piece of the stream."""
        if chunk.usage is not None:  # the last piece, without choices
            self.prompt_tokens, self.output_tokens = chunk.usage.prompt_tokens, chunk.usage.completion_tokens
        if not chunk.choices:
            return
        delta = chunk.choices[0].delta
        self.finish_reason = chunk.choices[0].finish_reason or self.finish_reason
        if delta is None:
            return
        self.text += delta.content or ""
        self.reasoning += getattr(delta, "reasoning", None) or getattr(delta, "reasoning_content", None) or ""
        for piece in delta.tool_calls or []:
            self._add_call(piece)

    def drop_calls(self) -> None:
        """Forget the calls, which nobody is going to run."""
        self._calls.clear()

    def _add_call(self, piece: "ChoiceDeltaToolCall") -> None:
        """Add a piece of a call: the first brings the name, the others more of the arguments.

        Some servers leave out the number of the call, or its id.
        """
        last = max(self._calls, default=-1)
        index = piece.index
        if index is None:
            index = last + 1 if piece.id or last < 0 else last
        call = self._calls.setdefault(index, Call(piece.id or f"call_{index}"))
        if piece.function is not None:
            call.name = call.name or piece.function.name or ""
            call.arguments += piece.function.arguments or ""


def read_arguments(text: str) -> dict[str, Any] | None:
    """Return the arguments of a call, None where they are no JSON object; no text at all means no arguments.

    Example:
        >>> read_arguments('{"city": "Oslo"}'), read_arguments('"Oslo"'), read_arguments("")
        ({'city': 'Oslo'}, None, {})
    """
    try:
        found = json.loads(text or "{}", parse_constant=_refuse)
        json.dumps(found, ensure_ascii=False).encode()  # half a character cannot be sent on
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _as_message(call: Call) -> dict[str, Any]:
    arguments = call.arguments if read_arguments(call.arguments) is not None else ""
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": arguments or "{}"}}


def _refuse(constant: str) -> None:
    """Refuse NaN and Infinity, which Python reads and JSON does not have."""
    raise ValueError(constant)
