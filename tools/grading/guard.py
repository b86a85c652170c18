"""What the judge needs, kept before the first answer runs, and put back before each judgement.

An answer runs in the same Python as the check that judges it, so it can replace anything: `check`, a function of the
package, the code inside a function, a name of Python's own. All of that is noted while only the course's own cells have
run. What a determined cheat can still do is in teaching/README.md.
"""

import builtins
import contextlib
import copy
import hashlib
import os
import sys
import types
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from vllm_course import checks
from vllm_course.checks.verdict import shown

OWN = ("vllm_course.checks", "vllm_course.checks_online", "vllm_course.checks_http")  # of these also the data is kept
# Whole packages; of vLLM what an answer holds in its hands. All of it together takes a second.
ROOTS = {"vllm_course", "asyncio", "collections", "contextlib", "copy", "dataclasses", "functools", "hashlib", "http"}
ROOTS |= {
    "inspect",
    "io",
    "itertools",
    "json",
    "math",
    "operator",
    "os",
    "pathlib",
    "random",
    "re",
    "reprlib",
    "socket",
}
ROOTS |= {
    "statistics",
    "string",
    "subprocess",
    "tempfile",
    "textwrap",
    "threading",
    "time",
    "typing",
    "urllib",
    "httpx",
}
MODULES = {
    "numpy",
    "numpy._core.numeric",
    "numpy._core.fromnumeric",
    "pandas",
    "pandas.core.frame",
    "pandas.core.series",
}
MODULES |= {"pandas.core.generic", "pandas.core.base", "vllm", "vllm.outputs", "vllm.sampling_params", "numpy.linalg"}
MODULES |= {"vllm.entrypoints.llm", "vllm.v1.engine.llm_engine", "vllm.v1.engine.async_llm", "pandas.core.indexing"}
CODE = (types.FunctionType, types.BuiltinFunctionType, type, property, staticmethod, classmethod)
PARTS = ("__code__", "__defaults__", "__kwdefaults__")
PLAIN = (str, int, float, bool, bytes, type(None))
VARIABLES = ("VLLM_COURSE", "HOME", "PATH", "PYTHON", "XDG_")
SPENT = "It took longer than the time of a cell."


class Guard:
    """Keeps what judges, and judges.

    Args:
        shell: The notebook's shell.
        lesson: The file with the lesson's checks.
        folder: The submission's folder, in which its cells run.
    """

    def __init__(self, shell: Any, lesson: str, folder: str) -> None:
        self.shell, self.names, self.folder = shell, shell.user_ns, folder
        self.lesson = compile(Path(lesson).read_bytes(), lesson, "exec")
        self._load_checks()
        self.builtins, self.given, self.given_copies = dict(vars(builtins)), {}, {}
        self.variables = dict(os.environ)
        self.modules: dict[str, types.ModuleType] = {}
        self.kept: list[tuple[Any, dict[str, Any], bool]] = []
        self.codes: list[tuple[types.FunctionType, tuple]] = []
        self.data: list[tuple[Any, Any]] = []
        self.methods: dict[str, dict[str, Any]] = {}
        self.hooks = [(each, list(each)) for each in self._hooks()]
        self.shells = [(each, _own_methods(each)) for each in (shell, getattr(shell, "kernel", shell))]
        self.known: set[str] = set()
        self.keep()

    def before(self) -> None:
        """Make ready for a cell of the course: all as it was, and note which modules are there."""
        self.put_back()
        self.known = set(sys.modules)

    def after(self, names: Iterable[str]) -> None:
        """Keep what a cell of the course brought: its modules and its variables."""
        self.keep(set(sys.modules) - self.known)
        for name in {*names} & self.names.keys():
            self.given[name] = self.names[name]
            self.given_copies.pop(name, None)
            if _is_engine(self.given[name]):
                self.methods[name] = _own_methods(self.given[name])
            if _is_plain(self.given[name]):
                self.given_copies[name] = copy.deepcopy(self.given[name])

    def judge(self, number: str, arguments: list[str]) -> tuple[str, str]:
        """Return status and message for an answer, given as the expressions of the grade cell."""
        self.put_back()
        self._load_checks()
        try:
            names = {**self.names, **self.given, **copy.deepcopy(self.given_copies), **self._engines()}
            answers = [eval(argument, names) for argument in arguments]
            result = checks.judge(checks.find(number), tuple(answers))
        except KeyboardInterrupt:
            return "not yet", SPENT
        except NameError as missing:
            return "not yet", f"{missing}: the cell that defines it did not run to its end."
        except BaseException as error:
            return "not yet", f"the check could not get this answer ({type(error).__name__}: {shown(str(error))})"
        touched = [f"{name} of the check" for name, f in self.functions.items() if self.judging.get(name) is not f]
        touched += [name for name in self.put_back() if name.startswith((*OWN, "builtins"))]
        if touched and result.passed:
            return "not yet", f"the answer changes {touched[0]} while it is checked."
        return result.status, result.message

    def keep(self, names: Iterable[str] | None = None) -> None:
        """Note functions, classes and their code in modules, of the checks also the data."""
        loaded = [name for name in sys.modules if names is None or name in names]
        for name in loaded:
            module = sys.modules[name]
            if not (name in MODULES or name.partition(".")[0] in ROOTS) or not isinstance(module, types.ModuleType):
                continue
            self.modules[name] = module
            own = name.startswith(OWN)
            self._keep(module, own)
            for value in list(vars(module).values()):
                if isinstance(value, type) and value.__module__ == name:
                    self._keep(value, False)
                if own and isinstance(value, dict | list | set) and value is not vars(module).get("__builtins__"):
                    self.data.append((value, value.copy()))

    def put_back(self) -> list[str]:
        """Undo what cells did to what is kept, and return the names of it."""
        vars(builtins).update(changed := {n: v for n, v in self.builtins.items() if vars(builtins).get(n) is not v})
        found = [f"builtins.{name}" for name in changed if name != "_"]
        sys.modules.update({n: m for n, m in self.modules.items() if sys.modules.get(n) is not m})
        for owner, kept, own in self.kept:
            found += _restored(owner, kept, own)
        for function, parts in self.codes:
            if _parts(function) != parts:
                found.append(f"{function.__module__}.{function.__qualname__}")
                for name, part in zip(PARTS, parts, strict=True):
                    setattr(function, name, part)
        for live, kept in self.data:
            _refill(live, kept)
        for live, kept in self.hooks:
            live[:] = kept
        for shell, methods in self.shells:
            for name in _own_methods(shell).keys() - methods.keys():
                delattr(shell, name)
        self._restore_surroundings()
        return found

    def _keep(self, owner: Any, own: bool) -> None:
        kept = {n: v for n, v in vars(owner).items() if isinstance(v, CODE) or own and not n.startswith("_")}
        self.kept.append((owner, kept, own))
        functions = [v for v in map(_bare, kept.values()) if isinstance(v, types.FunctionType)]
        self.codes += [(function, _parts(function)) for function in functions]

    def _load_checks(self) -> None:
        """Define the lesson's checks anew, from the text that was read at the beginning."""
        self.judging = {"__name__": "checks.lesson", "__builtins__": builtins}
        exec(self.lesson, self.judging)
        self.functions = {name: value for name, value in self.judging.items() if isinstance(value, CODE)}

    def _engines(self) -> dict[str, Any]:
        """Return the engines under their names, also where an answer loaded one anew, without methods of answers.

        `load_model` gives an engine methods of its own, which wait for Ctrl-C and are quiet; those stay.
        """
        found = {}
        course = [f for f, _ in self.codes if self.methods and (f.__module__ or "").startswith("vllm_course.")]
        ours = {id(part) for function in course for part in _inner(function.__code__)}
        for name, methods in self.methods.items():
            engine = self.names.get(name)
            if type(engine) is not type(self.given[name]):
                continue
            for key, part in _own_methods(engine).items():
                if id(getattr(part, "__code__", None)) not in ours:
                    del vars(engine)[key]
            if engine is self.given[name]:
                vars(engine).update(methods)
            found[name] = engine
        return found

    def _hooks(self) -> Iterator[list]:
        """Yield the lists in which a shell keeps what it does to each cell before and after it runs."""
        manager = self.shell.input_transformer_manager
        yield from (manager.cleanup_transforms, manager.line_transforms, manager.token_transformers)
        yield from (self.shell.input_transformers_post, self.shell.input_transformers_cleanup)
        yield from (self.shell.ast_transformers, *self.shell.events.callbacks.values())

    def _restore_surroundings(self) -> None:
        """Go back to the submission's folder and to the variables that the course reads."""
        os.chdir(self.folder)
        for name in [name for name in os.environ if name.startswith(VARIABLES) and name not in self.variables]:
            del os.environ[name]
        os.environ.update({n: v for n, v in self.variables.items() if n.startswith(VARIABLES)})


def prover(key: bytes) -> Callable[[str], str]:
    """Return a function that proves that a text was written by who knows the key."""
    blake2b = hashlib.blake2b
    return lambda text: blake2b(text.encode("utf-8", "backslashreplace"), key=key).hexdigest()


def _restored(owner: Any, kept: dict[str, Any], own: bool) -> list[str]:
    live, where = vars(owner), getattr(owner, "__qualname__", "")
    base = f"{owner.__module__}.{where}" if where else owner.__name__
    changed = {name: value for name, value in kept.items() if live.get(name) is not value}
    added = [n for n in live if own and n not in kept and not n.startswith("_")]
    for name, value in changed.items():
        with contextlib.suppress(AttributeError, TypeError):  # what is written in C stays as it is
            setattr(owner, name, value)
    for name in added:
        if not isinstance(live[name], types.ModuleType):  # a part that was imported later
            delattr(owner, name)
    return [f"{base}.{name}" for name in changed]


def _refill(live: Any, kept: Any) -> None:
    if live != kept:
        live.clear()
        live.extend(kept) if isinstance(live, list) else live.update(kept)


def _parts(function: types.FunctionType) -> tuple:
    return tuple(getattr(function, name) for name in PARTS)


def _bare(value: Any) -> Any:
    value = value.fget if isinstance(value, property) else value
    return getattr(value, "__func__", value)


def _is_engine(value: Any) -> bool:
    return hasattr(type(value), "generate") and hasattr(value, "__dict__")


def _own_methods(engine: Any) -> dict[str, Any]:
    return {key: part for key, part in vars(engine).items() if callable(part) and hasattr(type(engine), key)}


def _inner(code: types.CodeType) -> Iterator[types.CodeType]:
    """Yield the code of functions that a function defines."""
    for part in code.co_consts:
        if isinstance(part, types.CodeType):
            yield part
            yield from _inner(part)


def _is_plain(value: Any) -> bool:
    """Whether a value is data through and through, which an answer could change in place."""
    if type(value) is dict:
        return all(map(_is_plain, value)) and all(map(_is_plain, value.values()))
    if type(value) in (list, tuple, set):
        return all(map(_is_plain, value))
    return isinstance(value, pd.DataFrame | pd.Series) or type(value) in PLAIN
