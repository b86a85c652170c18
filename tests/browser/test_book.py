"""The book in a browser: nothing that axe-core calls serious, nothing that sticks out, and a search that finds things.

The book is built once, by `.venv-book`, which `make test-browser` sets up.
"""

import os
import subprocess
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest
from filelock import FileLock
from playwright.sync_api import Browser, Page, expect

from tests.browser.accessibility import grave_violations
from vllm_course import paths

PYTHON = paths.root() / ".venv-book" / "bin" / "python"
MAKE = """
import sys; from pathlib import Path; from tools.book.__main__ import build; from tools.book.staging import stage
source, target = map(Path, sys.argv[1:]); stage(Path.cwd(), source); sys.exit(not build(source, target))
"""
PAGES = {
    "landing page": "index.html",
    "lesson": "lessons/05-batch-inference/batch_inference.html",
    "exercises": "exercises/01-basic-inference/exercises.html",
    "concept page": "concepts/structured-output.html",
    "glossary": "concepts/glossary.html",
    "cheat sheet": "cheat-sheets/08-serving.html",
}
WIDTHS = (1300, 400)
HEIGHT = 900
# What somebody looks for, and what must be among the first five that are found.
SOUGHT = {
    "max_tokens": "Sampling parameters",
    "TTFT": "Async streaming",
    "block": "Glossary > Block",
    "preemption": "Preemption",
    "stop string": "Glossary > Stop string",
    "chat template": "Chat templates",
    "logprobs": "Request output",
    "prefix caching": "Prefix caching",
    "EngineDeadError": "Errors: a museum",
    "tool_choice": "Tool calls",
    "why is my text cut after 16 tokens": "Sampling parameters",
    "what is a block": "Glossary",
    "how do I stop at a word": "Glossary",
    "what does TTFT mean": "Glossary",
    "which exception do I catch": "Errors: a museum",
}


class Quiet(SimpleHTTPRequestHandler):
    """A server that writes no line for each request."""

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="session")
def book(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the book, which one of the workers has built."""
    assert PYTHON.exists(), "the book needs .venv-book: call make test-browser, or make book"
    own = tmp_path_factory.getbasetemp()
    folder = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "the-book"  # one for all workers of a run
    with FileLock(f"{folder}.lock"):
        if not folder.exists():
            made = [PYTHON, "-c", MAKE, f"{folder}-source", folder]
            done = subprocess.run(made, cwd=paths.root(), capture_output=True, text=True)
            assert done.returncode == 0, done.stderr
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.fixture
def page(chromium: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page of the browser, in the theme and width that a test asks for."""
    theme, width = getattr(request, "param", ("light", WIDTHS[0]))
    context = chromium.new_context(viewport={"width": width, "height": HEIGHT}, color_scheme=theme)
    yield context.new_page()
    context.close()


LOOKS = [pytest.param((theme, width), id=f"{theme}-{width}") for width in WIDTHS for theme in ("light", "dark")]
# What is wider than the page, but for what scrolls in itself.
TOO_WIDE = "document.documentElement.scrollWidth > document.documentElement.clientWidth + 1"


@pytest.mark.parametrize("page", LOOKS, indirect=True)
@pytest.mark.parametrize("address", PAGES.values(), ids=PAGES)
def test_it_can_be_read_by_all(book: str, page: Page, address: str, pytestconfig: pytest.Config, request) -> None:
    page.goto(f"{book}/{address}")
    expect(page.locator("article h1").first).to_be_visible()
    if folder := pytestconfig.getoption("--screenshots"):
        page.screenshot(path=folder / f"book-{request.node.callspec.id}.png")
    assert not page.evaluate(TOO_WIDE)
    assert grave_violations(page.locator("body")) == ""


@pytest.mark.parametrize(("words", "wanted"), SOUGHT.items(), ids=SOUGHT)
def test_the_search_finds_it(book: str, page: Page, words: str, wanted: str) -> None:
    page.goto(f"{book}/search.html?q={words.replace(' ', '+')}")
    expect(page.locator("#search-results .search-summary")).to_contain_text("found")
    links = page.locator("#search-results li > a")
    expect(links.first).to_be_visible()
    found = links.all_inner_texts()[:5]
    assert [text for text in found if wanted in text], found


def test_a_film_plays_without_a_kernel(book: str, page: Page) -> None:
    page.goto(f"{book}/{PAGES['lesson']}")
    film = page.locator("figure.film").first
    slider, said = film.get_by_role("slider", name="step"), film.get_by_role("status")
    expect(said).to_contain_text("Step 1 of 16: request 60 prefill, request 61 prefill")
    slider.press("End")
    expect(said).to_have_text(
        "Step 16 of 16: request 60 is not there, request 61 is not there, request 62 is not there, request 63 decode."
    )
    film.get_by_role("button", name="Play").press("Enter")
    expect(said).to_contain_text("Step 3 of 16")
    film.get_by_role("button", name="Pause").press("Enter")
    expect(film.get_by_role("button", name="Play")).to_be_focused()


def test_a_question_is_answered_by_keyboard_alone(book: str, page: Page) -> None:
    """From a lesson to the search and to a page that was found."""
    page.goto(f"{book}/{PAGES['lesson']}")
    page.keyboard.press("Control+k")
    page.keyboard.type("preemption")
    page.keyboard.press("Enter")
    found = page.locator("#search-results li > a").first
    expect(found).to_be_visible()
    found.focus()
    page.keyboard.press("Enter")
    expect(page.locator("article h1").first).to_be_visible()
    expect(page.locator("article")).to_contain_text("reemption")
