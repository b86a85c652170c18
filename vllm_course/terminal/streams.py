"""Streams side by side: what runs grows on the screen, what has ended is printed for good above it."""

from types import TracebackType
from typing import TYPE_CHECKING

from vllm_course.chat.messages import harmless
from vllm_course.online.timing import Stream
from vllm_course.terminal.view import FRAMES, can_draw

if TYPE_CHECKING:
    from rich.console import Group
    from rich.padding import Padding
    from rich.text import Text

INDENT = 3


class StreamsView:
    """Plain lines: a stream is printed when it has ended.

    Args:
        prompts: All prompts. A stream is named by the place of its prompt among them, from 0.
    """

    def __init__(self, prompts: list[str]) -> None:
        self.prompts = prompts

    def __enter__(self) -> "StreamsView":
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        """End the view."""

    def begin(self, number: int, stream: Stream) -> None:
        """Note that a stream runs."""

    def end(self, number: int, stream: Stream) -> None:
        """Show a stream that has ended."""
        print(
            harmless(f"{number + 1}. {self.prompts[number]}{stream.text}\n{' ' * INDENT}{measures(stream)}"), flush=True
        )


class SilentStreams(StreamsView):
    """Nothing: the streams are printed as JSON when all have ended."""

    def end(self, number: int, stream: Stream) -> None:
        """Show nothing; JSON holds it."""


class LiveStreams(StreamsView):
    """Streams that grow, drawn anew several times a second; of each as many of the last lines as there is room for."""

    def __init__(self, prompts: list[str]) -> None:
        from rich.console import Console
        from rich.live import Live

        super().__init__(prompts)
        self._running: dict[int, Stream] = {}
        self._begun = 0
        self._console = Console(highlight=False, emoji=False)
        self._live = Live(
            console=self._console, get_renderable=self._picture, refresh_per_second=FRAMES, transient=True
        )

    def __enter__(self) -> "LiveStreams":
        self._live.start()
        self._console.show_cursor(True)  # it would stay hidden where the program is killed
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        """Take away what is not finished."""
        self._live.stop()

    def begin(self, number: int, stream: Stream) -> None:
        """Show a stream from now on."""
        self._begun += 1
        self._running[number] = stream

    def end(self, number: int, stream: Stream) -> None:
        """Print a stream that has ended, above those that run."""
        self._running.pop(number, None)
        self._console.print(self._text(number, stream), _measures(stream))

    def _picture(self) -> "Group":
        """Return the running streams, each with an equal share of the screen, and how many wait."""
        from rich.console import Group
        from rich.segment import SegmentLines
        from rich.text import Text

        running = list(self._running.items())
        room = self._console.height - 2
        shown = running[: max(1, room // 2)]
        lines = max(1, room // max(1, len(shown)) - 1)
        parts = []
        for number, stream in shown:
            text = self._console.render_lines(self._text(number, stream), pad=False)
            parts += [SegmentLines(text[-lines:], new_lines=True), _measures(stream)]
        counts = {"running": len(running), "waiting": len(self.prompts) - self._begun}
        return Group(*parts, Text(", ".join(f"{count} {name}" for name, count in counts.items()), style="dim"))

    def _text(self, number: int, stream: Stream) -> "Text":
        from rich.text import Text

        prompt = harmless(f"{number + 1}. {self.prompts[number]}")
        return Text.assemble((prompt, "bold"), harmless(stream.text))


def choose_streams_view(prompts: list[str], *, silent: bool) -> StreamsView:
    """Return the view that fits: live on a terminal, plain lines elsewhere and under `NO_COLOR`, nothing for JSON."""
    if silent:
        return SilentStreams(prompts)
    return LiveStreams(prompts) if can_draw() else StreamsView(prompts)


def measures(stream: Stream) -> str:
    """Return how a stream ended and how fast it was, in words.

    Example:
        >>> measures(Stream())
        'no token yet'
    """
    end = f"{stream.finish_reason}: " if stream.finish_reason else ""
    if not stream.arrivals:
        return f"{end}no token yet"
    count = len(stream.token_ids)
    tokens = f"{count} token{'s'[: count != 1]}"
    return f"{end}{tokens}, first after {stream.ttft * 1000:.0f} ms, {stream.tokens_per_second:.0f} tokens/s"


def _measures(stream: Stream) -> "Padding":
    from rich.padding import Padding
    from rich.text import Text

    return Padding(Text(measures(stream), style="dim"), (0, 0, 0, INDENT))
