"""The course page in JupyterLab: the lessons, with links that open them."""

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.lab import Lab
from tests.browser.scratch import write

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


def test_it_tells_how_well_the_learner_forecasts(lab: Lab) -> None:
    cells = ["from vllm_course import compare, predict", 'predict("1.1", 40)', 'compare("1.1", 32)']
    notebook = write(lab, "forecast.ipynb", cells)
    notebook.run_all()
    expect(notebook.panel).to_contain_text("Forecast 40, measured 32: 1.25 times too high.")
    notebook.shut_down()
    lab.command("vllm-course:open")
    part = lab.page.get_by_role("region", name="Your forecasts")
    expect(part).to_contain_text("1 compared, median factor 1.25 (1 is exact).")
    expect(part.get_by_role("listitem")).to_have_text(["1.1: forecast 40, measured 32: 1.25 times too high"])
