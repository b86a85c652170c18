"""Every code block of the pages runs or is checked, every docstring's example runs, every link leads somewhere.

A Python or shell block runs as it stands, the Python blocks of a page in one namespace, in order. A `text` block right
below it is what it prints. A block under `<!-- not-run: REASON -->` is not run but checked against vLLM's signatures
and parsers.
"""

import doctest
import importlib
import pkgutil

import pytest

import vllm_course
from tests.rules import doc_links
from tests.rules.doc_blocks import problems
from tests.rules.markdown import blocks
from tests.rules.notebooks import label
from vllm_course import paths

ROOT = paths.root()
PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "lessons/README.md")]
PAGES += sorted((ROOT / "concepts").glob("*.md"))
MODULES = [module.name for module in pkgutil.walk_packages(vllm_course.__path__, "vllm_course.")]

pytestmark = pytest.mark.usefixtures("one_engine")


@pytest.mark.parametrize("page", PAGES, ids=label)
def test_code_blocks(page, texts_are_compared):
    assert problems(blocks(page.read_text("utf-8")), compare=texts_are_compared) == []


@pytest.mark.parametrize("page", doc_links.pages(ROOT), ids=label)
def test_links(page):
    assert doc_links.problems(page, root=ROOT) == []


@pytest.mark.parametrize("name", MODULES)
def test_docstring_examples(name):
    assert doctest.testmod(importlib.import_module(name), raise_on_error=False).failed == 0


def test_there_are_docstring_examples():
    finder = doctest.DocTestFinder()
    assert sum(len(test.examples) for name in MODULES for test in finder.find(importlib.import_module(name))) > 5
