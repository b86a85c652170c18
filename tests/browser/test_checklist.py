"""The checklist keeps its ticks, and the course page counts them."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.lab import Lab, Notebook
from tests.browser.scratch import write

ITEMS = ["load a model", "complete a batch of prompts"]


@pytest.fixture
def notebook(lab: Lab) -> Iterator[Notebook]:
    """A notebook with a checklist that is shown."""
    written = write(lab, "checklist.ipynb", ["from vllm_course import checklist", f'checklist("01", {ITEMS})'])
    written.run_all()
    yield written
    written.shut_down()


def test_a_tick_survives_a_restart_of_the_kernel(notebook: Notebook) -> None:
    boxes = notebook.panel.get_by_role("checkbox", name=ITEMS[0])
    expect(boxes).not_to_be_checked()
    boxes.press("Space")
    expect(notebook.panel).to_contain_text("1 of 2 ticked")
    notebook.restart()
    notebook.clear()
    expect(boxes).to_have_count(0)
    notebook.run_all()
    expect(boxes).to_be_checked()
    expect(notebook.panel.get_by_role("checkbox", name=ITEMS[1])).not_to_be_checked()
