"""Load a model into a vLLM engine that is safe on a laptop: `load_model()` returns a plain `vllm.LLM`.

One engine is kept at a time. It lives in this process, which starts in seconds where vLLM's default of separate
processes takes a minute on two cores, and it reserves a small, fixed KV cache, so that several notebooks can be open.
"""

import contextlib
import functools
import gc
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vllm_course import paths, shipped, threads
from vllm_course.errors import CourseError, did_you_mean, get_again
from vllm_course.interrupting import raise_from_now_on
from vllm_course.loading_errors import clear_errors, require_memory
from vllm_course.quiet import quiet, wanted

if TYPE_CHECKING:
    from vllm import LLM

MODEL_VARIABLE = "VLLM_COURSE_MODEL"
MIB = 2**20
SHIPPED_KV_CACHE = 256 * MIB
OTHER_KV_CACHE = {"cpu": 1024 * MIB, "gpu": 4096 * MIB}

_engine: "tuple[tuple, LLM] | None" = None


def engine_args(model: str | Path | None = None, **overrides: Any) -> dict[str, Any]:
    """Return the arguments that `load_model` passes to `vllm.LLM`, so that nothing about them is hidden.

    Args:
        model: A shipped model's name (`"pocket-base"`), a folder, or a Hugging Face id (`"facebook/opt-125m"`).
            None takes the environment variable `VLLM_COURSE_MODEL`, or else pocket-base.
        **overrides: Arguments of `vllm.LLM` that replace or complete the course's choice.

    Returns:
        Keyword arguments for `vllm.LLM`. `kv_cache_memory_bytes` is in bytes; `max_model_len=-1` lets vLLM fit the
        context length to the KV cache.

    Raises:
        CourseError: There is no such model.

    Source:
        `vllm.engine.arg_utils.EngineArgs`.
    """
    place = find_model(str(model or os.environ.get(MODEL_VARIABLE) or shipped.DEFAULT_MODEL))
    is_shipped = _is_shipped(place)
    on_cpu = _device() == "cpu"
    args = {
        "model": place,
        # The same texts on all processors that were tried; bfloat16 differs from processor to processor.
        "dtype": "float32" if is_shipped and on_cpu else "auto",
        "max_model_len": -1,
        "kv_cache_memory_bytes": SHIPPED_KV_CACHE if is_shipped else OTHER_KV_CACHE[_device()],
        # Compilation takes longer than all the text of a lesson. Pass False to measure an engine's full speed.
        "enforce_eager": True,
        # No cap, so that next_token can show the whole vocabulary. vLLM's default is 20.
        "max_logprobs": -1,
    }
    if is_shipped and on_cpu and "max_num_batched_tokens" not in overrides:
        # vLLM 0.32.0's CPU build fails, and hangs, when it cuts the prompt of a request with a seed into chunks.
        args["enable_chunked_prefill"] = False
    return args | overrides


def load_model(model: str | Path | None = None, **engine_arguments: Any) -> "LLM":
    """Load a model, or return the engine that already holds it.

    The same call again returns the same engine, so a cell can run twice. Another model, or other arguments, free the
    first engine before the next one is loaded.

    Args:
        model: As for `engine_args`.
        **engine_arguments: Arguments of `vllm.LLM`, for example `max_model_len=512`. vLLM refuses unknown ones.

    Returns:
        A plain `vllm.LLM`.

    Raises:
        CourseError: The model is missing or damaged, or the memory does not suffice.
        TypeError: vLLM knows no argument of that name.
        ValueError: vLLM refuses an argument's value.
    """
    global _engine
    args = engine_args(model, **engine_arguments)
    key = _key(args)
    if _engine is not None and _engine[0] == key:
        return _engine[1]
    _refuse(args)
    free_engine()
    _engine = (key, _start(args))
    raise_from_now_on()
    return _engine[1]


def free_engine() -> None:
    """Stop the engine that `load_model` keeps and give its memory back, even where a variable still names it."""
    global _engine
    if _engine is None:
        return
    llm, _engine = _engine[1], None
    with quiet(), _without_collecting():
        llm.llm_engine.engine_core.shutdown()
    llm.llm_engine = _Freed()
    gc.collect()


def find_model(name: str) -> str:
    """Turn a model's name into what vLLM takes.

    Args:
        name: A shipped model's name, a folder, or a Hugging Face id.

    Returns:
        The shipped model's folder, relative to the working folder, or the name as it is.

    Raises:
        CourseError: It is none of the three.
    """
    if name in shipped.names():
        # Relative, so that a notebook which shows it reads the same on every machine.
        return os.path.relpath(paths.models() / name)
    if (Path(name) / "config.json").is_file() or _is_hub_id(name):
        return name
    remedy = did_you_mean(name, shipped.names(), otherwise="Check the spelling.", shown=repr)
    raise CourseError(
        f"model must be one of {', '.join(shipped.names())}, a folder with a config.json, or a Hugging Face id "
        f"like facebook/opt-125m, got {name!r}. {remedy}"
    )


class _Freed:
    """Stands where a freed engine was, to say so in place of an obscure error."""

    def __getattr__(self, name: str) -> Any:
        raise CourseError(
            "llm must be a running engine, got one that load_model() freed to load another model. "
            "Call load_model() for this model again."
        )


def _start(args: dict[str, Any]) -> "LLM":
    with quiet(), clear_errors(args["model"]), _without_collecting():
        from vllm import LLM

        start = functools.partial(LLM, **args, **({"use_tqdm_on_load": False} if wanted() else {}))
        if _device() == "gpu":
            llm = start()
        else:
            _start_faster()
            small = _is_shipped(args["model"])
            with threads.suited(small=small):
                llm = start()
            threads.step_by_step(llm, small=small)
        return _without_progress_bars(llm) if wanted() else llm


@contextlib.contextmanager
def _without_collecting() -> Iterator[None]:
    """Leave out vLLM's search for garbage, which it makes eight times from one engine to the next, 0.3 s each time."""
    collect = gc.collect
    gc.collect = lambda generation=2: 0
    try:
        yield
    finally:
        gc.collect = collect


def _without_progress_bars(llm: "LLM") -> "LLM":
    """Give `generate` and `chat` another default for `use_tqdm`; passing True still shows the bars."""
    for name in ("generate", "chat"):
        method = getattr(llm, name)
        setattr(llm, name, functools.wraps(method)(functools.partial(method, use_tqdm=False)))
    return llm


@functools.cache
def _start_faster() -> None:
    """Leave out what `enforce_eager` does not: small functions that vLLM compiles for 20 s when first called."""
    import torch._dynamo
    from vllm import ModelRegistry
    from vllm.model_executor.models.llama import LlamaForCausalLM
    from vllm.platforms import current_platform

    torch._dynamo.config.disable = True
    # A class in hand spares vLLM the process in which it would import itself once more to look at the class.
    ModelRegistry.register_model("LlamaForCausalLM", LlamaForCausalLM)
    # For each engine, vLLM looks through all modules for Triton's kernels to replace, 0.7 s. Once is enough.
    replace = current_platform.register_triton_kernel_overrides
    current_platform.register_triton_kernel_overrides = functools.cache(replace)


def _is_hub_id(name: str) -> bool:
    owner, slash, model = name.partition("/")
    return bool(slash and owner and model) and "/" not in model and owner not in {".", "..", "~"}


def _is_shipped(place: str) -> bool:
    return Path(place).resolve().parent == paths.models()


def _refuse(args: dict[str, Any]) -> None:
    """Find what can be found before the running engine is given up."""
    from vllm import EngineArgs

    EngineArgs(**args)
    _refuse_damaged(args["model"])
    require_memory(args["kv_cache_memory_bytes"] if _device() == "cpu" else 0)


def _refuse_damaged(place: str) -> None:
    damaged = shipped.damaged_files(Path(place)) if _is_shipped(place) else []
    if damaged:
        raise CourseError(
            f"{place} must hold the files that its SHA256SUMS lists, got a damaged or missing {', '.join(damaged)}. "
            f"Delete the folder. {get_again(f'models/{Path(place).name}')}"
        )


def _device() -> str:
    with quiet():
        from vllm.platforms import current_platform

        return "cpu" if current_platform.is_cpu() else "gpu"


def _key(args: dict[str, Any]) -> tuple:
    place = Path(args["model"])
    resolved = args | {"model": str(place.resolve()) if place.exists() else args["model"]}
    return tuple(sorted((name, repr(value)) for name, value in resolved.items()))
