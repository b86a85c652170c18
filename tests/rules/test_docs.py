"""Every code block of the pages runs or is checked, every docstring's example runs, every link leads somewhere.

A Python or shell block runs as it stands, the Python blocks of a page in one namespace, in order. A `text` block right
below it is what it prints. A block under `<!-- not-run: REASON -->` is not run but checked against vLLM's signatures
and parsers.
"""

import sys

import pytest

from tests.rules import doc_examples, doc_links
from tests.rules.doc_blocks import problems
from tests.rules.markdown import blocks
from tests.rules.notebooks import label
from tools import warm
from vllm_course import paths

ROOT = paths.root()
PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "lessons/README.md", "lessons/where-to-run.md")]
PAGES += sorted(file for folder in ("concepts", "teaching") for file in (ROOT / folder).glob("*.md"))
EXAMPLES = doc_examples.files()

pytestmark = pytest.mark.usefixtures("one_engine")


@pytest.mark.parametrize("page", PAGES, ids=label)
def test_code_blocks(page, texts_are_compared, monkeypatch):
    monkeypatch.setattr(sys, "executable", warm.python())  # a page's server starts in seconds
    assert problems(blocks(page.read_text("utf-8")), compare=texts_are_compared) == []


@pytest.mark.parametrize("page", doc_links.pages(ROOT), ids=label)
def test_links(page):
    assert doc_links.problems(page, root=ROOT) == []


@pytest.mark.parametrize("file", EXAMPLES, ids=label)
def test_docstring_examples(file):
    assert doc_examples.failures(doc_examples.module(file)) == 0


def test_there_are_docstring_examples():
    counts = {label(file): doc_examples.count(doc_examples.module(file)) for file in EXAMPLES}
    rooms = {name.rpartition("/")[0] for name, number in counts.items() if number}
    assert rooms >= {"vllm_course", *(f"vllm_course/{room}" for room in ("chat", "checks", "completion", "progress"))}
    assert {"vllm_course/widgets", "tools/training/corpus"} <= rooms and sum(counts.values()) > 40
