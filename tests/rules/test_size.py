"""No function is longer than a screen, in the package, the checks, the tools, the scripts and the tests."""

import pytest

from tests.rules.notebooks import label
from tests.rules.size import MOST_LINES_OF_A_FUNCTION, lines_of_code, long_functions
from vllm_course import paths

PARTS = ("checks", "lessons", "solutions", "tests", "tools", "vllm_course")
FILES = [file for part in PARTS for file in sorted((paths.root() / part).rglob("*.py"))]


def test_no_function_is_too_long():
    problems = [f"{label(file)}: {problem}" for file in FILES for problem in long_functions(file.read_text("utf-8"))]
    assert len(FILES) > 200
    assert problems == []


@pytest.mark.parametrize(("lines", "refused"), [(MOST_LINES_OF_A_FUNCTION - 1, 0), (MOST_LINES_OF_A_FUNCTION, 1)])
def test_a_long_function_is_seen(lines, refused):
    body = '        """Docs.\n\n        More."""\n\n        # why\n' + "        x = 1\n" * lines
    assert len(long_functions(f"class A:\n    def f():\n{body}")) == refused


def test_lines_of_code_leaves_out_what_is_no_code():
    source = '"""Docs,\n\ntwo lines."""\n\n# comment\nx = 1\n\n\ndef f():\n    """Docs."""\n    return """a\nb"""\n'
    assert lines_of_code(source) == 4
