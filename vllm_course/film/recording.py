"""`xray(llm)`: a film of the engine at work, as tables and as pictures."""

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pandas as pd

from vllm_course.errors import CourseError
from vllm_course.film.engine import TOTALS, Camera, Seen, Step

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from vllm import LLM

    from vllm_course.film.player import Player


@contextlib.contextmanager
def xray(llm: "LLM") -> "Iterator[Film]":
    """Film what the engine does with each request in each step, as long as the block runs.

    The film looks at vLLM's own scheduler. It changes no text.

    Args:
        llm: An engine in this process, as `load_model` makes it.

    Yields:
        The film. It grows with each step and stays when the block has ended.

    Raises:
        CourseError: The engine runs in another process.

    Example:
        with xray(llm) as film:
            llm.generate(prompts, params)
        film.timeline()
    """
    film = Film()
    camera = Camera(llm, film.steps_seen.append)
    camera.start()
    try:
        yield film
    finally:
        camera.stop()


class Film:
    """What `xray` has recorded.

    Attributes:
        steps_seen: The steps as they were, in order.
    """

    def __init__(self) -> None:
        self.steps_seen: list[Step] = []

    def __len__(self) -> int:
        """Return the number of steps."""
        return len(self.steps_seen)

    def __repr__(self) -> str:
        """Say how much there is to see."""
        requests = len({seen.request_id for step in self.steps_seen for seen in step.requests})
        return f"Film of {len(self)} steps and {requests} requests"

    def frame(self) -> pd.DataFrame:
        """Return one row per step and request.

        Returns:
            A DataFrame with the columns `step` (from 1), `request_id`, `status` (where the step leaves the request:
            waiting, running, preempted, finished), `phase` (prefill, decode, or "" where it was not scheduled),
            `scheduled_tokens`, `computed_tokens` (after the step), `cached_tokens` (spared by the prefix cache in this
            step) and `blocks` (held during the step).
        """
        rows = [(number, *seen) for number, step in self._numbered() for seen in step.requests]
        return pd.DataFrame(rows, columns=["step", *Seen._fields])

    def steps(self) -> pd.DataFrame:
        """Return one row per step.

        Returns:
            A DataFrame indexed by `step` (from 1). Columns: how many requests the step leaves `running`, `waiting`,
            `preempted` and `finished`; the tokens of `prefill` and of `decode`; `cached_tokens`; and of the KV cache
            `blocks_used` (held by requests during the step), `blocks_cached` (known to the prefix cache) and `blocks`
            (all).
        """
        rows = [step.totals() for step in self.steps_seen]
        return pd.DataFrame(rows, columns=TOTALS, index=pd.RangeIndex(1, len(rows) + 1, name="step"))

    def timeline(self, ax: "Axes | None" = None) -> "Axes":
        """Draw requests as lanes and steps as columns: prefill, decode, waiting and preempted.

        Args:
            ax: Axes to draw on; None makes a new figure.

        Returns:
            The Axes.

        Raises:
            CourseError: The film is empty.
        """
        from vllm_course.film.drawing import timeline

        self._refuse_empty()
        return timeline(self.frame(), ax=ax)

    def svg(self) -> str:
        """Draw the timeline as an SVG image, for a page without a kernel.

        Returns:
            The source of the image, with an alternative text for screen readers. It has 60 lanes at most.

        Raises:
            CourseError: The film is empty.
        """
        from vllm_course.film.drawing import svg
        from vllm_course.film.player import as_text

        self._refuse_empty()
        return svg(self.frame(), title=repr(self), alternative=as_text(self))

    def show(self) -> "Player":
        """Show the film step by step, with a slider, buttons and the arrow keys.

        Returns:
            A widget. Where there are no widgets (GitHub, nbconvert), it is a figure of the whole film with an
            alternative text.

        Raises:
            CourseError: The film is empty.
        """
        from vllm_course.film.player import Player

        self._refuse_empty()
        return Player(self)

    def _numbered(self) -> Iterator[tuple[int, Step]]:
        return enumerate(self.steps_seen, start=1)

    def _refuse_empty(self) -> None:
        if not self.steps_seen:
            raise CourseError(
                "a film must have at least one step, got none. Call the engine inside the block: "
                "with xray(llm) as film: llm.generate(...)"
            )
