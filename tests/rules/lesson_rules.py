"""What a lesson's notebook must keep beside `notebook_rules`: its shape and its terms."""

import ast
import re
from collections.abc import Iterator

from nbformat import NotebookNode

from tests.rules.checklist_rule import LESSON, checklist, quiz, shows
from tests.rules.forecast_rule import forecasts
from tests.rules.markdown import Piece, headings, links, paragraphs
from tests.rules.notebook_rules import RAISES
from tests.rules.notebooks import code, lines, prose, tags, tree

MAX_LINES = 8
MAX_IMPORT_LINES = 10
MAX_CHECKLIST_LINES = 14
CLOSING = ["Summary", "Quiz", "Checklist", "Next"]
FIRST_CELL = {
    "a title (# Lesson NN: ...)": LESSON,
    "what you will be able to do": re.compile(r"able to"),
    "the time in minutes": re.compile(r"\b\d+ minutes\b"),
    "the hardware": re.compile(r"\bhardware\b", re.IGNORECASE),
}
FIRST_CELL_LINKS = {
    "the script": r"^[a-z_]+\.py$",
    "the exercises": r"^\.\./\.\./exercises/[^/]+/exercises\.ipynb$",
    "a concept page": r"^\.\./\.\./concepts/[^/]+\.md",
}


def opening(notebook: NotebookNode) -> list[str]:
    """The first cell says what a learner must know before beginning."""
    first = notebook.cells[0].source
    missing = [name for name, pattern in FIRST_CELL.items() if not pattern.search(first)]
    targets = links(first)
    missing += [f"a link to {n}" for n, p in FIRST_CELL_LINKS.items() if not any(re.search(p, t) for t in targets)]
    return [f"the first cell must hold {name}, got none" for name in missing]


def closing(notebook: NotebookNode) -> list[str]:
    """The last headings are the summary, the quiz, the checklist, and what is next."""
    titles = [title for _, cell in prose(notebook) for level, title, _ in headings(cell.source) if level == 2]
    last = [title.split()[0] for title in titles[-len(CLOSING) :]]
    return [] if last == CLOSING else [f"the last headings must be {CLOSING}, got {titles[-len(CLOSING) :]}"]


def one_idea_a_cell(notebook: NotebookNode) -> list[str]:
    """A code cell has 2 to 8 lines, blank ones not counted.

    Allowed beside that: up to 10 lines of imports alone, up to 14 that show the checklist, and one line that shows
    something, such as `engine_args()`. A single assignment shows nothing: it belongs to the cell that uses it.
    """
    found = []
    for i, cell in code(notebook):
        body, length = tree(cell).body, len(lines(cell))
        limit = _limit(body)
        if length > limit:
            found.append(f"cell {i} must have at most {limit} lines, got {length}. Split it.")
        if length == 1 and isinstance(body[0], ast.Assign | ast.AnnAssign | ast.AugAssign):
            found.append(f"cell {i} must have 2 lines or show something, got one assignment. Join it with the next.")
    return found


def deliberate_error(notebook: NotebookNode) -> list[str]:
    """At least one cell shows what a mistake looks like."""
    count = sum(RAISES in tags(cell) for _, cell in code(notebook))
    return [] if count else [f"a lesson must have a deliberate error (tag {RAISES}), got none"]


def terms_are_linked(notebook: NotebookNode, terms: dict[str, str]) -> list[str]:
    """The first use of a term is `[**term**](../../concepts/glossary.md#term)`.

    The first cell, headings, code and the texts of other links do not count as uses. A plural counts; the text of a
    link to the glossary may be inflected in any way.

    Args:
        notebook: A lesson.
        terms: Term to anchor, from `glossary_terms`.
    """
    names = sorted(map(re.escape, terms), key=len, reverse=True)
    pattern = re.compile(rf"(?<![\w-])({'|'.join(names)})(?:e?s)?(?![\w-])", re.IGNORECASE)
    seen, found = set(), []
    for i, cell in prose(notebook)[1:]:
        for anchor, linked in _uses(cell.source, pattern, terms):
            if anchor not in seen and not linked:
                found.append(f"cell {i}: the first use of {anchor!r} must be bold and link to the glossary")
            seen.add(anchor)
    return found


def glossary_terms(source: str) -> dict[str, str]:
    """Return each term of the glossary, in small letters, with its anchor. Every heading below the title is one."""
    return {title.lower(): anchor for level, title, anchor in headings(source) if level > 1}


def _limit(body: list[ast.stmt]) -> int:
    if body and shows(body[-1]):
        return MAX_CHECKLIST_LINES
    return MAX_IMPORT_LINES if all(isinstance(s, ast.Import | ast.ImportFrom) for s in body) else MAX_LINES


def _uses(source: str, pattern: re.Pattern, terms: dict[str, str]) -> Iterator[tuple[str, bool]]:
    """Yield the anchor of each term used, in order, and whether it is bold and links to the glossary there."""
    for pieces in paragraphs(source):
        for piece in _joined(pieces):
            page, _, anchor = piece.href.partition("#")
            if page.endswith("concepts/glossary.md"):
                yield anchor, piece.bold
            elif not piece.href and not piece.code:
                yield from ((terms[match.group(1).lower()], False) for match in pattern.finditer(piece.text))


def _joined(pieces: list[Piece]) -> list[Piece]:
    """Join neighbours outside links, so that a term is found across a line break."""
    found: list[Piece] = []
    for piece in pieces:
        plain = found and not (found[-1].href or piece.href or found[-1].code or piece.code)
        if plain:
            found[-1] = Piece(found[-1].text + piece.text, "", False, False)
        else:
            found.append(piece)
    return found


RULES = (opening, closing, quiz, checklist, forecasts, one_idea_a_cell, deliberate_error)
