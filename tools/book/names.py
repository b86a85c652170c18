"""The index of vLLM's names: each leads to the sections that show it. Made from the pages and lessons, sorted."""

import ast
import os
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import nbformat

from tools.book.markdown import HEADING, INLINE_CODE, lines, plain, slug

MOST_PLACES = 3  # of concept pages, and as many of lessons
METRIC = re.compile(r"\bvllm:\w+")
ERROR = re.compile(r"\b[A-Z]\w*(?:Error|Exception|Interrupt)\b")
INTRODUCTION = """# vLLM's names

Each name leads to where the course shows it: the concept pages first, then the lessons. Where a name is
missing, the search may know more.
"""


class Place(NamedTuple):
    """A section that shows a name; the smaller the rank, the more it is about the name."""

    rank: int
    page: str
    title: str
    section: str
    anchor: str


def sampling_fields(root: Path) -> list[str]:
    """Return the fields of SamplingParams: those that vllm_course/fields.py describes, which a test holds to vLLM."""
    tree = ast.parse((root / "vllm_course" / "fields.py").read_text("utf-8"))
    table = next(node.value for node in tree.body if isinstance(node, ast.Assign) and node.targets[0].id == "FIELDS")
    return sorted(key.value for key in table.keys)


def engine_arguments() -> list[str]:
    """Return the engine arguments of vLLM, from a list that a test holds to vLLM."""
    return Path(__file__).with_name("engine_arguments.txt").read_text("utf-8").split()


def index(root: Path, pages: list[str]) -> dict[str, dict[str, list[Place]]]:
    """Return the groups of names, and for each name the places that show it, best first.

    Args:
        root: The top folder.
        pages: Paths of the pages and notebooks to read.
    """
    codes = [found for page in pages for found in _codes(root, page)]
    groups = {
        "Fields of SamplingParams": _given(sampling_fields(root), codes),
        "Engine arguments": _given(engine_arguments(), codes),
        "Metrics": _found(METRIC, codes),
        "Errors": _found(ERROR, codes),
    }
    return {title: {name: _best(places) for name, places in sorted(group.items())} for title, group in groups.items()}


def page(groups: dict[str, dict[str, list[Place]]], at: str) -> str:
    """Return the index as Markdown. Names that no page shows are listed below each group.

    Args:
        groups: As `index` returns it.
        at: Path of the page that is made.
    """
    parts = [INTRODUCTION]
    for title, group in groups.items():
        shown = {name: places for name, places in group.items() if places}
        rows = [f"`{name}`\n: {' · '.join(_link(place, at) for place in places)}\n" for name, places in shown.items()]
        parts += [f"## {title}\n", *rows]
        if left := [f"`{name}`" for name in group if name not in shown]:
            parts.append(
                f"The course does not show {len(left)} more:\n\n:::{{dropdown}} Their names\n{', '.join(left)}\n:::\n"
            )
    return "\n".join(parts)


def _codes(root: Path, page: str) -> Iterator[tuple[str, Place]]:
    """Yield each inline code of a page with its place."""
    title = section = anchor = ""
    for line in lines(_text(root / page)):
        if line.code:
            continue
        in_heading = HEADING.match(line.text)
        if in_heading:
            section = plain(in_heading.group(2))
            title, anchor = title or section, slug(in_heading.group(2))
        for match in INLINE_CODE.finditer(line.text):
            cell = re.match(r"\|\s*", line.text[: match.start()]) and "|" not in line.text[1 : match.start()]
            rank = 0 if in_heading else 1 if cell else 2
            yield match.group(2), Place(rank, page, title, section, anchor)


def _text(path: Path) -> str:
    if path.suffix != ".ipynb":
        return path.read_text("utf-8")
    cells = nbformat.read(path, as_version=4).cells
    return "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


def _given(names: list[str], codes: list[tuple[str, Place]]) -> dict[str, list[Place]]:
    """Return the places of names that are known beforehand: `n`, `n=2`, `--max-num-seqs 4`, `SamplingParams.n`."""
    found: dict[str, list[Place]] = {name: [] for name in names}
    for code, place in codes:
        for name in set(_parts(code)) & found.keys():
            found[name].append(place)
    return found


def _parts(code: str) -> list[str]:
    """Return the names that a piece of inline code may be about.

    >>> _parts("max_tokens=16"), _parts("--max-num-seqs 4"), _parts("SamplingParams(n=2)"), _parts("the model")
    (['max_tokens'], ['max_num_seqs'], ['n'], [])
    """
    whole = re.findall(r"^(?:SamplingParams\.|EngineArgs\.)?([a-z]\w*)$", code)
    options = [option.replace("-", "_") for option in re.findall(r"--(?:no-)?([a-z][a-z0-9-]*)", code)]
    return whole + options + re.findall(r"\b([a-z]\w*)=", code)


def _found(pattern: re.Pattern, codes: list[tuple[str, Place]]) -> dict[str, list[Place]]:
    found = defaultdict(list)
    for code, place in codes:
        for name in set(pattern.findall(code)):
            found[name].append(place)
    return found


def _best(places: list[Place]) -> list[Place]:
    """Return the best place of each page, the best pages first."""
    best: dict[str, Place] = {}
    for place in sorted(
        places, key=lambda place: place.rank
    ):  # stable: the first section of a page, where ranks are equal
        best.setdefault(place.page, place)
    lessons = [place for place in best.values() if place.page.startswith("lessons")]
    concepts = [place for place in best.values() if not place.page.startswith("lessons")]
    return concepts[:MOST_PLACES] + lessons[:MOST_PLACES]


def _link(place: Place, at: str) -> str:
    target = os.path.relpath(place.page, os.path.dirname(at) or ".")
    section = f": {place.section}" if place.section != place.title else ""
    return f"[{place.title}{section}]({target}#{place.anchor})"
