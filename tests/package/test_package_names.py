"""What `vllm_course` offers: imported when it is used first, known to editors, and not hidden by a module's name."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import vllm_course

LIGHT = "vllm_course.CourseError, vllm_course.__version__"
HEAVY = "{'numpy', 'pandas', 'matplotlib', 'ipywidgets', 'IPython', 'psutil', 'sqlite3', 'torch', 'vllm'}"


def run(code: str) -> str:
    """Run code in a fresh process and return what it printed."""
    return subprocess.check_output([sys.executable, "-c", code], text=True).strip()


def imports_for_editors() -> dict[str, str]:
    """Return what the block under TYPE_CHECKING imports: name to module."""
    tree = ast.parse(Path(vllm_course.__file__).read_text(encoding="utf-8"))
    (block,) = (node for node in tree.body if isinstance(node, ast.If))
    return {alias.name: node.module for node in block.body for alias in node.names}


def test_importing_it_imports_nothing_heavy():
    assert run(f"import sys, vllm_course; {LIGHT}; print({HEAVY} & {{*sys.modules}})") == "set()"


def test_editors_see_the_names_that_there_are():
    names = {name: f"vllm_course.{module}" for name, module in vllm_course.MODULES.items()}
    assert imports_for_editors() == names
    assert sorted([*names, "CourseError"]) == vllm_course.__all__
    assert set(vllm_course.__all__) <= set(dir(vllm_course))


@pytest.mark.parametrize("name", vllm_course.MODULES)
def test_every_name_is_its_modules_own(name):
    value = getattr(vllm_course, name)
    assert (value.__name__, value.__module__) == (name, f"vllm_course.{vllm_course.MODULES[name]}")


def test_no_function_has_the_name_of_a_module_beside_it():
    """Importing such a module would put it in the function's place."""
    beside = {path.stem for path in Path(vllm_course.__file__).parent.iterdir()}
    assert not beside & set(vllm_course.__all__)


def test_a_name_that_there_is_not():
    with pytest.raises(AttributeError, match="module 'vllm_course' has no attribute 'chek'"):
        vllm_course.chek  # noqa: B018
    with pytest.raises(ImportError, match="cannot import name 'chek'"):
        from vllm_course import chek  # noqa: F401


def test_a_module_can_still_be_imported_from_it():
    assert (
        run("from vllm_course import paths, checks; print(paths.__name__, checks.__name__)")
        == "vllm_course.paths vllm_course.checks"
    )
