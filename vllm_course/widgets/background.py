"""Text that grows beside the cells of a notebook: in the kernel's event loop, and never while a cell runs.

What goes wrong there is shown in the widget, since nobody sees the traceback of a background task.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Coroutine, Iterator

import ipywidgets as widgets
from IPython import get_ipython

from vllm_course.streaming import Stream
from vllm_course.widgets import rendering

LOOK_EVERY = 0.1  # seconds


async def advance(stream: Stream, look: Callable[[], None]) -> None:
    """Go on token by token until the end; at every look the kernel also hears the learner's buttons and sliders.

    Args:
        stream: The request in progress; whatever happens, it is closed in the end.
        look: Shows what there is so far, ten times a second.
    """
    with contextlib.closing(stream):
        while not stream.finished:
            until = time.monotonic() + LOOK_EVERY
            while not stream.finished and time.monotonic() < until:
                stream.step()
            look()
            await asyncio.sleep(0)


def in_background(work: Coroutine) -> "asyncio.Task | None":
    """Run on the kernel's event loop; where there is none, as in a test, at once."""
    try:
        return asyncio.get_running_loop().create_task(work)
    except RuntimeError:
        return asyncio.run(work)


def call_before_cells(stop: Callable[[], None], *, wanted: bool) -> None:
    """Have the kernel call a function before it runs a cell, or no longer; outside a kernel nothing happens.

    A cell that uses the engine would find a text in progress among its own outputs.
    """
    if shell := get_ipython():
        (shell.events.register if wanted else shell.events.unregister)("pre_execute", stop)


@contextlib.contextmanager
def explained(place: widgets.HTML) -> Iterator[None]:
    """Show why something is refused in a place of the widget; a traceback would get lost in a log."""
    place.value = ""
    try:
        yield
    except Exception as reason:  # whatever it is, this is the one place where a learner can see it
        place.value = rendering.error(f"{type(reason).__name__}: {reason}")
