"""Long work says so, to a person who watches.

Who watches sits at a terminal, or runs the cells of a notebook. Everything that is shown goes away when the work is
done. A notebook that is executed by a program, a pipe, a file and `--json` get none of it.
"""

import contextlib
import functools
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

LATE = 3.0  # seconds, after which a call has a bar
LOOK_EVERY = 0.2  # seconds
CLEAR = "\r\x1b[K"

_silent = False


def watched() -> bool:
    """Return whether a person watches what this process writes."""
    if _silent:
        return False
    if kernel := _kernel():
        # Who executes a notebook by program answers no question of it: nbclient, nbconvert and nbval say so.
        return bool(kernel._allow_stdin)
    return sys.stdout is not None and sys.stdout.isatty()


@contextlib.contextmanager
def silent(wanted: bool = True) -> Iterator[None]:
    """Show nothing in this block, whoever watches.

    Args:
        wanted: False changes nothing.
    """
    global _silent
    before, _silent = _silent, _silent or wanted
    try:
        yield
    finally:
        _silent = before


@contextlib.contextmanager
def said(text: str) -> Iterator[None]:
    """Show a line as long as the block lasts."""
    if not watched():
        yield
        return
    clear = _say(text)
    try:
        yield
    finally:
        clear()


class Bar:
    """A bar that appears when a call takes longer than `LATE`.

    Args:
        left: Returns how many tokens are still to come, at most.
        wanted: False for no bar.
    """

    def __init__(self, left: Callable[[], int], *, wanted: bool = True) -> None:
        self._left, self._bar = left, None
        shown = wanted and watched()
        self._most = left() if shown else 0
        self._next_look = time.monotonic() + LATE if shown else float("inf")

    def look(self) -> None:
        """Show how far the work is, where it is time for that."""
        if time.monotonic() < self._next_look:
            return
        self._next_look = time.monotonic() + LOOK_EVERY
        done = self._most - self._left()
        if self._bar is None:
            begun = {"total": self._most, "initial": done, "desc": "Generating", "unit": " tokens"}
            self._bar = _tqdm()(**begun, leave=False, file=sys.stdout)
        self._bar.n = done
        self._bar.refresh()

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.close()


@contextlib.contextmanager
def downloads(model: str) -> Iterator[type]:
    """Give a class of bars to `huggingface_hub`, which makes three: of bytes written, of bytes sent, and of files.

    Only the first is shown, under the model's name.
    """
    made = []

    class Download(_tqdm()):
        def __init__(self, *values: Any, **options: Any) -> None:
            hidden = options.get("unit") != "B" or str(options.get("desc")).startswith("Downloading")
            shown = {"desc": f"Downloading {model}", "bar_format": None, "leave": False, "delay": 0.5}
            super().__init__(*values, **options | shown | {"disable": hidden, "file": sys.stdout})
            made.append(self)

        def set_description(self, *_: Any, **__: Any) -> None:
            """Keep the model's name."""

    try:
        yield Download
    finally:
        for bar in made:
            bar.close()


@functools.cache
def _tqdm() -> type:
    from tqdm.auto import tqdm  # a widget in a notebook, characters in a terminal

    return tqdm


def _kernel() -> Any:
    """Return the kernel of the notebook in which this process runs, None outside."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return getattr(shell, "kernel", None)


def _say(text: str) -> Callable[[], None]:
    """Show a line, and return what takes it away."""
    if _kernel():
        from IPython.display import display

        handle = display({"text/plain": text}, raw=True, display_id=True)
        return lambda: handle.update({"text/plain": ""}, raw=True)
    write = functools.partial(print, end="", flush=True, file=sys.stdout)
    write(text)
    return lambda: write(CLEAR)
