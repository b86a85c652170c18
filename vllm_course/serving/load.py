"""Put a load on a server: some clients send prompts at once, and each request is timed."""

import asyncio
import collections
import json
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from vllm_course.errors import CourseError

if TYPE_CHECKING:
    import httpx
    import pandas as pd

    from vllm_course.serving.client import Server

CUT = "cut"  # the status of an answer that ends too early


@dataclass
class Request:
    """A row of the table: one request, with times in seconds."""

    client: int
    start: float
    ttft: float | None = None
    seconds: float | None = None
    tokens: int = 0
    status: int | str = CUT


def load(
    server: "Server", prompts: Iterable[str | list[dict[str, Any]]], *, clients: int, **params: Any
) -> "pd.DataFrame":
    """Send prompts from several clients at once. Each takes the next prompt as soon as its last one is answered.

    Args:
        server: A running server.
        prompts: Texts to complete, or lists of messages to answer.
        clients: How many requests are on their way at the same time, at most.
        **params: What each request asks for, as in the body: `max_tokens=64`, `temperature=0`.

    Returns:
        One row a request, in the order of the prompts:

        - `client`: the number of the client that sent it, from 0.
        - `start`: seconds from the beginning of the load to the request.
        - `ttft`: seconds to the first text, missing where none came.
        - `seconds`: seconds to the end of the answer, or to the failure.
        - `tokens`: tokens that were generated, as the server counts them.
        - `status`: 200 for a whole answer, another number for one that was refused, and a word for one that failed on
          its way: the error's name, or "cut".

    Raises:
        CourseError: `clients` is below 1.
    """
    import pandas as pd

    if clients < 1:
        raise CourseError(f"clients must be >= 1, got {clients}. Pass 1 for one request after the other.")
    rows = _in_a_thread(_Load(server, prompts, params), clients)
    return pd.DataFrame([asdict(row) for row in rows], columns=list(Request.__dataclass_fields__))


class _Load:
    """The prompts that are left, and the requests so far."""

    def __init__(self, server: "Server", prompts: Iterable, params: dict[str, Any]) -> None:
        self._server, self._params = server, params
        self._left = collections.deque(prompts)
        self._rows: list[Request] = []
        self._begin = time.perf_counter()
        self._task: asyncio.Task | None = None

    async def run(self, clients: int) -> list[Request]:
        import httpx

        self._task = asyncio.current_task()
        limits = httpx.Limits(max_connections=None)
        options = {"headers": self._server.http.headers, "timeout": None, "limits": limits, "trust_env": False}
        async with httpx.AsyncClient(base_url=self._server.url, **options) as http:
            await asyncio.gather(*(self._client(http, number) for number in range(clients)))
        return self._rows

    def cancel(self) -> None:
        """End what runs, from another thread, and send nothing more."""
        self._left.clear()
        if self._task and not self._task.done():
            self._task.get_loop().call_soon_threadsafe(self._task.cancel)

    async def _client(self, http: "httpx.AsyncClient", number: int) -> None:
        import httpx

        while self._left:
            prompt, row = self._left.popleft(), Request(number, self._now())
            self._rows.append(row)
            try:
                row.status = await self._send(http, prompt, row)
            except httpx.HTTPError as error:
                row.status = type(error).__name__
            row.seconds = self._now() - row.start

    async def _send(self, http: "httpx.AsyncClient", prompt: str | list, row: Request) -> int | str:
        """Send a request, note what comes, and return how it ended."""
        path, asked = ("completions", "prompt") if isinstance(prompt, str) else ("chat/completions", "messages")
        body = {"model": self._server.model, asked: prompt, "stream": True, "stream_options": {"include_usage": True}}
        async with http.stream("POST", f"/v1/{path}", json=body | self._params) as answer:
            if answer.status_code != 200:
                return answer.status_code
            ended: int | str = CUT
            async for line in answer.aiter_lines():  # to the last one: httpx cannot close a stream that was left early
                if line == "data: [DONE]":
                    ended = 200 if ended == CUT else ended
                elif line.startswith("data: "):
                    event = json.loads(line.removeprefix("data: "))
                    ended = event["error"]["code"] if "error" in event else ended
                    self._note(event, row)
        return ended

    def _note(self, event: dict, row: Request) -> None:
        if row.ttft is None and any(map(_says, event.get("choices", []))):
            row.ttft = self._now() - row.start
        if usage := event.get("usage"):
            row.tokens = usage["completion_tokens"]

    def _now(self) -> float:
        return time.perf_counter() - self._begin


def _says(choice: dict) -> bool:
    """Return whether a piece of an answer holds something; a chat's first one only names the role."""
    delta = choice.get("delta", {})
    return bool(choice.get("text") or any(value for name, value in delta.items() if name != "role"))


def _in_a_thread(load: _Load, clients: int) -> list[Request]:
    """Run a load in an event loop of its own, since a notebook's runs already; an interruption ends it."""
    with ThreadPoolExecutor(1) as pool:
        try:
            return pool.submit(asyncio.run, load.run(clients)).result()
        except BaseException:
            load.cancel()
            raise
