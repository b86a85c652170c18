"""What `check` returns, and how it looks: one line of text, or a coloured card in a notebook.

Colour is never the only sign: every status has a mark and a word. A badge brings text and background of its own, which
read on a light and on a dark page alike; all other text takes the colours of the page around it.
"""

from dataclasses import dataclass
from html import escape

MARKS = {"passed": "✔", "not yet": "✘", "not attempted": "○"}
BADGES = {"passed": "#1b6e34", "not yet": "#a03a00", "not attempted": "#5a5f66"}  # 5:1 or more under white text
MOST_TRIES = 8
CARD = "border-left: 4px solid {}; padding: 2px 0 2px 10px; line-height: 1.6; overflow-wrap: anywhere"
BADGE = "background: {}; color: #ffffff; border-radius: 3px; padding: 1px 8px; font-weight: 600; white-space: nowrap"
PLAIN = "color: var(--jp-content-font-color1, inherit); font-family: var(--jp-content-font-family, inherit)"


def card(colour: str, lines: list[str]) -> str:
    """Return the HTML of a card with a coloured edge, from lines of HTML."""
    body = "".join(f"<div>{line}</div>" for line in lines)
    return f'<div style="{CARD.format(colour)}; {PLAIN}">{body}</div>'


@dataclass(frozen=True)
class Result:
    """What `check` found.

    Attributes:
        number: The exercise, for example `"1.3"`.
        status: "passed", "not yet" or "not attempted".
        message: Why, for an answer that is not there yet.
        tries: The statuses of all tries so far, this one included; shown from the second on.
        advice: Where help is, for an exercise that was tried before.
        trouble: Why the try was not kept, once for each reason.
    """

    number: str
    status: str
    message: str = ""
    tries: tuple[str, ...] = ()
    advice: str = ""
    trouble: str = ""

    @property
    def passed(self) -> bool:
        """Whether the answer was accepted."""
        return self.status == "passed"

    @property
    def history(self) -> str:
        """The tries as marks, empty for a first one.

        Example:
            >>> Result("1.3", "passed", tries=("not yet", "passed")).history
            'tries: ✘ ✔'
        """
        if len(self.tries) < 2:
            return ""
        marks = " ".join(MARKS[status] for status in self.tries[-MOST_TRIES:])
        return f"tries: {marks}" if len(self.tries) <= MOST_TRIES else f"tries ({len(self.tries)}): … {marks}"

    def __repr__(self) -> str:
        """Show the result as text; a first try takes one line."""
        first = f"{MARKS[self.status]} {self.number} {self.status}" + (f": {self.message}" if self.message else "")
        return "\n  ".join([first, *self._more()])

    def _repr_html_(self) -> str:
        """Show the result as a card; notebooks ask for this by name."""
        colour = BADGES[self.status]
        badge = f'<span style="{BADGE.format(colour)}">{MARKS[self.status]} {escape(self.status)}</span>'
        lines = [f"{badge} <strong>{escape(self.number)}</strong> {escape(self.message)}".rstrip()]
        lines += [escape(line) for line in self._more()]
        return card(colour, lines)

    def _more(self) -> list[str]:
        return [line for line in (self.history, self.advice, self.trouble) if line]
