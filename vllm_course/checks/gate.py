"""An engine that a check can hold shut, to see what an application does while a text is being generated."""

import asyncio
import contextlib
import threading
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from vllm_course.checks.watch import Watch

if TYPE_CHECKING:
    from vllm import LLM, RequestOutput


class Gate(Watch):
    """A watched engine before which calls wait while it is shut; one call at a time gets through to the engine.

    Everything it notes is an order of events, so that a slow machine changes no verdict.

    Args:
        llm: The engine.

    Attributes:
        arrived: Counts the requests that have reached the application, see `counting`.
        entered: Set when a call has come as far as the gate.
        overlapped: Set when two calls were there at the same time.
        blocked: Set when a call was made in an event loop, where nothing else runs until it returns.
    """

    LONGEST = 120  # seconds that a call waits: a check that forgets to open the gate must not hang

    def __init__(self, llm: "LLM") -> None:
        super().__init__(llm)
        self.arrived, self._busy = threading.Semaphore(0), threading.Lock()
        self.entered, self.overlapped, self.blocked, self._open = (threading.Event() for _ in range(4))
        self._open.set()

    @contextlib.contextmanager
    def shut(self):
        """Let no call through while the block runs; requests and calls are counted anew."""
        self.arrived = threading.Semaphore(0)
        self.entered.clear()
        self._open.clear()
        try:
            yield
        finally:
            self._open.set()

    def wait_until_empty(self) -> None:
        """Wait for the call that is in the engine: whoever calls it next would be the second."""
        with self._busy:
            pass

    def counting(self, app: Callable[..., Awaitable[None]], path: str) -> Callable[..., Awaitable[None]]:
        """Return an ASGI application that is this one, with its requests to a path counted in `arrived`."""

        async def counted(scope: dict[str, Any], receive: Callable, send: Callable) -> None:
            if scope.get("path") == path:
                self.arrived.release()
            await app(scope, receive, send)

        return counted

    def generate(self, prompts: Any, sampling_params: Any = None, *args: Any, **options: Any) -> "list[RequestOutput]":
        """Wait until the gate is open and nobody else inside, note the call and pass it on."""
        with contextlib.suppress(RuntimeError):  # there is no event loop in this thread
            asyncio.get_running_loop()
            self.blocked.set()
        if not self._busy.acquire(blocking=False):
            self.overlapped.set()
            self._busy.acquire()
        try:
            self.entered.set()
            self._open.wait(timeout=self.LONGEST)
            return super().generate(prompts, sampling_params, *args, **options)
        finally:
            self._busy.release()
