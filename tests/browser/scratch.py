"""Notebooks that a test writes for itself into the copy of the course."""

import nbformat
from nbformat.v4 import new_code_cell, new_notebook

from tests.browser.lab import Lab, Notebook

KERNEL = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}


def write(lab: Lab, path: str, sources: list[str]) -> Notebook:
    """Write a notebook of code cells into the course's folder and open it."""
    cells = [new_code_cell(source) for source in sources]
    nbformat.write(new_notebook(cells=cells, metadata={"kernelspec": KERNEL}), lab.server.course / path)
    return lab.open(path)
