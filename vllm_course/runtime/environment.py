"""Variables of the environment that vLLM reads, and that somebody else may have set.

Kubernetes sets `VLLM_PORT=tcp://...` in every container beside a service that is called vllm, and a class's machine may
hold what another project needs. vLLM finds such a value late, and says forty lines about it.
"""

import difflib
import functools
import importlib.metadata
import importlib.util
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from vllm_course.errors import CourseError, one_line

PREFIX, OWN_PREFIX = "VLLM_", "VLLM_COURSE_"
OWN = [f"{OWN_PREFIX}{name}" for name in ("MODEL", "CHAT_MODEL", "HOME", "STRICT", "MAX_TOKENS")]
ALIKE = 0.93  # two letters swapped, or one too many; of vLLM's own names none is as near
LEVEL = "VLLM_LOGGING_LEVEL"
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL", "NOTSET")
KV_CACHE, MODELSCOPE, PORT = "VLLM_CPU_KVCACHE_SPACE", "VLLM_USE_MODELSCOPE", "VLLM_PORT"
PROXIES = ("http_proxy", "https_proxy", "all_proxy")
THIS_MACHINE = ("127.0.0.1", "localhost", "::1")
BY_THE_COURSE = {LEVEL: "ERROR", "VLLM_ENABLE_V1_MULTIPROCESSING": "0", "VLLM_CPU_OMP_THREADS_BIND": "nobind"}
UNSET = "Unset it where you start Jupyter or the script: unset {name}"


def ask_this_machine_directly() -> None:
    """Keep requests to servers on this machine from a proxy that is set: no proxy could pass them on.

    The two lists hold for every client that reads the environment: httpx, openai, requests and curl.
    """
    lists = [os.environ.get(name, "") for name in ("no_proxy", "NO_PROXY")]
    given = [place.strip() for text in lists for place in text.split(",") if place.strip()]
    if "*" not in given and any(os.environ.get(form) for name in PROXIES for form in (name, name.upper())):
        os.environ["no_proxy"] = os.environ["NO_PROXY"] = ",".join(dict.fromkeys([*given, *THIS_MACHINE]))


def found() -> dict[str, str]:
    """Return what the environment says to vLLM: name and value of each variable, the course's own left out."""
    names = sorted(name for name in os.environ if name.startswith(PREFIX) and not name.startswith(OWN_PREFIX))
    return {name: os.environ[name] for name in names}


def foreign() -> tuple[str, ...]:
    """Return the names of variables that vLLM reads and that `import vllm_course` has not set."""
    return tuple(name for name, value in found().items() if BY_THE_COURSE.get(name) != value)


def broken() -> dict[str, str]:
    """Return what vLLM or the course cannot read: each variable with the rule that it breaks, and its value."""
    rules = {name: (_rule(name, value), value) for name, value in found().items()} | _misspelled()
    return {name: f"{rule}, got {value!r}" for name, (rule, value) in rules.items() if rule}


def require(broken_rules: dict[str, str]) -> None:
    """Refuse variables.

    Args:
        broken_rules: What `broken` or `replacing` returns.

    Raises:
        CourseError: There is one; the message is about the first.
    """
    for name, rule in broken_rules.items():
        raise CourseError(f"{name} {rule}. {UNSET.format(name=name)}")


def replacing() -> dict[str, str]:
    """Return the variable that would replace `kv_cache_memory_bytes` on a CPU without a word, with the rule for it."""
    value = os.environ.get(KV_CACHE)
    return {KV_CACHE: f"must not be set, since it replaces kv_cache_memory_bytes, got {value!r}"} if value else {}


def _misspelled() -> dict[str, tuple[str, str]]:
    """Return the variables that are nearly one of the course's, which would be passed over, with rule and value."""
    likely = {name: value for name, value in os.environ.items() if name.upper().startswith(PREFIX) and name not in OWN}
    near = {name: difflib.get_close_matches(name.upper(), OWN, n=1, cutoff=ALIKE) for name in likely}
    return {name: (f"must be spelled {near[name][0]}", likely[name]) for name in sorted(likely) if near[name]}


def _rule(name: str, value: str) -> str:
    """Return the rule that a value breaks, "" for none."""
    if name == LEVEL and value.upper() not in LEVELS:
        return f"must be one of {', '.join(LEVELS)}"
    if name == MODELSCOPE and value.strip().lower() in ("1", "true") and not _is_installed("modelscope"):
        return "must be false, since the package modelscope is not installed"
    rule = _vllms_rule(name)
    return "must be a number; Kubernetes sets it for a service that is called vllm" if rule and name == PORT else rule


def _vllms_rule(name: str) -> str:
    try:
        _vllms_readers().get(name, str)()
    except Exception as error:  # each variable has a reader of its own, which fails in its own way
        return f"must be a value that vLLM can read ({one_line(error).rstrip('.')})"
    return ""


@functools.cache
def _vllms_readers() -> dict[str, Callable[[], Any]]:
    """Return vLLM's own table of variables and what reads them, without the seconds that importing vLLM takes."""
    package = importlib.util.find_spec("vllm")
    if package is None or package.origin is None:
        return {}
    spec = importlib.util.spec_from_file_location("vllm_envs_alone", Path(package.origin).with_name("envs.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.environment_variables


def _is_installed(distribution: str) -> bool:
    try:
        importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True
