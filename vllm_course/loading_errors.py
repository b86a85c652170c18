"""What goes wrong while a model loads, said in one message: name, rule, value, remedy."""

import contextlib
from collections.abc import Iterator
from typing import NamedTuple

from vllm_course.errors import CourseError, UsageError, one_line
from vllm_course.runtime.limits import BY_LINUX, GIB, free_memory, of_the_limit

PROCESS_MEMORY = 1.5 * GIB  # vLLM with a small model, measured on the CPU build, rounded up
KILLED = "Failed core proc(s): {'EngineCore': -9"  # what vLLM says where the engine's process got SIGKILL


class Known(NamedTuple):
    """A failure that vLLM or a library under it reports, and what the learner is told.

    Attributes:
        kind: Name of the exception's class, or "" for any.
        text: A part of its message, or "" for any.
        message: The course's message, with `{model}` and `{error}` to fill in.
    """

    kind: str
    text: str
    message: str


KNOWN = (
    Known(
        "SafetensorError",
        "",
        "the weights of {model} must be readable safetensors files, got a damaged one ({error}). "
        "Delete the file and get it again.",
    ),
    Known(
        "",
        "requested memory for kv",
        "memory must hold the KV cache of {model}, got too little of it ({error}). "
        "Close other notebooks or pass a smaller kv_cache_memory_bytes.",
    ),
    Known(
        "OutOfMemoryError",
        "",
        "GPU memory must hold the weights and the KV cache of {model}, got too little of it ({error}). "
        "Close other notebooks, or pass a smaller kv_cache_memory_bytes or a smaller model.",
    ),
    Known(
        "",
        "Cannot auto-fit max_model_len",
        "kv_cache_memory_bytes must hold at least one token of {model}, got less. Pass a larger number of bytes.",
    ),
    Known(
        "",
        "No available memory for the cache blocks",
        "kv_cache_memory_bytes must hold at least one block of {model}, got less. Pass a larger number of bytes.",
    ),
    Known(
        "RuntimeError",
        KILLED,
        f"memory must hold the weights and the KV cache of {{model}}, got an engine that was killed, {BY_LINUX}. "
        "Close other notebooks, or pass a smaller kv_cache_memory_bytes.",
    ),
    Known(
        "",
        "gated repo",
        "{model} must be open to you, got a gated model. Accept its licence on huggingface.co, "
        "then log in with: hf auth login",
    ),
    Known(
        "",
        "couldn't connect to",
        "{model} must be on this machine or within reach, got no connection to the Hugging Face Hub. "
        "Use a shipped model, or fetch it where there is a network with: hf download {model}",
    ),
    Known(
        "",
        "not a valid model identifier",
        "model must be the id of a public model on the Hugging Face Hub, got {model!r}. "
        "Check the spelling. There is no folder of that name either. For a private model log in with: hf auth login",
    ),
)


@contextlib.contextmanager
def clear_errors(model: str) -> Iterator[None]:
    """Turn the known failures of loading into a `CourseError`; let every other one through as it is."""
    try:
        yield
    except CourseError:
        raise
    except Exception as error:
        known = next((k for k in KNOWN if _matches(k, error)), None)
        if known is None:
            raise
        first_line = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise CourseError(known.message.format(model=model, error=first_line)) from error


@contextlib.contextmanager
def usage_errors() -> Iterator[None]:
    """Turn vLLM's refusal of an engine argument into the one line with which a script ends.

    A notebook does without: there vLLM's own error, with its type, is what the learner should see.
    """
    try:
        yield
    except (TypeError, ValueError) as error:
        raise UsageError(f"vLLM must accept the engine arguments, got: {one_line(error)} Change them.") from error


def require_memory(kv_cache_bytes: int | None, *, available: int | None = None) -> None:
    """Refuse to start when the machine would run out of memory, since that kills the kernel without a word.

    Args:
        kv_cache_bytes: Size of the KV cache in bytes; None or 0 when vLLM is to choose.
        available: Free memory in bytes; None asks the machine.

    Raises:
        CourseError: Less is free than the KV cache and vLLM itself need.
    """
    free = free_memory() if available is None else available
    needed = PROCESS_MEMORY + (kv_cache_bytes or 0)
    if free < needed:
        raise CourseError(
            f"free memory must be at least {needed / GIB:.1f} GiB to load this model, got {free / GIB:.1f} GiB"
            f"{of_the_limit()}. Close other notebooks (Kernel > Shut Down All Kernels) or pass a smaller "
            "kv_cache_memory_bytes."
        )


def _matches(known: Known, error: Exception) -> bool:
    return known.kind in ("", type(error).__name__) and known.text in str(error)
