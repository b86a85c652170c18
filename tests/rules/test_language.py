"""The lessons speak plainly, and the rule refuses what it is there for."""

import pytest

from tests.rules import language
from tests.rules.notebooks import label
from vllm_course import paths

# Folders whose texts keep the rule; a folder is added when all of its texts do.
FOLDERS = ("lessons", "exercises", "concepts", "teaching")
FILES = [path for folder in FOLDERS for kind in ("*.md", "*.ipynb") for path in (paths.root() / folder).rglob(kind)]


@pytest.mark.parametrize("path", sorted(p for p in FILES if ".ipynb_checkpoints" not in p.parts), ids=label)
def test_plain_language(path):
    assert language.problems_of(path) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("You\nsimply call it.", "nothing: what is easy needs no saying, got 'simply'"),
        ("Now mend it.", "write fix, got 'mend'"),
        ("The text stands\nin `output.prompt`.", "write is in, got 'stands in'"),
        ("- It is lost without a word.", "write without a warning"),
        ("Two take 2,048 bytes a token.", "write per, got '048 bytes a token'"),
        ("| a |\n|---|\n| one row a text |", "write per, got 'one row a text'"),
        ("word " * 35 + "`one more`.", "at most 35 words, got 36"),
    ],
)
def test_refused(text, message):
    assert message in "\n".join(language.problems(text))


@pytest.mark.parametrize(
    "text",
    [
        "word " * 30 + "end. " + "word " * 30 + "`end`. More.",
        "word " * 30 + "\n\n- " + "word " * 30,
        "`simply` stands for it, an amendment. It stands in for the tool.",
        "How many tokens a prompt has, and one row of a text.",
        "## Just a heading\n\n```text\nobviously\n```",
    ],
)
def test_accepted(text):
    assert language.problems(text) == []
