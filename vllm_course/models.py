"""Load a model into a vLLM engine that is safe on a laptop: `load_model()` returns a plain `vllm.LLM`.

One engine is kept at a time. It lives in this process, which starts in seconds where vLLM's default of separate
processes takes a minute on two cores, and it reserves a small, fixed KV cache, so that several notebooks can be open.
"""

import contextlib
import functools
import gc
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vllm_course import paths, shipped
from vllm_course.errors import CourseError, did_you_mean, get_again
from vllm_course.loading_errors import clear_errors, require_memory
from vllm_course.runtime import calls, environment, gpus, threads, waiting
from vllm_course.runtime.interrupting import raise_from_now_on
from vllm_course.runtime.quiet import quiet, wanted

if TYPE_CHECKING:
    from vllm import LLM

MODEL_VARIABLES = MODEL_VARIABLE, CHAT_MODEL_VARIABLE = "VLLM_COURSE_MODEL", "VLLM_COURSE_CHAT_MODEL"
MIB = 2**20
SHIPPED_KV_CACHE = 256 * MIB
OTHER_KV_CACHE = {"cpu": 1024 * MIB, "gpu": 4096 * MIB}
FOLDERS = ("model", "tokenizer", "hf_config_path", "generation_config")  # arguments that may name one
HUB_ID = re.compile(r"[\w-][\w.-]*/[\w.-]+")
LEVELS = 8  # folders above the working folder in which a path is looked for

_engine: "tuple[tuple, LLM] | None" = None


def engine_args(model: str | Path | None = None, **overrides: Any) -> dict[str, Any]:
    """Return the arguments that `load_model` passes to `vllm.LLM`, so that nothing about them is hidden.

    Args:
        model: A shipped model's name (`"pocket-base"`), a folder (`~` is your home), or a Hugging Face id
            (`"facebook/opt-125m"`). None takes the environment variable `VLLM_COURSE_MODEL`, or else pocket-base.
        **overrides: Arguments of `vllm.LLM` that replace or complete the course's choice.

    Returns:
        Keyword arguments for `vllm.LLM`. `kv_cache_memory_bytes` is in bytes; `max_model_len=-1` lets vLLM fit the
        context length to the KV cache. On a GPU also `gpu_memory_utilization`, a share of its memory that is free now.

    Raises:
        CourseError: There is no such model.

    Source:
        `vllm.engine.arg_utils.EngineArgs`.
    """
    place = find_model(chosen_model(model))
    small = is_shipped(place)
    on_cpu = _device() == "cpu"
    args = {
        "model": place,
        # The same texts on all processors that were tried; bfloat16 differs from processor to processor.
        "dtype": "float32" if small and on_cpu else "auto",
        "max_model_len": -1,
        "kv_cache_memory_bytes": SHIPPED_KV_CACHE if small else OTHER_KV_CACHE[_device()],
        # Compilation takes longer than all the text of a lesson. Pass False to measure an engine's full speed.
        "enforce_eager": True,
        # No cap, so that next_token can show the whole vocabulary. vLLM's default is 20.
        "max_logprobs": -1,
    }
    if small and on_cpu and "max_num_batched_tokens" not in overrides:
        # vLLM 0.32.0's CPU build fails, and hangs, when it cuts the prompt of a request with a seed into chunks.
        args["enable_chunked_prefill"] = False
    args |= overrides
    if not on_cpu and args["kv_cache_memory_bytes"] and (share := gpus.share_that_fits(gpus.memory())):
        # vLLM 0.32.0 asks for 92 % of a GPU, and fails where less is free, although it does not use the share.
        args.setdefault("gpu_memory_utilization", share)
    return args


def chosen_model(model: str | Path | None = None) -> str:
    """Return the name of the model that `load_model` takes: this one, or else the variable's, or else pocket-base."""
    return str(model or os.environ.get(MODEL_VARIABLE) or shipped.DEFAULT_MODEL)


def load_model(model: str | Path | None = None, **engine_arguments: Any) -> "LLM":
    """Load a model, or return the engine that already holds it.

    The same call again returns the same engine, so a cell can run twice. Another model, or other arguments, free the
    first engine before the next one is loaded.

    Args:
        model: As for `engine_args`.
        **engine_arguments: Arguments of `vllm.LLM`, for example `max_model_len=512`. vLLM refuses unknown ones.

    Returns:
        A plain `vllm.LLM`. A call of it that is interrupted leaves nothing to the next one; see
        `vllm_course.runtime.calls`.

    Raises:
        CourseError: The model is missing or damaged, the memory does not suffice, or a variable is in the way.
        TypeError: vLLM knows no argument of that name.
        ValueError: vLLM refuses an argument's value.
    """
    global _engine
    environment.require(environment.broken())
    args = engine_args(model, **engine_arguments)
    key = key_of(args, engine_arguments)
    if _engine is not None and _engine[0] == key:
        calls.ready(_engine[1])
        return _engine[1]
    refuse(args)
    free_engine()
    _engine = (key, _ready_for_use(_start(args), args))
    raise_from_now_on()
    return _engine[1]


def free_engine() -> None:
    """Stop the engine that `load_model` keeps and give its memory back, even where a variable still names it."""
    global _engine
    if _engine is None:
        return
    llm, _engine = _engine[1], None
    with quiet(), without_collecting():
        llm.llm_engine.engine_core.shutdown()
    llm.llm_engine = _Freed()
    gc.collect()


def find_model(name: str) -> str:
    """Turn a model's name into what vLLM takes.

    Args:
        name: A shipped model's name, a folder, or a Hugging Face id. OWNER/MODEL is meant as a path where OWNER is in
            the working folder or in the course, or where a folder above holds all of it.

    Returns:
        The shipped model's folder, relative to the working folder, or the name as it is, with `~` expanded.

    Raises:
        CourseError: It is none of the three.
    """
    if name in shipped.names():
        return _seen_from_here(paths.models() / name)
    place = os.path.expanduser(name)
    trouble = _no_model_at(place)
    if not trouble:
        return place
    otherwise = f"Check the path: {trouble}." if "/" in name or os.path.exists(place) else "Check the spelling."
    remedy = did_you_mean(os.path.basename(name), shipped.names(), otherwise=otherwise, shown=repr)
    # A variable is set once and forgotten, so the message names it.
    called = next((variable for variable in MODEL_VARIABLES if os.environ.get(variable) == name), "model")
    raise CourseError(
        f"{called} must be one of {', '.join(shipped.names())}, a folder with a config.json, or a Hugging Face id "
        f"like facebook/opt-125m, got {name!r}. {remedy}"
    )


def _seen_from_here(folder: Path) -> str:
    """Return a relative path, so that a notebook which shows it reads the same on every machine."""
    try:
        return os.path.relpath(folder)
    except FileNotFoundError:
        raise CourseError("the working folder must be there, got one that was deleted. Go to another: cd ~") from None


@contextlib.contextmanager
def starting(args: dict[str, Any]) -> Iterator[bool]:
    """Give a block what every start of an engine needs: silence, clear errors, speed, and threads that suit the model.

    Args:
        args: What `engine_args` returns.

    Yields:
        Whether the model is small, as a shipped one is.
    """
    small = is_shipped(args["model"])
    with quiet(), clear_errors(args["model"]), without_collecting():
        if _device() == "gpu":
            with _shown_download(args["model"]):
                yield small
            return
        start_faster()
        with threads.suited(small=small), _shown_download(args["model"]):
            yield small


def refuse(args: dict[str, Any], kind: str = "EngineArgs") -> None:
    """Find what can be found before the running engine is given up.

    Args:
        args: What `engine_args` returns.
        kind: vLLM's class of arguments, `"EngineArgs"` or `"AsyncEngineArgs"`.

    Raises:
        CourseError: The model is damaged, the memory does not suffice, or a variable is in the way.
        TypeError: vLLM knows no argument of that name.
        ValueError: vLLM refuses an argument's value.
    """
    import vllm

    getattr(vllm, kind)(**args)
    refuse_damaged(args["model"])
    if _device() == "cpu":
        environment.require(environment.replacing() if args["kv_cache_memory_bytes"] else {})
    require_memory(args["kv_cache_memory_bytes"] if _device() == "cpu" else 0)


def key_of(args: dict[str, Any], given: dict[str, Any]) -> tuple:
    """Return what tells an engine from another one: its arguments, the model as a place.

    Args:
        args: What `engine_args` returns.
        given: The arguments that the caller gave.
    """
    place = Path(args["model"])
    # What is free on a GPU is less once the engine is there.
    share = {"gpu_memory_utilization": given.get("gpu_memory_utilization")}
    resolved = args | share | {"model": str(place.resolve()) if place.exists() else args["model"]}
    return tuple(sorted((name, repr(value)) for name, value in resolved.items()))


class _Freed:
    """Stands where a freed engine was, to say so in place of an obscure error."""

    def __getattr__(self, name: str) -> Any:
        raise CourseError(
            "llm must be a running engine, got one that load_model() freed to load another model. "
            "Call load_model() for this model again."
        )


def _start(args: dict[str, Any]) -> "LLM":
    with starting(args) as small:
        from vllm import LLM

        llm = LLM(**args, **({"use_tqdm_on_load": False} if wanted() else {}))
    # Not earlier: in the block the environment holds a number that is not the user's.
    return llm if _device() == "gpu" else threads.step_by_step(llm, small=small)


def _ready_for_use(llm: "LLM", args: dict[str, Any]) -> "LLM":
    # Not earlier: vLLM's log shows the folder as it was given.
    keep_folders(llm.llm_engine.model_config)
    args = args | _folders(args)
    calls.separate(llm, renew=functools.partial(_renew, llm, args))
    return _without_progress_bars(llm) if wanted() else llm


def _renew(llm: "LLM", args: dict[str, Any]) -> None:
    """Start the engine that `load_model` keeps anew, in the object that variables name."""
    global _engine
    key = _engine[0]
    free_engine()
    fresh = _start(args)
    vars(llm).clear()
    vars(llm).update(vars(fresh))
    _engine = (key, _ready_for_use(llm, args))


def keep_folders(config: Any) -> None:
    """Let the folders that a `ModelConfig` names stay right after `os.chdir`; some of their files are read late."""
    vars(config).update(_folders(vars(config)))


def _folders(args: dict[str, Any]) -> dict[str, str]:
    """Return those arguments that name a folder, in a form that stays right after `os.chdir`."""
    given = {name: args[name] for name in FOLDERS if args.get(name) not in (None, "auto", "vllm")}
    return {name: os.path.abspath(place) for name, place in given.items() if os.path.isdir(place)}


@contextlib.contextmanager
def _shown_download(model: str) -> Iterator[None]:
    """Give vLLM bars that are seen in place of those that it hides, where a person waits for a model of the Hub."""
    from vllm.model_executor.model_loader import weight_utils

    if os.path.exists(model) or not waiting.watched():
        yield
        return
    hidden = weight_utils.DisabledTqdm
    with waiting.downloads(model) as weight_utils.DisabledTqdm:
        try:
            yield
        finally:
            weight_utils.DisabledTqdm = hidden


@contextlib.contextmanager
def without_collecting() -> Iterator[None]:
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
def start_faster() -> None:
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


def _no_model_at(place: str) -> str:
    """Return why a name leads to no model, "" for a folder with one and for a Hugging Face id."""
    if os.path.exists(place):
        return "" if os.path.isfile(os.path.join(place, "config.json")) else "that folder has no config.json"
    if not HUB_ID.fullmatch(place):
        return "there is no such folder"
    owner, _, model = place.partition("/")
    if os.path.exists(owner):
        return f"{owner} is here, without {model}; for an id of the Hub start in another folder"
    if (paths.models().parent / owner).exists():
        return f"the course has {owner}, without {model}"
    above = (os.path.join(*[os.pardir] * level, place) for level in range(1, LEVELS + 1))
    return next((f"it is at {there}" for there in above if os.path.exists(there)), "")


def is_shipped(place: str) -> bool:
    """Return whether what `find_model` returned is the folder of a shipped model."""
    return Path(place).resolve().parent == paths.models()


def refuse_damaged(place: str) -> None:
    """Refuse a shipped model whose files are not as they were committed.

    Args:
        place: What `find_model` returns.

    Raises:
        CourseError: Which files are damaged or missing.
    """
    damaged = shipped.damaged_files(Path(place)) if is_shipped(place) else []
    if damaged:
        raise CourseError(
            f"{place} must hold the files that its SHA256SUMS lists, got a damaged or missing {', '.join(damaged)}. "
            f"Delete the folder. {get_again(f'models/{Path(place).name}')}"
        )


def _device() -> str:
    with quiet():
        from vllm.platforms import current_platform

        return "cpu" if current_platform.is_cpu() else "gpu"
