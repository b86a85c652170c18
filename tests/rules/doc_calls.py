"""Python blocks that are shown but not run: they must parse, and every call of vLLM in them must bind.

What a name stands for is read off the page's own imports and assignments: `LLM` from `from vllm import LLM`, and `llm`
from `llm = LLM(...)`, so that `llm.generate(...)` is looked at too.
"""

import ast
import dataclasses
import importlib
import inspect
from typing import Any

ROOTS = ("vllm", "vllm_course")
# Functions that pass **kwargs on, and what the keyword arguments must be fields of.
PASSES_ON = {"LLM": "EngineArgs", "load_model": "EngineArgs", "engine_args": "EngineArgs"} | dict.fromkeys(
    ("generate", "sweep"), "SamplingParams"
)


@dataclasses.dataclass(frozen=True)
class Instance:
    """What a variable holds whose value was made by calling a class."""

    kind: type


def problems(code: str, names: dict[str, Any]) -> list[str]:
    """Check a block, and note in `names` what its imports and assignments stand for.

    Args:
        code: The block.
        names: Name to vLLM object (or `Instance`), from the page's blocks above; changed in place.

    Returns:
        One message a call that does not bind, or the syntax error.
    """
    try:
        tree = ast.parse(code)
    except SyntaxError as error:
        return [f"the block must be valid Python, got {error}"]
    try:
        for node in ast.walk(tree):
            _note(node, names)
        return [message for node in ast.walk(tree) if isinstance(node, ast.Call) for message in _call(node, names)]
    except (AttributeError, ImportError) as error:
        return [f"vLLM must have what is named, got {error}"]


def _note(node: ast.AST, names: dict[str, Any]) -> None:
    if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in ROOTS:
        module = importlib.import_module(node.module)
        names.update({alias.asname or alias.name: getattr(module, alias.name) for alias in node.names})
    if isinstance(node, ast.Import):
        for alias in node.names:
            if alias.name.split(".")[0] in ROOTS:
                module = importlib.import_module(alias.name if alias.asname else alias.name.split(".")[0])
                names[alias.asname or alias.name.split(".")[0]] = module
    if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and isinstance(node.targets[0], ast.Name):
        made = _resolve(node.value.func, names)
        if getattr(made, "__name__", "") == "load_model":
            made = importlib.import_module("vllm").LLM
        if inspect.isclass(made):
            names[node.targets[0].id] = Instance(made)


def _resolve(function: ast.expr, names: dict[str, Any]) -> Any:
    """Return the object that an expression such as `vllm.LLM` or `llm.generate` stands for, None if not vLLM's."""
    if isinstance(function, ast.Name):
        return names.get(function.id)
    if isinstance(function, ast.Attribute):
        owner = _resolve(function.value, names)
        if isinstance(owner, Instance):
            return getattr(owner.kind, function.attr)
        return getattr(owner, function.attr) if owner is not None else None
    return None


def _call(node: ast.Call, names: dict[str, Any]) -> list[str]:
    called = _resolve(node.func, names)
    if called is None or isinstance(called, Instance):
        return []
    bound_to = _resolve(node.func.value, names) if isinstance(node.func, ast.Attribute) else None
    positional = [None] * (len(node.args) + isinstance(bound_to, Instance))
    unpacks = any(isinstance(a, ast.Starred) for a in node.args) or any(k.arg is None for k in node.keywords)
    keywords = {k.arg: None for k in node.keywords if k.arg}
    signature = inspect.signature(called)
    try:
        (signature.bind_partial if unpacks else signature.bind)(*positional, **keywords)
    except TypeError as error:
        return [f"line {node.lineno}: the call must fit {ast.unparse(node.func)}{signature}, got {error}"]
    known = {*signature.parameters, *_fields(called)}
    unknown = sorted(set(keywords) - known) if called.__name__ in PASSES_ON else []
    return [f"line {node.lineno}: {ast.unparse(node.func)} must be given what vLLM has, got {n}" for n in unknown]


def _fields(called: Any) -> set[str]:
    """Return the fields of the class that a function hands its keyword arguments to."""
    target = PASSES_ON.get(called.__name__)
    return set(inspect.signature(getattr(importlib.import_module("vllm"), target)).parameters) if target else set()
