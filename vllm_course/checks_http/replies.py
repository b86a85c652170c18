"""What the stand-in answers where nothing else is told: as vLLM 0.32 does, as far as a client can see it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

GUARDED = "/v1"  # what an API key protects, and nothing else
DEFAULT_TOKENS = 16  # of a completion that does not name max_tokens
ASKED_BY_GET = ("/health", "/ping", "/version", "/load", "/metrics", "/docs", "/openapi.json", "/v1/models")
ASKED_BY_POST = ("/v1/completions", "/v1/chat/completions", "/tokenize", "/detokenize")


@dataclass(frozen=True)
class Reply:
    """An answer over HTTP.

    Attributes:
        status: The status code.
        body: A text as it is, a list of packets that are sent one after the other, anything else as JSON.
        headers: More headers.
        fails: "" for a whole answer; "closed" ends the connection before it, "cut" in the middle of it, "hang" says
            nothing at all, and "trickle" sends a blank now and then, but never the answer.
    """

    status: int = 200
    body: Any = ""
    headers: dict[str, str] = field(default_factory=dict)
    fails: str = ""


@dataclass
class Asked:
    """A request as it arrived.

    Attributes:
        method: "GET" or "POST".
        path: Its path, without a query.
        query: What follows the question mark, "" for nothing.
        headers: Its headers, names in small letters.
        body: What its JSON holds; None where it holds none.
        outlasted: Whether the client was still there when the stand-in had enough of keeping it waiting.
    """

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: Any
    outlasted: bool = False


def error(status: int, message: str, kind: str = "BadRequestError") -> Reply:
    """Return a refusal in vLLM's form."""
    return Reply(status, {"error": {"message": message, "type": kind, "param": None, "code": status}})


def words(asked: dict[str, Any]) -> int:
    """Count the tokens of a prompt or of messages; here each word is one, and a message takes four more.

    Example:
        >>> words({"prompt": "The moon"}), words({"messages": [{"role": "user", "content": "The moon"}]})
        (2, 9)
    """
    if "messages" not in asked:
        return len(str(asked.get("prompt", "")).split())
    return 3 + sum(4 + len(str(message.get("content") or "").split()) for message in asked["messages"])


def refusal(asked: Asked, model: str, context: int) -> Reply | None:
    """Return what vLLM refuses about a request, None for a good one."""
    allowed = {"GET": ASKED_BY_GET, "POST": ASKED_BY_POST}.get(asked.method, ())
    if asked.path not in allowed:
        known = asked.path in ASKED_BY_GET + ASKED_BY_POST
        return Reply(405, {"detail": "Method Not Allowed"}) if known else Reply(404, {"detail": "Not Found"})
    if asked.method == "GET":
        return None
    if not isinstance(asked.body, dict) or not asked.body.keys() & {"messages", "prompt", "tokens"}:
        return error(400, "Field required: messages or prompt, as JSON")
    if asked.path == "/v1/chat/completions" and not isinstance(asked.body.get("messages"), list):
        return error(400, "Field required: messages, a list")
    if asked.body.get("model", model) != model:
        return error(404, f"The model `{asked.body['model']}` does not exist.", "NotFoundError")
    if asked.path.startswith(GUARDED) and words(asked.body) + (asked.body.get("max_tokens") or 1) > context:
        return error(400, f"This model's maximum context length is {context} tokens.")
    return None


def said(asked: Asked, text: str, model: str) -> Reply:
    """Return the answer with a text to a completion or a chat, cut at `max_tokens`, as a stream where asked for."""
    chat, pieces = "chat" in asked.path, text.split(" ")
    most = asked.body.get("max_completion_tokens") or asked.body.get("max_tokens")
    most = most or (len(pieces) if chat else DEFAULT_TOKENS)
    reason = "length" if len(pieces) > most else "stop"
    pieces = [piece if number == 0 else f" {piece}" for number, piece in enumerate(pieces[:most])]
    before, kind = words(asked.body), "chat.completion" if chat else "text_completion"
    usage = {"prompt_tokens": before, "completion_tokens": len(pieces), "total_tokens": before + len(pieces)}
    frame = {"id": "stand-in-1", "object": kind, "created": 0, "model": model}
    if asked.body.get("stream"):
        with_usage = (asked.body.get("stream_options") or {}).get("include_usage")
        events = _events(pieces, reason, chat, frame, usage if with_usage else None)
        return Reply(body=[f"data: {event}\n\n".encode() for event in events])
    whole = "".join(pieces)
    content = {"message": {"role": "assistant", "content": whole, "tool_calls": []}} if chat else {"text": whole}
    choice = {"index": 0, "finish_reason": reason, "logprobs": None, **content}
    return Reply(body={**frame, "choices": [choice], "usage": usage})


def _events(pieces: list[str], reason: str, chat: bool, frame: dict, usage: dict | None) -> Iterator[str]:
    """Yield the data of each event: two words share one, so that events are no tokens."""
    frame = frame | {"object": "chat.completion.chunk" if chat else "text_completion"}

    def event(delta: dict, text: str, ends: str | None) -> str:
        """Return the data of one event."""
        choice = {"index": 0, "finish_reason": ends, "logprobs": None, **({"delta": delta} if chat else {"text": text})}
        return json.dumps({**frame, "choices": [choice]}, ensure_ascii=False)

    if chat:
        yield event({"role": "assistant", "content": ""}, "", None)
    for at in range(0, len(pieces), 2):
        text = "".join(pieces[at : at + 2])
        yield event({"content": text}, text, None)
    yield event({}, "", reason)
    if usage is not None:
        yield json.dumps({**frame, "choices": [], "usage": usage})
    yield "[DONE]"
