"""From a configuration to what it amounts to: the command line of `vllm serve`, and the variables beside it."""

import json
import os
import shlex
from pathlib import Path
from typing import Any

from vllm_course.configuring.config import ServeConfig
from vllm_course.errors import CourseError
from vllm_course.memory import arguments
from vllm_course.models import find_model, is_shipped
from vllm_course.runtime import gpus, quiet, threads
from vllm_course.serving import defaults
from vllm_course.serving.process import SERVER, Launched, launch

KEY = "VLLM_API_KEY"  # where vLLM looks for it
# As `start_faster` for load_model: the first request with a penalty waits for a C++ compiler otherwise, 20 s or more.
NO_COMPILER = "TORCH_COMPILE_DISABLE"
SHIPPED_KV_CACHE = 64 * 2**20  # bytes; less than load_model takes, since a notebook may run beside the server
AFTER_SHUTDOWN = 5.0  # seconds more than vLLM takes for running requests
GENERATION = ("temperature", "top_p", "top_k", "presence_penalty", "frequency_penalty")


def start_server(
    config: ServeConfig, *, log: str | Path | None = None, key: str | None = None, **engine_arguments: Any
) -> Launched:
    """Start vLLM's server and return at once; `wait_ready` waits until it answers.

    Args:
        config: A complete configuration.
        log: A file for what the server writes; None keeps it out of sight.
        key: The API key; None takes the configuration's.
        **engine_arguments: More arguments of `vllm serve`, as Python writes them.

    Raises:
        CourseError: There is no such model, no API key where one is named, or the log cannot be written.
    """
    variables = environment(config) | ({KEY: key} if key else {})
    grace = config.server.shutdown_timeout + AFTER_SHUTDOWN
    return launch(command(config) + flags(engine_arguments), environment=variables, log=log, grace=grace)


def command(config: ServeConfig) -> list[str]:
    """Return the arguments of `vllm serve`.

    Args:
        config: A complete configuration. What it leaves open is left to vLLM, but for the shipped models.

    Raises:
        CourseError: No model is named, or there is none of that name.
    """
    config.require_complete()
    place, inference, server = find_model(config.model.name), config.inference, config.server
    given = {name: value for name, value in config.generation if name in GENERATION and value is not None}
    options = {
        "model": place,
        "served_model_name": served_name(config),
        "host": server.host,
        "port": server.port,
        "shutdown_timeout": server.shutdown_timeout,
        "trust_remote_code": config.model.trust_remote_code or None,
        "tensor_parallel_size": inference.gpus if inference.gpus > 1 else None,
        "gpu_memory_utilization": _gpu_memory(config),
        "kv_cache_memory_bytes": kv_cache_bytes(config),
        "max_model_len": "auto" if inference.max_model_len == -1 else inference.max_model_len,
        "dtype": inference.dtype,
        "quantization": inference.quantization,
        "max_num_seqs": inference.max_num_seqs,
        "override_generation_config": given or None,
        "middleware": defaults.MIDDLEWARE if config.generation.max_tokens else None,
    }
    return flags(options | (_for_shipped(config, place) if is_shipped(place) else {}))


def environment(config: ServeConfig) -> dict[str, str]:
    """Return the variables for the server, beside those of this process. The API key is one of them.

    Raises:
        CourseError: The variable that should hold the key is named, and holds none.
    """
    found = {quiet.LEVEL: "INFO"} if quiet.wanted() else {}
    if on_cpu() and is_shipped(find_model(config.model.name)):
        found[NO_COMPILER] = "1"
        if not threads.users_own():
            found[threads.NUMBER] = "1"
    if config.generation.max_tokens:
        found[defaults.VARIABLE] = str(config.generation.max_tokens)
    return found | ({KEY: key} if (key := api_key(config)) else {})


def served_name(config: ServeConfig) -> str:
    """Return the name that requests give: the id of the Hub, or what a model's folder is called."""
    place = find_model(config.model.name)
    return os.path.basename(os.path.abspath(place)) if os.path.isdir(place) else place


def kv_cache_bytes(config: ServeConfig) -> int | None:
    """Return the memory of the KV cache: what is asked for, little for a shipped model, or None for what is left."""
    shipped = is_shipped(find_model(config.model.name)) and _is_open(config, "inference.gpu_memory")
    return config.inference.kv_cache_bytes or (SHIPPED_KV_CACHE if shipped else None)


def api_key(config: ServeConfig) -> str | None:
    """Return the API key that requests must bring, None for none.

    Raises:
        CourseError: The variable is named, and holds no key; or what it holds cannot be sent in a header.
    """
    name = config.server.api_key_env
    key = os.environ.get(name, "")
    if not key and config.sources["server.api_key_env"] != "default":
        raise CourseError(
            f"server.api_key_env must name a variable that holds the key, got {name} without one. Set it."
        )
    if not key.isascii() or not key.isprintable() or " " in key:
        rule = "letters, digits and signs of ASCII without blanks"
        raise CourseError(f"{name} must hold an API key of {rule}, got something else. Set another one.")
    return key or None


def shown_command(config: ServeConfig) -> str:
    """Return the command line as a person may paste it into a shell. It names the API key's variable, not the key."""
    variables = {name: shlex.quote(value) for name, value in environment(config).items() if name != quiet.LEVEL}
    if KEY in variables:
        variables[KEY] = f'"${config.server.api_key_env}"'
    words = list(map(shlex.quote, command(config)))
    lines = ["vllm serve " + words[1], *map(" ".join, _by_option(words[2:]))]
    found = " ".join([*(f"{name}={value}" for name, value in variables.items()), " \\\n  ".join(lines)])
    if on_cpu():
        found += f"\n# The CPU build lacks the command: write python -m {SERVER} --model in place of vllm serve."
    return found


def flags(options: dict[str, Any]) -> list[str]:
    """Return arguments of vLLM as a command line has them; None is left out.

    Example:
        >>> flags({"max_model_len": 512, "enforce_eager": True, "seed": None, "compilation_config": {"mode": 0}})
        ['--max-model-len', '512', '--enforce-eager', '--compilation-config', '{"mode": 0}']
    """
    found: list[str] = []
    for name, value in options.items():
        flag = name.replace("_", "-")
        if isinstance(value, bool):
            found.append(f"--{flag}" if value else f"--no-{flag}")
        elif isinstance(value, list | tuple):
            found += [f"--{flag}", *map(str, value)]
        elif value is not None:
            found += [f"--{flag}", json.dumps(value) if isinstance(value, dict) else str(value)]
    return found


def on_cpu() -> bool:
    """Return whether vLLM's CPU build is installed."""
    return arguments.device(None) is arguments.CPU


def _for_shipped(config: ServeConfig, place: str) -> dict[str, Any]:
    """Return what suits a model of the course: a quick start, and the same texts on all processors.

    Args:
        config: A configuration.
        place: The model's folder.
    """
    found: dict[str, Any] = {"enforce_eager": True}
    if on_cpu():
        found["enable_chunked_prefill"] = False  # as in load_model: the engine may stop otherwise
        if _is_open(config, "inference.dtype"):
            found["dtype"] = "float32"
    if served_name(config) == "pocket-chat":
        found |= {"enable_auto_tool_choice": True, "tool_call_parser": "hermes"}
    return found


def _gpu_memory(config: ServeConfig) -> float | None:
    """Return the share of the memory that vLLM must find free; it takes all of it only without `kv_cache_memory`."""
    if kv_cache_bytes(config) and _is_open(config, "inference.gpu_memory"):
        return gpus.share_that_fits(gpus.memory())
    return config.inference.gpu_memory


def _is_open(config: ServeConfig, name: str) -> bool:
    """Return whether nobody has given a setting."""
    return config.sources[name] == "default"


def _by_option(words: list[str]) -> list[list[str]]:
    """Group words by the option that they belong to."""
    found: list[list[str]] = []
    for word in words:
        if word.startswith("--"):
            found.append([word])
        else:
            found[-1].append(word)
    return found
