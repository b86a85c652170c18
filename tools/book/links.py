"""Links between pages: what is a page stays one, a file of code gets a page of its own, and anchors follow one rule."""

import os
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote

from tools.book.markdown import INLINE_CODE, LINK, outside_code, slug

EXTERNAL = ("http://", "https://", "mailto:")
PICTURES = {".png", ".svg"}
PAGES = {".md", ".ipynb"}


class Links:
    """Rewrites the links of the pages, and remembers what they lead to.

    Attributes:
        files: Files of code and text that some page links to; each needs a page of its own.
        pictures: Pictures to copy.
        missing: "PAGE: TARGET" for every link to a file that is not there; its text stays without a link.
    """

    def __init__(self, root: Path, pages: set[str]) -> None:
        """Take the top folder, and the paths of the pages in the book."""
        self.files: set[str] = set()
        self.pictures: set[str] = set()
        self.missing: list[str] = []
        self._root = root
        self._pages = pages

    def rewrite(self, text: str, page: str) -> str:
        """Return the Markdown of a page, or of a cell of it, with its links as the book needs them."""
        return outside_code(text, lambda run: _outside_inline_code(run, lambda part: self._in(part, page)))

    def _in(self, text: str, page: str) -> str:
        def replaced(match: re.Match) -> str:
            new = self._target(match.group(1), page)
            return f"]({new}{match.group(2)})" if new is not None else "](#not-there)"

        return re.sub(r"\[([^\[\]]*)\]\(#not-there\)", r"\1", LINK.sub(replaced, text))

    def _target(self, target: str, page: str) -> str | None:
        """Return where a link leads in the book, None where there is nothing."""
        place, _, anchor = target.partition("#")
        if target.startswith(EXTERNAL) or not place:
            return target if target.startswith(EXTERNAL) or not anchor else f"#{slug(unquote(anchor))}"
        path = os.path.normpath(os.path.join(os.path.dirname(page), unquote(place)))
        full = self._root / path
        if full.is_dir() and (full / "README.md").exists():
            path, full = f"{path}/README.md", full / "README.md"
        if not full.is_file():
            self.missing.append(f"{page}: {target}")
            return None
        return self._page(path, page) + (f"#{slug(unquote(anchor))}" if anchor else "")

    def _page(self, path: str, page: str) -> str:
        suffix = Path(path).suffix
        if suffix in PICTURES:
            self.pictures.add(path)
        elif path not in self._pages:
            self.files.add(path)
            path = f"{path}.md"
        return os.path.relpath(path, os.path.dirname(page) or ".")


def _outside_inline_code(text: str, change: Callable[[str], str]) -> str:
    """Return a text changed, with its inline code put back as it was: a link's text may hold some."""
    kept: list[str] = []

    def keep(match: re.Match) -> str:
        kept.append(match.group())
        return f"\0{len(kept) - 1}\0"

    changed = change(INLINE_CODE.sub(keep, text))
    return re.sub(r"\0(\d+)\0", lambda match: kept[int(match.group(1))], changed)
