"""Take out of an executed notebook what belongs to one machine or one moment, and find what is left of it."""

import re
import sys
from pathlib import Path

from nbformat import NotebookNode

from vllm_course import paths

KERNELSPEC = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
# The language's version would change with every patch release of Python.
METADATA = {"kernelspec": KERNELSPEC, "language_info": {"name": "python"}}
KEPT_CELL_METADATA = {"tags", "nbgrader", "editable", "deletable", "jupyter"}
WIDGET = "application/vnd.jupyter.widget"

ANSI = re.compile(r"\x1b\[[0-9;]*m")
TRACES = {
    "an absolute path": re.compile(
        r"(?<![\w.:/-])/(?:home|root|Users|tmp|usr|opt|var|mnt|srv|media|work|workspace|workspaces|content)/"
        r"|(?<!\w)[A-Za-z]:\\\w|(?<!\w)~/|"
        + "|".join(re.escape(str(path)) for path in (paths.root(), Path.home(), sys.prefix) if str(path) != "/")
    ),
    "a time of day": re.compile(r"\b\d{1,2}:\d\d:\d\d\b"),
    "a memory address": re.compile(r"\b0x[0-9a-f]{6,}\b"),
}


def clean(notebook: NotebookNode) -> None:
    """Normalise metadata, outputs and tracebacks in place. Images and texts stay as they are."""
    notebook.metadata = NotebookNode(METADATA)
    for cell in notebook.cells:
        cell.metadata = NotebookNode({k: v for k, v in cell.metadata.items() if k in KEPT_CELL_METADATA})
        for output in cell.get("outputs", []):
            _clean_output(output)


def traces(output: NotebookNode) -> list[str]:
    """Name what an output tells of the machine or the moment that made it, for example "an absolute path"."""
    text = ANSI.sub("", output_text(output))
    return [name for name, pattern in TRACES.items() if pattern.search(text)]


def output_text(output: NotebookNode) -> str:
    """Return all that an output holds as text; images are left out."""
    if output.output_type == "stream":
        return output.text
    if output.output_type == "error":
        return "\n".join([output.ename, output.evalue, *output.traceback])
    return "\n".join(str(data) for kind, data in output.data.items() if not kind.startswith("image/"))


def _clean_output(output: NotebookNode) -> None:
    if output.output_type == "error":
        output.traceback = [part for part in output.traceback if not _is_foreign(part)]
    if "data" in output:
        output.data = NotebookNode({k: v for k, v in output.data.items() if not k.startswith(WIDGET)})
        output.metadata = NotebookNode()


def _is_foreign(part: str) -> bool:
    """Whether a part of a traceback shows a file of the machine; those of the notebook's cells stay."""
    plain = ANSI.sub("", part)
    return plain.lstrip().startswith("File ") or TRACES["an absolute path"].search(plain) is not None
