"""A solution notebook runs as in a notebook: cell by cell, and cells that await share one event loop."""

import nbformat
from nbformat.v4 import new_code_cell, new_notebook

from tools.solving import solve

CELLS = [
    "import asyncio\nloops = []",
    "async def one():\n    loops.append(asyncio.get_running_loop())\n    return 1",
    "number = await one()",
    "numbers = [number async for number in many()]",
    "async def many():\n    yield await one()\n\n\nasync for each in many():\n    pass",
    "total = number + each",
]


def test_cells_may_await(tmp_path):
    nbformat.write(new_notebook(cells=[new_code_cell(cell) for cell in CELLS]), tmp_path / "solved.ipynb")
    solved = solve(tmp_path / "solved.ipynb")
    assert solved.failures == ["cell 4 must run, got NameError: name 'many' is not defined"]
    assert solved.namespace["total"] == 2
    assert len(solved.namespace["loops"]) == 2
    assert solved.namespace["loops"][0] is solved.namespace["loops"][1]
