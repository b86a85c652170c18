"""A card as a reader sees it."""

from html.parser import HTMLParser


def words(html: str) -> str:
    """Return the text that a page shows."""
    reader, found = HTMLParser(), []
    reader.handle_data = found.append
    reader.feed(html)
    return " ".join(" ".join(found).split())
