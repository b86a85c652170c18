"""Every small mistake that a machine can make in a piece of code, one at a time."""

import ast
from collections.abc import Callable, Iterator
from typing import NamedTuple

from tools.mutants.parts import IMPORTS, Parts

OPPOSITES = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
FOR_READERS = {"description", "help", "metavar", "epilog"}  # texts that no check looks at


class Mutant(NamedTuple):
    """One mistake, `line 4, column 9: 8 becomes 9`, and the code to run: what is changed, and all that comes of it."""

    name: str
    source: str


class Slot(NamedTuple):
    """A place in a syntax tree that holds a node: its parent, and how to put another node there."""

    parent: ast.AST
    node: ast.AST
    put: Callable[[ast.AST], None]


def mutants(source: str, answers: set[str]) -> Iterator[Mutant]:
    """Break all that an answer depends on, in every way that is known, unless a model would have to be loaded anew.

    Args:
        source: Code of a solution's cell.
        answers: Names that the check is given.
    """
    parts = Parts(source, answers)
    for statement in parts.statements:
        again = [] if isinstance(statement, IMPORTS) else parts.again(statement)
        for slot in _slots(statement) if again else ():
            for what, new in (mistake for mistake in _mistakes(slot) if ast.dump(mistake[1]) != ast.dump(slot.node)):
                place = f"line {slot.node.lineno}, column {slot.node.col_offset + 1}"
                before = ast.unparse(slot.node).splitlines()[0]
                slot.put(ast.copy_location(new, slot.node))
                broken = ast.unparse(ast.fix_missing_locations(ast.Module(again, [])))
                slot.put(slot.node)
                yield Mutant(f"{place}: {before:.60} {what}", broken)


def _slots(statement: ast.stmt) -> Iterator[Slot]:
    for parent in ast.walk(statement):
        for field, value in ast.iter_fields(parent):
            if isinstance(value, ast.AST):
                yield Slot(parent, value, lambda new, parent=parent, field=field: setattr(parent, field, new))
            for index, node in enumerate(value if isinstance(value, list) else []):
                if isinstance(node, ast.AST):
                    yield Slot(parent, node, lambda new, value=value, index=index: value.__setitem__(index, new))


def _mistakes(slot: Slot) -> Iterator[tuple[str, ast.AST]]:
    """Yield what can be done to a node: in words, and as another node."""
    parent, node = slot.parent, slot.node
    if isinstance(node, ast.Constant) and not _for_readers(parent):
        yield from _other_constants(node)
    if isinstance(parent, ast.If | ast.While | ast.IfExp) and node is parent.test:
        yield from (("is always so", ast.Constant(True)), ("is never so", ast.Constant(False)))
    if isinstance(parent, ast.comprehension) and node in parent.ifs:
        yield "no longer chooses", ast.Constant(True)
    if isinstance(node, ast.Compare):
        for place, operator in enumerate(node.ops):
            ops = [OPPOSITES[type(operator)]() if n == place else op for n, op in enumerate(node.ops)]
            yield "has another operator", ast.Compare(node.left, ops, node.comparators)
    if isinstance(node, ast.BoolOp):
        yield from (("is cut to its first part", node.values[0]), ("is cut to its last part", node.values[-1]))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield "is not negated", node.operand
    if isinstance(node, ast.Call):
        for keyword in (keyword for keyword in node.keywords if keyword.arg not in (None, *FOR_READERS)):
            kept = [other for other in node.keywords if other is not keyword]
            yield f"has no {keyword.arg}", ast.Call(node.func, node.args, kept)
    if _can_be_dropped(node):
        yield "is dropped", ast.Pass()


def _other_constants(node: ast.Constant) -> Iterator[tuple[str, ast.AST]]:
    value = node.value
    if isinstance(value, bool):
        yield f"becomes {not value}", ast.Constant(not value)
    elif isinstance(value, int | float):
        yield f"becomes {value + 1}", ast.Constant(value + 1)
    elif isinstance(value, str) and value:
        yield "becomes empty", ast.Constant("")


def _for_readers(parent: ast.AST) -> bool:
    """Whether a constant here is a docstring or a help text."""
    return isinstance(parent, ast.Expr) or (isinstance(parent, ast.keyword) and parent.arg in FOR_READERS)


def _can_be_dropped(node: ast.AST) -> bool:
    is_call = isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
    return is_call or isinstance(node, ast.AugAssign | ast.Raise | ast.Break | ast.Continue)
