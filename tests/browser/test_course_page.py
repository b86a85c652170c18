"""The course page in JupyterLab: the lessons, with links that open them."""

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.lab import Lab

NOTEBOOK = "lessons/01-basic-inference/basic_inference.ipynb"


@pytest.fixture
def page_tab(lab: Lab) -> Locator:
    """The course page, in front."""
    lab.command("vllm-course:open")
    return lab.page.locator(".vc-page")


def test_it_lists_lesson_01(page_tab: Locator) -> None:
    expect(page_tab.locator(".vc-lesson").first).to_contain_text("Basic offline inference")


def test_the_link_of_a_lesson_opens_its_notebook(lab: Lab, page_tab: Locator) -> None:
    page_tab.get_by_role("link", name="Notebook of lesson 01").click()
    lab.wait_until_in_front(NOTEBOOK)
    lab.open(NOTEBOOK).shut_down()
