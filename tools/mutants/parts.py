"""What an answer depends on in a cell, and what must run again when one of its statements is changed."""

import ast

DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
IMPORTS = (ast.Import, ast.ImportFrom)
LOADING = {"load_model", "load_chat_model", "LLM"}


class Parts:
    """The statements of a cell that an answer depends on.

    Args:
        source: The code.
        answers: Names that the check is given.

    Attributes:
        statements: They, in order; stubs such as `answer = ...` are left out.
    """

    def __init__(self, source: str, answers: set[str]) -> None:
        body = [node for node in ast.parse(source).body if not _is_stub(node) and not _only_shows(node)]
        needed, count = set(answers), -1
        while count != len(needed):
            count = len(needed)
            for node in body:
                needed |= _used(node) if _bound(node) & needed else set()
        self.statements = [node for node in body if _bound(node) & needed]

    def again(self, changed: ast.stmt) -> list[ast.stmt]:
        """Return what must run when a statement has changed: imports, definitions, and all that comes of it.

        None of it may load a model, which would free the engine that the other answers hold; then nothing is returned.
        """
        touched = {id(changed)}
        names, count = _bound(changed), -1
        while count != len(touched):
            count = len(touched)
            for node in self.statements:
                if _used(node) & names or (_bound(node) & names and not isinstance(node, IMPORTS)):
                    touched.add(id(node))
                    names |= _bound(node)
        run = [node for node in self.statements if id(node) in touched or isinstance(node, (*DEFINITIONS, *IMPORTS))]
        runs_now = [node for node in run if not isinstance(node, (*DEFINITIONS, *IMPORTS))]
        loads = self._loading()
        return [] if any(_used(node) & loads for node in runs_now) else run

    def _loading(self) -> set[str]:
        """Return the names that load a model when they are called."""
        found, count = set(LOADING), -1
        while count != len(found):
            count = len(found)
            defined = [node for node in self.statements if isinstance(node, DEFINITIONS)]
            found |= {node.name for node in defined if _used(node) & found}
        return found


def _bound(node: ast.stmt) -> set[str]:
    """Return the names that a statement makes or changes, also by `name[key] = ...` or `name.method()`."""
    if isinstance(node, DEFINITIONS):
        return {node.name}
    if isinstance(node, IMPORTS):
        return {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
    found = set()
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store):
            found.add(inner.id)
        is_kept = isinstance(inner, ast.Subscript | ast.Attribute) and isinstance(inner.ctx, ast.Store)
        is_called = isinstance(inner, ast.Expr) and isinstance(inner.value, ast.Call)
        if is_kept or is_called:
            found |= _base(inner.value.func if is_called else inner)
    return found


def _base(node: ast.AST) -> set[str]:
    """Return `name` for `name.a[0].b`, nothing for a plain `name`."""
    deep = node
    while isinstance(deep, ast.Subscript | ast.Attribute):
        deep = deep.value
    return {deep.id} if isinstance(deep, ast.Name) and deep is not node else set()


def _used(node: ast.stmt) -> set[str]:
    if isinstance(node, IMPORTS):
        return set()
    names = [inner for inner in ast.walk(node) if isinstance(inner, ast.Name)]
    return {name.id for name in names if isinstance(name.ctx, ast.Load) or isinstance(node, ast.AugAssign)}


def _is_stub(node: ast.stmt) -> bool:
    value = node.value if isinstance(node, ast.Assign) else None
    return value is not None and any(isinstance(n, ast.Constant) and n.value is ... for n in ast.walk(value))


def _only_shows(node: ast.stmt) -> bool:
    """Whether a statement only prints."""
    call = node.value if isinstance(node, ast.Expr) else None
    return isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "print"
