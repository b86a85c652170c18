"""A clock that a check moves, so that what an answer measures is certain on a machine of any speed."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

NAMES = ("perf_counter", "monotonic", "time")
REAL: dict[str, Callable[[], Any]] = {name: getattr(time, name) for name in (*NAMES, *(f"{name}_ns" for name in NAMES))}


class Clock:
    """The clocks of Python's `time`, and what a check adds to them.

    Attributes:
        added: Seconds that the clock is ahead of the real one, a whole number.

    Example:
        >>> clock = Clock()
        >>> def measured():
        ...     start = time.perf_counter()
        ...     clock.added += 3600
        ...     return time.perf_counter() - start
        >>> with clock.shown_to(measured):
        ...     hours = measured() / 3600
        >>> round(hours)
        1
    """

    def __init__(self) -> None:
        self.added = 0

    @contextlib.contextmanager
    def shown_to(self, function: Callable) -> Iterator[None]:
        """Let a function read this clock while the block runs, in this thread: others need the real one.

        Args:
            function: The answer. It finds the clock in the module `time`, and under names that it imported from there.
        """
        clocks = {name: self._ahead(name) for name in REAL}
        names = getattr(function, "__globals__", {})
        imported = {name: value for name, value in names.items() if any(value is real for real in REAL.values())}
        try:
            vars(time).update(clocks)
            names.update({name: clocks[value.__name__] for name, value in imported.items()})
            yield
        finally:
            vars(time).update(REAL)
            names.update(imported)

    def wait(self, seconds: int) -> None:
        """Let seconds pass, without waiting."""
        self.added += seconds

    def _ahead(self, name: str) -> Callable[[], Any]:
        unit, here = (10**9 if name.endswith("_ns") else 1), threading.get_ident()

        def read() -> Any:
            return REAL[name]() + (self.added * unit if threading.get_ident() == here else 0)

        return read
