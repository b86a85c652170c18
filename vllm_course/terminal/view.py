"""What the chat shows: answers that grow, as Markdown where the terminal can show it, and lines of its own."""

import contextlib
import os
import sys
from collections.abc import Callable, Iterator

from vllm_course.chat.messages import harmless
from vllm_course.output import table

FRAMES = 12  # pictures of a growing answer a second


class View:
    """Plain text: answers go to stdout piece by piece.

    Args:
        apart: Whether the chat's own lines go to stderr, so that stdout holds answers alone.
    """

    def __init__(self, *, apart: bool) -> None:
        self.apart = apart

    def line(self, text: str) -> None:
        """Show a line of the chat's own."""
        print(harmless(text), file=sys.stderr if self.apart else sys.stdout, flush=True)

    def error(self, error: Exception) -> None:
        """Show what was wrong."""
        self.line(str(error))

    def table(self, header: list[str], rows: list[list[str]]) -> None:
        """Show columns."""
        self.line(table(header, rows))

    def question(self, text: str) -> None:
        """Show a question that nobody typed here."""
        print(harmless(f"> {text}"), flush=True)

    @contextlib.contextmanager
    def answer(self) -> Iterator[Callable[[str], None]]:
        """Show an answer.

        Yields:
            A function to be called with the answer so far.
        """
        shown = 0

        def show(text: str) -> None:
            nonlocal shown
            print(harmless(text[shown:]), end="", flush=True)
            shown = len(text)

        try:
            yield show
        finally:
            print(flush=True)


class SilentView(View):
    """Nothing: the answers are printed as JSON when all are there."""

    def line(self, text: str) -> None:
        """Show nothing; JSON holds it."""

    def question(self, text: str) -> None:
        """Show nothing; JSON holds it."""

    @contextlib.contextmanager
    def answer(self) -> Iterator[Callable[[str], None]]:
        """Show nothing; JSON holds it."""
        yield lambda text: None


class MarkdownView(View):
    """Markdown, drawn anew several times a second while an answer grows."""

    def __init__(self, *, apart: bool) -> None:
        from rich.console import Console

        super().__init__(apart=apart)
        self._console = Console(highlight=False, emoji=False)
        self._own = Console(highlight=False, emoji=False, stderr=True) if apart else self._console

    def line(self, text: str, style: str = "dim") -> None:
        """Show a line of the chat's own."""
        self._own.print(harmless(text), style=style, markup=False)

    def error(self, error: Exception) -> None:
        """Show what was wrong, in red."""
        self.line(str(error), style="red")

    def table(self, header: list[str], rows: list[list[str]]) -> None:
        """Show columns; what is too wide for the terminal is wrapped within its column."""
        from rich.table import Table
        from rich.text import Text

        columns = Table(*header, box=None, pad_edge=False, padding=(0, 2, 0, 0), style="dim", header_style="bold")
        for row in rows:
            columns.add_row(*(Text(harmless(cell)) for cell in row))
        self._own.print(columns)

    def question(self, text: str) -> None:
        """Show a question that nobody typed here."""
        self._console.print(harmless(f"> {text}"), style="bold", markup=False)

    @contextlib.contextmanager
    def answer(self) -> Iterator[Callable[[str], None]]:
        """Show an answer, its last lines while it grows and all of it in the end.

        Yields:
            A function to be called with the answer so far.
        """
        from rich.live import Live

        so_far = ""

        def show(text: str) -> None:
            nonlocal so_far
            so_far = text

        try:
            with Live(
                console=self._console,
                get_renderable=lambda: self._end_of(so_far),
                refresh_per_second=FRAMES,
                transient=True,
            ):
                yield show
        finally:
            self._console.print(markdown(so_far))

    def _end_of(self, text: str):
        """Return as much of the end of a text as the screen holds: what scrolled away could not be drawn anew."""
        from rich.segment import SegmentLines

        lines = self._console.render_lines(markdown(text), pad=False)
        return SegmentLines(lines[1 - self._console.height :], new_lines=True)


def choose_view(*, plain: bool, silent: bool, apart: bool) -> View:
    """Return the view that fits: Markdown on a terminal, unless `--plain` or `NO_COLOR` asks for plain text."""
    if silent:
        return SilentView(apart=apart)
    return View(apart=apart) if plain or not can_draw() else MarkdownView(apart=apart)


def can_draw() -> bool:
    """Return whether stdout is a terminal that can draw, and `NO_COLOR` does not forbid it."""
    draws = sys.stdout.isatty() and os.environ.get("TERM") not in (None, "dumb")
    return draws and not os.environ.get("NO_COLOR")


def markdown(text: str):
    """Return a text as rich draws it: line breaks stay, and tags such as `<tool_call>` are shown and not swallowed."""
    from markdown_it import MarkdownIt
    from rich.markdown import Markdown

    drawn = Markdown(harmless(text), hyperlinks=False)
    drawn.parsed = MarkdownIt("commonmark", {"html": False}).enable(["strikethrough", "table"]).parse(harmless(text))
    for token in drawn.parsed:
        for child in token.children or []:
            child.type = "hardbreak" if child.type == "softbreak" else child.type
    return drawn
