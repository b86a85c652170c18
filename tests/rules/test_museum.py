"""The museum of errors: each exhibit has all its parts, is found in the table, and nothing of it is told twice."""

import re

import pytest

from tests.rules.markdown import headings, links
from vllm_course import paths

CONCEPTS = paths.root() / "concepts"
PARTS = ("Cause", "Proof", "Remedy", "Guard")
PAGE = (CONCEPTS / "errors.md").read_text("utf-8")
EXHIBITS = re.findall(r"^### (.+)\n([\s\S]*?)(?=^##|\Z)", PAGE, re.M)


def missing(text: str) -> list[str]:
    """Return the parts that an exhibit lacks or has more than once."""
    return [part for part in PARTS if len(re.findall(rf"^- \*\*{part}:\*\* \S", text, re.M)) != 1]


@pytest.mark.parametrize(("title", "text"), EXHIBITS, ids=[title for title, _ in EXHIBITS])
def test_an_exhibit_has_all_its_parts(title, text):
    assert missing(text) == []
    assert "`" in text.partition("- **Cause:**")[0], "an exhibit begins with what appears"


def test_the_table_leads_to_every_exhibit():
    table = PAGE.partition("\n\n```")[0]
    linked = [target[1:] for target in links(table) if target.startswith("#")]
    anchors = [anchor for level, _, anchor in headings(PAGE) if level == 3]
    assert sorted(linked) == sorted(anchors) and len(anchors) == len(EXHIBITS) > 25


def test_common_problems_tells_none_of_it_again():
    titles = {title for _, title, _ in headings((CONCEPTS / "common-problems.md").read_text("utf-8"))}
    assert titles & {title for _, title, _ in headings(PAGE)} == {"See also"}


def test_a_missing_part_is_seen():
    whole = "".join(f"- **{part}:** x\n" for part in PARTS)
    assert missing(whole) == []
    assert missing(whole.replace("Proof:** x", "Proof:**")) == ["Proof"]
    assert missing(whole + "- **Guard:** y") == ["Guard"]
