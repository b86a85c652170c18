"""Markdown, line by line: what is code and what is not, headings with their anchors, and inline code."""

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

FENCE = re.compile(r"^\s*(`{3,}|~{3,})")
HEADING = re.compile(r"^(#{1,6}) +(.+?) *#*$")
LINK = re.compile(r"(?<!\\)\]\(([^()\s]+)((?:\s+\"[^\"]*\")?)\)")
INLINE_CODE = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", re.DOTALL)
COMMENT = re.compile(r"^<!--.*?-->\n?", re.MULTILINE | re.DOTALL)


class Line(NamedTuple):
    """A line of Markdown, and whether it belongs to a fenced code block (the fences do)."""

    text: str
    code: bool


def lines(text: str) -> Iterator[Line]:
    """Yield the lines of a text, without their ends.

    >>> [line.code for line in lines("a\\n```\\nb\\n```\\nc")]
    [False, True, True, True, False]
    """
    fence = ""
    for line in text.split("\n"):
        match = FENCE.match(line)
        opens = not fence and match
        closes = fence and match and match.group(1).startswith(fence)
        yield Line(line, bool(fence or opens))
        fence = match.group(1) if opens else "" if closes else fence


def outside_code(text: str, change: Callable[[str], str]) -> str:
    """Return a text with every run of lines outside code blocks changed.

    >>> outside_code("a\\n```\\na\\n```\\na", str.upper)
    'A\\n```\\na\\n```\\nA'
    """
    parts: list[tuple[bool, list[str]]] = []
    for line in lines(text):
        if not parts or parts[-1][0] != line.code:
            parts.append((line.code, []))
        parts[-1][1].append(line.text)
    return "\n".join("\n".join(part) if code else change("\n".join(part)) for code, part in parts)


def slug(title: str) -> str:
    """Return the anchor of a heading by GitHub's rule.

    >>> slug("A prefix cache at 0 %"), slug("`max_tokens` and [more](x.md)")
    ('a-prefix-cache-at-0-', 'max_tokens-and-more')
    """
    return re.sub(r"[^\w\- ]", "", plain(title).strip().lower().replace(" ", "-"))


def plain(title: str) -> str:
    """Return the text of a heading without its marks for code, links and bold."""
    return re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title).replace("`", "").replace("**", "")


class Levels:
    """Gives headings levels without a jump: `#`, `###`, `###` becomes `#`, `##`, `##`, which links do not notice.

    One is kept for all cells of a notebook.
    """

    def __init__(self) -> None:
        self._open: list[int] = []

    def even(self, text: str) -> str:
        """Return a text whose headings go down one level at a time."""
        return "\n".join(line.text if line.code else self._line(line.text) for line in lines(text))

    def _line(self, line: str) -> str:
        match = HEADING.match(line)
        if not match:
            return line
        level = len(match.group(1))
        self._open = [above for above in self._open if above < level] + [level]
        return "#" * len(self._open) + " " + match.group(2)
