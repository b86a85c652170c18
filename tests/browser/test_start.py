"""What a learner sees first: `make lab` opens JupyterLab at lesson 01."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.lab import HEIGHT, WIDE, Lab
from tests.browser.server import LabServer

LESSON = "lessons/01-basic-inference/basic_inference.ipynb"


@pytest.fixture(scope="module")
def first(chromium: Browser, server: LabServer) -> Iterator[Lab]:
    """A page of its own, at the address that `make lab` opens, in a workspace where nothing was opened before."""
    context = chromium.new_context(viewport={"width": WIDE, "height": HEIGHT})
    lab = Lab(context.new_page(), server)
    lab.start(f"lab/workspaces/first/tree/{LESSON}")
    lab.wait_until_in_front(LESSON)
    yield lab
    lab.open(LESSON).shut_down()
    context.close()


def test_the_course_page_is_the_first_tab_and_the_lesson_is_in_front(first: Lab) -> None:
    assert first.tabs() == ["vLLM course", "basic_inference.ipynb"]


def test_nothing_asks_about_news(first: Lab) -> None:
    first.page.wait_for_timeout(3000)  # JupyterLab asks about a second after it is ready
    expect(first.page.locator(".Toastify__toast, .jp-Dialog")).to_have_count(0)
