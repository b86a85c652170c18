"""Every small mistake that a machine can make in a piece of code, one at a time."""

import ast
from collections.abc import Callable, Iterator
from typing import NamedTuple

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
DEFINITIONS = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


class Mutant(NamedTuple):
    """The code with one mistake, and what the mistake is: `line 4, column 9: 8 becomes 9`."""

    name: str
    source: str


class Slot(NamedTuple):
    """A place in a syntax tree that holds a node: its parent, and how to put another node there."""

    parent: ast.AST
    node: ast.AST
    put: Callable[[ast.AST], None]


def mutants(source: str, answers: set[str]) -> Iterator[Mutant]:
    """Break the definitions of a cell, and the assignments that make an answer, in every way that is known.

    Args:
        source: Code of a solution's cell.
        answers: Names that the check is given; other assignments outside functions are left as they are.

    Yields:
        The whole cell, with one mistake.
    """
    module = ast.parse(source)
    for statement in [s for s in module.body if _is_broken(s, module, answers)]:
        for slot in _slots(statement):
            for what, new in _mistakes(slot):
                place = f"line {slot.node.lineno}, column {slot.node.col_offset + 1}"
                before = ast.unparse(slot.node).splitlines()[0]
                slot.put(ast.copy_location(new, slot.node))
                broken = ast.unparse(ast.fix_missing_locations(module))
                slot.put(slot.node)
                yield Mutant(f"{place}: {before:.60} {what}", broken)


def _is_broken(statement: ast.stmt, module: ast.Module, answers: set[str]) -> bool:
    """Whether a statement is a definition, a constant of one, or an answer that loads no model."""
    if isinstance(statement, DEFINITIONS):
        return True
    if not isinstance(statement, ast.Assign) or _names(statement) & _loading(module):
        return False
    used = {name for node in module.body if isinstance(node, DEFINITIONS) for name in _names(node)}
    bound = {node.id for target in statement.targets for node in ast.walk(target) if isinstance(node, ast.Name)}
    return bool(bound & (answers | used)) and not _is_stub(statement.value)


def _loading(module: ast.Module) -> set[str]:
    """Return the names that load a model when they are called: a second one would free the solution's own."""
    found = {"load_model", "load_chat_model", "LLM"}
    for node in module.body:
        if isinstance(node, DEFINITIONS) and _names(node) & found:
            found.add(node.name)
    return found


def _is_stub(value: ast.expr) -> bool:
    return any(isinstance(node, ast.Constant) and node.value is ... for node in ast.walk(value))


def _names(node: ast.AST) -> set[str]:
    return {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}


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
