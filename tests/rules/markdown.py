"""Markdown as the rules see it: headings with GitHub's anchors, links, text with its links, and code blocks."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser

from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.anchors import anchors_plugin

NOT_RUN = re.compile(r"<!--\s*not-run:(.*?)-->\s*$", re.DOTALL)

_parser = MarkdownIt("commonmark").enable(["table", "strikethrough"]).use(anchors_plugin, max_level=6)


@dataclass(frozen=True)
class Block:
    """A fenced code block.

    Attributes:
        line: Number of its first line in the page, from 1.
        language: First word after the fence, "" for none.
        code: What it holds.
        reason: Why it is not run, from the comment above it; None when it is run.
        expected: The `text` block right below it, None without one.
    """

    line: int
    language: str
    code: str
    reason: str | None
    expected: str | None


@dataclass(frozen=True)
class Piece:
    """A run of text in a paragraph, with the link that it is in ("" for none) and whether it is bold or code."""

    text: str
    href: str
    bold: bool
    code: bool


def headings(source: str) -> list[tuple[int, str, str]]:
    """Return level, text and anchor of every heading."""
    tokens = _parser.parse(source)
    return [
        (int(token.tag[1]), "".join(child.content for child in tokens[i + 1].children), token.attrGet("id"))
        for i, token in enumerate(tokens)
        if token.type == "heading_open"
    ]


def links(source: str) -> list[str]:
    """Return the target of every link and image, those in HTML included."""
    tokens = [part for token in _parser.parse(source) for part in [token, *(token.children or [])]]
    targets = [target for token in tokens for name in ("href", "src") if (target := token.attrGet(name))]
    return targets + [value for name, value in _html(tokens) if name in ("href", "src")]


def anchors(source: str) -> set[str]:
    """Return what `#...` may name in a page: its headings, and `id` or `name` in HTML."""
    tokens = [part for token in _parser.parse(source) for part in [token, *(token.children or [])]]
    return {anchor for _, _, anchor in headings(source)} | {v for name, v in _html(tokens) if name in ("id", "name")}


def table_links(source: str) -> list[str]:
    """Return the targets of the links in tables."""
    return [
        child.attrGet("href")
        for paragraph, in_table in _inlines(source)
        for child in paragraph.children
        if in_table and child.type == "link_open"
    ]


def paragraphs(source: str) -> Iterator[list[Piece]]:
    """Yield the text outside headings and code blocks, a paragraph, list item or table cell at a time."""
    return (_pieces(paragraph) for paragraph, _ in _inlines(source))


def blocks(source: str) -> list[Block]:
    """Return the code blocks of a page, in order; an indented one has the language "indented"."""
    tokens, found = _parser.parse(source), []
    for i, token in enumerate(tokens):
        if token.type not in ("fence", "code_block"):
            continue
        marker = NOT_RUN.search(tokens[i - 1].content) if i and tokens[i - 1].type == "html_block" else None
        below = tokens[i + 1] if i + 1 < len(tokens) else None
        shows_output = below is not None and below.type == "fence" and below.info.split()[:1] == ["text"]
        found.append(
            Block(
                line=token.map[0] + 1,
                language="indented" if token.type == "code_block" else (token.info.split() or [""])[0],
                code=token.content,
                reason=marker.group(1).strip() if marker else None,
                expected=below.content if shows_output else None,
            )
        )
    return found


def _inlines(source: str) -> Iterator[tuple[Token, bool]]:
    in_table = in_heading = False
    for token in _parser.parse(source):
        if token.type in ("table_open", "table_close"):
            in_table = token.type == "table_open"
        if token.type in ("heading_open", "heading_close"):
            in_heading = token.type == "heading_open"
        if token.type == "inline" and not in_heading:
            yield token, in_table


def _pieces(paragraph: Token) -> list[Piece]:
    href, bold, found = "", 0, []
    for child in paragraph.children:
        if child.type in ("link_open", "link_close"):
            href = child.attrGet("href") or ""
        bold += {"strong_open": 1, "strong_close": -1}.get(child.type, 0)
        text = " " if child.type in ("softbreak", "hardbreak") else child.content
        if text and child.type in ("text", "code_inline", "softbreak", "hardbreak"):
            found.append(Piece(text, href, bold > 0, child.type == "code_inline"))
    return found


def _html(tokens: list[Token]) -> list[tuple[str, str]]:
    reader, found = HTMLParser(), []
    reader.handle_starttag = lambda tag, attributes: found.extend(attributes)
    for token in tokens:
        if token.type in ("html_block", "html_inline"):
            reader.feed(token.content)
    return [(name, value) for name, value in found if value]
