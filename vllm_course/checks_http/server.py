"""The stand-in itself: a small HTTP server on 127.0.0.1, started and stopped by a check."""

import contextlib
import json
import select
import socket
import threading
import time
from collections.abc import Callable, Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from vllm_course.checks_http.replies import GUARDED, Asked, Reply, refusal, said, words

MOST = 60  # requests, after which nothing fails any more: so an answer that tries again for ever comes to an end
PAUSE = 0.02  # real seconds between two signs of life


class StandIn:
    """Speaks HTTP as a vLLM server does, in a block.

    Args:
        says: The text that the model says, or a function that makes it from a request's body.
        model: The name of the model.
        context: Its longest context; here each word is a token.
        script: By path, what the next requests get in place of the usual answer, in their order.
        key: The API key, which guards what begins with `/v1`; None for no key.
        guards: What the key guards, for a server that is no plain vLLM.
        metrics: What `/metrics` says.
        openapi: What `/openapi.json` says.
        split: Makes the packets of a stream from its events.
        until: An event for which a stream waits after the first word.
        together: How many completions must run at the same time before any is answered.
        patience: Real seconds that it keeps a client waiting, and waits itself: a right client gives up long before.

    Attributes:
        asked: The requests so far, in their order.
        connections: What the requests came over.
        most_at_once: The largest number of completions that ran at the same time.
        waited_in_vain: Whether `until` or `together` did not come.

    Example:
        >>> import urllib.request
        >>> with StandIn() as server:
        ...     status = urllib.request.urlopen(f"{server.url}/health").status
        >>> status, server.asked[0].path
        (200, '/health')
    """

    def __init__(
        self,
        says: str | Callable[[dict], str] = "I am a stand-in.",
        *,
        model: str = "stand-in",
        context: int = 1024,
        script: dict[str, Iterable[Reply]] | None = None,
        key: str | None = None,
        guards: str = GUARDED,
        metrics: str = "",
        openapi: dict[str, Any] | None = None,
        split: Callable[[list[bytes]], list[bytes]] = list,
        until: threading.Event | None = None,
        together: int = 1,
        patience: float = 3.0,
    ) -> None:
        self.says, self.model, self.context, self.key, self.guards = says, model, context, key, guards
        self.script = {path: iter(replies) for path, replies in (script or {}).items()}
        self.texts = {"/metrics": metrics, "/openapi.json": openapi or {}, "/version": {"version": "0.32.0"}}
        self.split, self.until, self.patience, self.over = split, until, patience, threading.Event()
        self.asked: list[Asked] = []
        self.connections: list[socket.socket] = []
        self.most_at_once, self.at_once, self.waited_in_vain = 0, 0, False
        self._lock, self._barrier = threading.Lock(), threading.Barrier(together)

    def __enter__(self) -> "StandIn":
        """Listen on a free port."""
        self._server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"stand_in": self}))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(PAUSE,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        """Let go of all clients, and of the port."""
        self.over.set()
        self._barrier.abort()
        self._server.shutdown()
        for connection in self.connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._server.server_close()

    @property
    def url(self) -> str:
        """Where it is, for example `http://127.0.0.1:41234`."""
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def base_url(self) -> str:
        """What a client of OpenAI's API is given."""
        return f"{self.url}/v1"

    def of(self, path: str) -> list[Asked]:
        """Return the requests for a path."""
        return [one for one in self.asked if one.path == path]

    def reply(self, asked: Asked) -> Reply:
        """Note a request, and return what it gets."""
        with self._lock:
            self.asked.append(asked)
            told = next(self.script.get(asked.path, iter(())), None) if len(self.asked) <= MOST else None
        shown = asked.headers.get("authorization") == f"Bearer {self.key}"
        if self.key and asked.path.startswith(self.guards) and not shown:
            return Reply(401, {"error": "Unauthorized"})
        if told or (told := refusal(asked, self.model, self.context)):
            return told
        if asked.path == "/tokenize":
            count = words(asked.body)
            return Reply(body={"count": count, "max_model_len": self.context, "tokens": [*range(count)]})
        if asked.path == "/v1/models":
            card = {"id": self.model, "object": "model", "max_model_len": self.context, "owned_by": "vllm"}
            return Reply(body={"object": "list", "data": [card]})
        if not asked.path.startswith(GUARDED):
            return Reply(body=self.texts.get(asked.path, ""))
        self._beside_others()
        return said(asked, self.says(asked.body) if callable(self.says) else self.says, self.model)

    def _beside_others(self) -> None:
        """Count a completion that runs, and wait for those that are to run at the same time."""
        with self._lock:
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            self._barrier.wait(self.patience)
        except threading.BrokenBarrierError:
            self.waited_in_vain = True
        with self._lock:
            self.at_once -= 1


class _Server(ThreadingHTTPServer):
    daemon_threads, block_on_close, request_queue_size = True, False, 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a client may leave at any time."""


class _Handler(BaseHTTPRequestHandler):
    stand_in: StandIn
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # a header and a body are two packets, which would wait for each other

    def setup(self) -> None:
        """Note the connection, which a client may keep."""
        super().setup()
        self.stand_in.connections.append(self.connection)

    def log_message(self, *said: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        """Answer."""
        path, _, query = self.path.partition("?")
        headers = {name.lower(): value for name, value in self.headers.items()}
        text = self.rfile.read(int(headers.get("content-length", 0)))
        with contextlib.suppress(ValueError):
            text = json.loads(text)
        asked = Asked(self.command, path, query, headers, None if isinstance(text, bytes) else text)
        self._send(asked, self.stand_in.reply(asked))

    do_POST = do_PUT = do_DELETE = do_HEAD = do_GET

    def _send(self, asked: Asked, reply: Reply) -> None:
        streamed, body = isinstance(reply.body, list), reply.body
        if not streamed:
            body = (body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)).encode()
        if reply.fails == "hang":
            return self._keep_waiting(asked, lambda: None)
        if reply.fails == "closed":
            self.close_connection = True
            return None
        kind = "text/event-stream" if streamed else "text/plain" if isinstance(reply.body, str) else "application/json"
        chunked = streamed or reply.fails == "trickle"
        length = ("Transfer-Encoding", "chunked") if chunked else ("Content-Length", len(body))
        self.send_response(reply.status)
        for name, value in [("Content-Type", f"{kind}; charset=utf-8"), length, *reply.headers.items()]:
            self.send_header(name, str(value))
        self.end_headers()
        if self.command == "HEAD":
            return None
        if reply.fails == "trickle":
            return self._keep_waiting(asked, lambda: self._packet(b" "))
        if streamed:
            return self._stream(reply)
        self.close_connection = self.close_connection or reply.fails == "cut"
        self.wfile.write(body[: len(body) // 2] if reply.fails == "cut" else body)
        return None

    def _stream(self, reply: Reply) -> None:
        server = self.stand_in
        packets = server.split(reply.body)
        for number, packet in enumerate(packets[: len(packets) // 2] if reply.fails == "cut" else packets):
            if number == 2 and server.until is not None and not server.until.wait(server.patience):
                server.waited_in_vain = True
            self._packet(packet)
        if reply.fails == "cut":
            self.close_connection = True
        else:
            self._packet(b"")

    def _packet(self, packet: bytes) -> None:
        self.wfile.write(f"{len(packet):x}\r\n".encode() + packet + b"\r\n")

    def _keep_waiting(self, asked: Asked, sign_of_life: Callable[[], None]) -> None:
        self.close_connection, end = True, time.monotonic() + self.stand_in.patience
        while time.monotonic() < end:
            sign_of_life()
            left, _, _ = select.select([self.connection], [], [], PAUSE)
            if left or self.stand_in.over.is_set():
                return
        asked.outlasted = True
