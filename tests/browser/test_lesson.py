"""A lesson runs in JupyterLab from the first cell to the last."""

from playwright.sync_api import expect

from tests.browser.lab import Lab

LESSON = "lessons/01-basic-inference/basic_inference.ipynb"
LESSON_SECONDS = 400  # about 60 on two idle cores
WIDGET = "application/vnd.jupyter.widget-view+json"
SHOWN_WIDGET = ".jp-OutputArea-output > .jupyter-widgets"


def test_lesson_01_runs_without_an_error_that_it_does_not_want(lab: Lab) -> None:
    notebook = lab.open(LESSON)
    notebook.clear()
    notebook.run_all(seconds=LESSON_SECONDS)
    cells = notebook.code_cells()
    widgets = [output for cell in cells for output in cell["outputs"] if WIDGET in output.get("data", {})]
    expect(notebook.panel.locator(SHOWN_WIDGET)).to_have_count(len(widgets))
    notebook.shut_down()
    assert [cell["source"] for cell in cells if cell["executed"] is None] == []
    failed = {cell["source"] for cell in cells if "error" in {output["output_type"] for output in cell["outputs"]}}
    assert failed == {cell["source"] for cell in cells if "raises-exception" in cell["tags"]}
