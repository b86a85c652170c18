"""How large things may be: a function fits on a screen, and what a learner opens is read in ten minutes."""

import ast
import textwrap

MOST_LINES_OF_A_FUNCTION = 40  # of code; about ten are usual


def lines_of_code(source: str) -> int:
    """Count the lines that hold code: no blank line, no comment, no docstring."""
    tree = ast.parse(source)
    docstrings = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node, clean=False):
            docstrings.update(range(node.body[0].lineno, node.body[0].end_lineno + 1))
    code = [line.strip() for number, line in enumerate(source.splitlines(), 1) if number not in docstrings]
    return sum(1 for line in code if line and not line.startswith("#"))


def long_functions(source: str) -> list[str]:
    """Name the functions that have too many lines of code."""
    nodes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    lengths = [(node, lines_of_code(_text(source, node))) for node in nodes]
    rule = f"must have at most {MOST_LINES_OF_A_FUNCTION} lines of code"
    return [
        f"{node.name} (line {node.lineno}) {rule}, got {length}. Split it."
        for node, length in lengths
        if length > MOST_LINES_OF_A_FUNCTION
    ]


def _text(source: str, node: ast.stmt) -> str:
    return textwrap.dedent("\n".join(source.splitlines()[node.lineno - 1 : node.end_lineno]))
