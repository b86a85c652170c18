"""`plan(model, ...)`: what fits, from a configuration and settings, before anything is loaded.

The numbers of blocks and the concurrency are those of the engine, to the last digit. What the rest of a card's memory
goes to can only be estimated before the engine runs; a plan names the fields for which that is so.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vllm_course.describing.reading import Model, read_model
from vllm_course.describing.shapes import DTYPES, Shape, shape_of
from vllm_course.describing.weights import PADDING, Tensor, read_tensors, stored_dtype, weight_bytes
from vllm_course.errors import UsageError
from vllm_course.loading_errors import GIB, PROCESS_MEMORY
from vllm_course.memory import arguments, formula, view
from vllm_course.memory.advice import judge

UTILIZATION = 0.92  # gpu_memory_utilization's default
CARD_OVERHEAD = 1 * GIB  # CUDA's context, the libraries' buffers and the CUDA graphs, roughly half and half
MXFP4_BITS = 4 + 8 / 32  # of one number: four of its own, and eight that 32 numbers share
DEPENDING = ("kv_cache_bytes", "blocks", "tokens", "max_concurrency", "fits", "limit")


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What fits. All bytes, blocks and tokens are those of one card, that is, of one tensor-parallel rank.

    Attributes:
        model: The model's name.
        dtype: Of weights and KV cache.
        tensor_parallel_size: Cards that share each layer.
        max_model_len: Longest request in tokens, prompt and output; what vLLM fits to the memory for -1; 0
            where not even one token fits.
        max_position_embeddings: The longest that the model allows, in tokens.
        max_num_seqs: Requests that run at the same time at most.
        block_size: Tokens of a block.
        memory: Bytes of the card; None where `kv_cache_memory_bytes` was given.
        weights_bytes: Bytes of the weights.
        activations_bytes: Bytes of the values of one step.
        overhead_bytes: Bytes that the process takes beside all this.
        kv_cache_bytes: Bytes that vLLM may use for the KV cache; below 0 where the rest takes more than there is.
        kv_bytes_per_token: Bytes of the keys and values of one token, in all layers.
        blocks: Whole blocks of the KV cache.
        tokens: Tokens that the KV cache holds, as vLLM reports it: `max_concurrency * max_model_len`.
        max_concurrency: How many requests of `max_model_len` tokens the KV cache holds.
        fits: Whether the engine starts.
        limit: The first limit that is hit. Where it does not fit, why: `"max_position_embeddings"`, `"weights"`,
            `"kv cache"` (not one block) or `"max_model_len"` (not one request of that length). Where it fits, what
            bounds the requests that run together: `"kv cache"` or `"max_num_seqs"`.
        advice: What that means and what to change, in a sentence or two.
        estimated: Names of the fields that are only estimated.
    """

    model: str
    dtype: str
    tensor_parallel_size: int
    max_model_len: int
    max_position_embeddings: int
    max_num_seqs: int
    block_size: int
    memory: int | None
    weights_bytes: int
    activations_bytes: int
    overhead_bytes: int
    kv_cache_bytes: int
    kv_bytes_per_token: int
    blocks: int
    tokens: int
    max_concurrency: float
    fits: bool
    limit: str
    advice: str
    estimated: tuple[str, ...]

    def __repr__(self) -> str:
        """Show the plan as a table."""
        return view.as_text(view.title(self), view.rows(self), self.advice)

    def _repr_html_(self) -> str:
        """Tell Jupyter how to show the plan."""
        return view.as_html(view.title(self), view.rows(self), self.advice)


def plan(
    model: str | Path | Mapping[str, Any],
    *,
    max_model_len: int,
    memory: int | None = None,
    kv_cache_memory_bytes: int | None = None,
    max_num_seqs: int | None = None,
    dtype: str | None = None,
    block_size: int | None = None,
    tensor_parallel_size: int = 1,
) -> Plan:
    """Compute what fits, without loading anything.

    With `kv_cache_memory_bytes`, blocks and concurrency are the engine's own. With `memory`, they are estimated: the
    KV cache gets 92 % of the card, as `gpu_memory_utilization` has it, less weights, activations and overhead.
    Activations are taken as the widest layer's values for all tokens of a step, and three times the logits of all
    requests. The overhead is taken as 1 GiB on a card, and as 1.5 GiB for the process of the CPU build.

    Args:
        model: A shipped model's name, a folder, a `config.json` or what it holds, a name of the table of
            configurations (`"Llama-3.1-8B"`), or a Hugging Face id that was downloaded before.
        max_model_len: Longest request in tokens, > 0; -1 takes the longest that fits, as vLLM does.
        memory: Bytes of the card, > 0. Either this or `kv_cache_memory_bytes`.
        kv_cache_memory_bytes: Bytes of the KV cache, > 0, as vLLM's argument of that name.
        max_num_seqs: Requests that run at the same time at most, > 0; None takes vLLM's default.
        dtype: `"float32"`, `"bfloat16"`, `"float16"`; None or `"auto"` takes the model's, as vLLM does.
        block_size: Tokens of a block; None takes vLLM's default, 16 on a card and 128 on a CPU.
        tensor_parallel_size: Cards that share each layer, > 0. Key-value heads are copied where there are fewer.

    Raises:
        UsageError: An argument is wrong, there is no such model, or the formula does not hold for it.

    Example:
        >>> cache = {"kv_cache_memory_bytes": 64 * 2**20, "block_size": 32}
        >>> found = plan("pocket-base", max_model_len=512, dtype="float32", **cache)
        >>> found.kv_bytes_per_token  # 2 (key and value) * 4 layers * 2 heads * 64 values * 4 bytes
        4096
        >>> found.blocks, found.tokens, found.max_concurrency  # 64 MiB / (4096 * 32), and 512 / 32 blocks a request
        (512, 16384, 32.0)

    Source:
        `vllm.v1.core.kv_cache_utils`: `get_kv_cache_configs`, `get_max_concurrency_for_kv_cache_config`.
    """
    sizes = arguments.checked(
        memory=memory,
        kv_cache_memory_bytes=kv_cache_memory_bytes,
        max_model_len=max_model_len,
        max_num_seqs=max_num_seqs,
        tensor_parallel_size=tensor_parallel_size,
    )
    device = arguments.device(sizes["memory"])
    block_size = arguments.chosen_block_size(block_size, device)
    found = read_model(model)
    shape = shape_of(found.config, name=found.name)
    arguments.refuse_ranks(shape, sizes["tensor_parallel_size"])
    tensors = read_tensors(found.folder) if found.folder else []
    dtype = arguments.chosen_dtype(dtype, shape.dtype or stored_dtype(tensors))
    outside = _outside_the_cache(found, shape, tensors, dtype, sizes, device)
    available = _available(sizes, outside)
    kept = _kept(shape, device, sizes)
    cache = _cache(shape, available, dtype, sizes, block_size=block_size, kept=kept)
    given = {name: sizes[name] for name in ("memory", "tensor_parallel_size")}
    numbers = {"model": found.name, "dtype": dtype, "block_size": block_size} | given | outside | cache
    return Plan(**numbers, **judge(numbers, kept), estimated=_estimated(sizes, tensors, shape))


def _outside_the_cache(
    found: Model, shape: Shape, tensors: list[Tensor], dtype: str, sizes: dict[str, Any], device: arguments.Device
) -> dict[str, int]:
    """Return the bytes of all that is no KV cache, and the number of requests on which they depend."""
    ranks, on_cpu = sizes["tensor_parallel_size"], device is arguments.CPU
    times = ranks if on_cpu else 1  # vLLM's CPU build multiplies its defaults by the number of ranks
    seqs = sizes["max_num_seqs"] or device.seqs * times
    widths = {"hidden": shape.hidden, "inner": shape.active * shape.inner // ranks, "vocab": shape.vocab}
    batched = {"batched_tokens": device.batched_tokens * times, "seqs": seqs}
    return {
        "max_num_seqs": seqs,
        "weights_bytes": math.ceil(_weights(found, shape, tensors, dtype) / ranks),
        "activations_bytes": formula.activations(**widths, **batched, dtype_bytes=DTYPES[dtype]),
        "overhead_bytes": int(PROCESS_MEMORY) if on_cpu else CARD_OVERHEAD,
    }


def _weights(found: Model, shape: Shape, tensors: list[Tensor], dtype: str) -> int:
    if tensors:
        return weight_bytes(tensors, shape, dtype)
    if shape.quantized and not shape.packed:
        raise UsageError(
            f"the weights of {found.name} must be here, because they are quantized, got its configuration only. "
            "Download the model."
        )
    padding = -shape.vocab % PADDING * shape.hidden * (1 if shape.tied else 2)
    whole = shape.parameters - shape.packed + padding
    return whole * DTYPES[dtype] + math.ceil(shape.packed * MXFP4_BITS / 8)


def _kept(shape: Shape, device: arguments.Device, sizes: dict[str, Any]) -> int | None:
    """Return the tokens that a layer with a window keeps of a request: the window, and those of the steps under way."""
    if shape.window is None:
        return None
    times = sizes["tensor_parallel_size"] if device is arguments.CPU else 1
    return shape.window - 1 + device.steps * device.batched_tokens * times


def _available(sizes: dict[str, Any], outside: dict[str, int]) -> int:
    """Return the bytes for the KV cache: what the user gives it, or what is left of vLLM's share of the card."""
    if sizes["kv_cache_memory_bytes"] is not None:
        return sizes["kv_cache_memory_bytes"]
    taken = outside["weights_bytes"] + outside["activations_bytes"] + outside["overhead_bytes"]
    return math.ceil(sizes["memory"] * UTILIZATION) - taken


def _cache(shape: Shape, available: int, dtype: str, sizes: dict[str, Any], **blocked: Any) -> dict[str, Any]:
    """Return the numbers of the KV cache. Where every other layer has a window, a block is one of half the layers."""
    kv_heads = formula.kv_heads_per_rank(shape.kv_heads, sizes["tensor_parallel_size"])
    widths = {"layers": shape.layers, "kv_heads": kv_heads, "head_dim": shape.head_dim}
    per_token = formula.kv_bytes_per_token(**widths, dtype_bytes=DTYPES[dtype])
    in_block = per_token if blocked["kept"] is None else per_token // 2
    blocks = formula.whole_blocks(available, block_size=blocked["block_size"], bytes_per_token=in_block)
    length = sizes["max_model_len"]
    if length == -1:
        length = formula.longest_that_fits(blocks, longest=shape.longest, **blocked)
    concurrency = formula.concurrency(blocks, max_model_len=length, **blocked) if length else 0.0
    return {
        "max_model_len": length,
        "max_position_embeddings": shape.longest,
        "kv_cache_bytes": available,
        "kv_bytes_per_token": per_token,
        "blocks": blocks,
        "tokens": int(concurrency * length),
        "max_concurrency": concurrency,
    }


def _estimated(sizes: dict[str, Any], tensors: list[Tensor], shape: Shape) -> tuple[str, ...]:
    shared_out = sizes["tensor_parallel_size"] > 1
    exact = tensors and not shape.quantized and not shared_out
    names = ([] if exact else ["weights_bytes"]) + ["activations_bytes", "overhead_bytes"]
    return (*names, *(DEPENDING if sizes["memory"] is not None else ()))
