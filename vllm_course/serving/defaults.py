"""`max_tokens` as a server's default, which vLLM has no setting for: a small part in front of its routes.

vLLM takes temperature, top_p, top_k and the penalties as defaults, with `--override-generation-config`. Its
`max_new_tokens` there is no default: it is a limit, which also cuts short a request that asks for more. So vLLM's
server is started with `--middleware vllm_course.serving.defaults.MaxTokens`.
"""

import json
import os
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

VARIABLE = "VLLM_COURSE_MAX_TOKENS"
MIDDLEWARE = f"{__name__}.MaxTokens"
# The routes, and the names that a request may have for it; the first one is set.
ROUTES = {
    "/v1/completions": ("max_tokens",),
    "/v1/chat/completions": ("max_tokens", "max_completion_tokens"),
    "/v1/chat/completions/batch": ("max_tokens", "max_completion_tokens"),
    "/v1/responses": ("max_output_tokens",),
}

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]


class MaxTokens:
    """Give a request the default `max_tokens` where it names none; all else passes as it is.

    Args:
        app: What answers the requests.
        tokens: The default; None takes the variable `VLLM_COURSE_MAX_TOKENS`.

    Source:
        The ASGI specification, https://asgi.readthedocs.io.
    """

    def __init__(self, app: Callable[..., Awaitable[None]], tokens: int | None = None) -> None:
        self.app, self.tokens = app, int(os.environ[VARIABLE]) if tokens is None else tokens

    async def __call__(self, scope: Message, receive: Receive, send: Callable[[Message], Awaitable[None]]) -> None:
        """Answer a request."""
        path = scope.get("path", "").removeprefix(scope.get("root_path", ""))
        if scope["type"] == "http" and scope["method"] == "POST" and path in ROUTES:
            receive = _with_default(receive, ROUTES[path], self.tokens)
        await self.app(scope, receive, send)


def _with_default(receive: Receive, names: tuple[str, ...], tokens: int) -> Receive:
    """Return what gives the whole body as one message, and then what comes after it.

    The body is read when it is asked for, so a request without the API key is refused before.
    """

    async def _receive() -> Message:
        body, more = b"", True
        while more:
            message = await receive()
            if message["type"] != "http.request":  # the client has gone
                return message
            body, more = body + message.get("body", b""), message.get("more_body", False)
        return {"type": "http.request", "body": with_default(body, names, tokens), "more_body": False}

    return _receive


def with_default(body: bytes, names: tuple[str, ...], tokens: int) -> bytes:
    """Return the body of a request, with the default where none of the names has a value.

    What is no JSON object is left to vLLM, which says what is wrong with it.

    Example:
        >>> [with_default(body, ("max_tokens",), 64) for body in (b'{"prompt": "Hi"}', b'{"max_tokens":5}')]
        [b'{"prompt": "Hi", "max_tokens": 64}', b'{"max_tokens":5}']
    """
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return body
    if not isinstance(content, dict) or any(content.get(name) is not None for name in names):
        return body
    return json.dumps(content | {names[0]: tokens}).encode()
