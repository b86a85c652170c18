"""Every lesson runs in JupyterLab from the first cell to the last."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.lab import Lab
from tests.rules.notebooks import label, lesson_notebook, lessons

LESSON_SECONDS = 400  # about 60 on two idle cores
WIDGET = "application/vnd.jupyter.widget-view+json"
SHOWN_WIDGET = ".jp-OutputArea-output > :is(.jupyter-widgets, .vc-quiz)"


@pytest.mark.parametrize("path", [lesson_notebook(folder) for folder in lessons()], ids=label)
def test_a_lesson_runs_without_an_error_that_it_does_not_want(lab: Lab, path: Path) -> None:
    notebook = lab.open(label(path))
    notebook.clear()
    notebook.run_all(seconds=LESSON_SECONDS)
    cells = notebook.code_cells()
    widgets = [output for cell in cells for output in cell["outputs"] if WIDGET in output.get("data", {})]
    assert widgets != []
    expect(notebook.panel.locator(SHOWN_WIDGET)).to_have_count(len(widgets))
    notebook.shut_down()
    assert [cell["source"] for cell in cells if cell["executed"] is None] == []
    failed = {cell["source"] for cell in cells if "error" in {output["output_type"] for output in cell["outputs"]}}
    assert failed == {cell["source"] for cell in cells if "raises-exception" in cell["tags"]}
