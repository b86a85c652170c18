"""How large things may be: a function fits on a screen, and what a learner opens is read in ten minutes."""

import ast

MOST_LINES_OF_A_FUNCTION = 40  # of code; about ten are usual


def lines_of_code(source: str) -> int:
    """Count the lines that hold code: no blank line, no comment, no docstring."""
    return len(_code(source))


def long_functions(source: str) -> list[str]:
    """Name the functions that have too many lines of code."""
    code, rule = _code(source), f"must have at most {MOST_LINES_OF_A_FUNCTION} lines of code"
    nodes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    lengths = [(node, len(code.intersection(range(node.lineno, node.end_lineno + 1)))) for node in nodes]
    return [
        f"{node.name} (line {node.lineno}) {rule}, got {length}. Split it."
        for node, length in lengths
        if length > MOST_LINES_OF_A_FUNCTION
    ]


def _code(source: str) -> set[int]:
    """Return the numbers of the lines that hold code."""
    docstrings: set[int] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node, clean=False):
            docstrings.update(range(node.body[0].lineno, node.body[0].end_lineno + 1))
    lines = {number: line.strip() for number, line in enumerate(source.splitlines(), 1)}
    return {number for number, line in lines.items() if line and not line.startswith("#")} - docstrings
