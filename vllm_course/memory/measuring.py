"""`measured(llm)`: what the engine of an `LLM` really has, in vLLM's own numbers."""

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psutil

from vllm_course.memory import view
from vllm_course.streaming import require_in_process

if TYPE_CHECKING:
    from torch import nn
    from vllm import LLM


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What an engine has. The names are those of a `Plan`.

    Attributes:
        model: The model's id, or the name of its folder.
        dtype: Of the weights.
        max_model_len: Longest request in tokens.
        max_num_seqs: Requests that run at the same time at most.
        block_size: Tokens of a block.
        weights_bytes: Bytes of the weights.
        kv_cache_bytes: Bytes of the KV cache's tensors.
        kv_bytes_per_token: Bytes of one token in them.
        blocks: Blocks of the KV cache.
        tokens: Tokens that it holds, as vLLM's log says it at the start.
        max_concurrency: Requests of `max_model_len` tokens that it holds, also in the log.
        rss: Bytes of this process in the machine's memory. It counts the libraries too, and on a CPU also weights and
            KV cache, of the latter only what was written to.
    """

    model: str
    dtype: str
    max_model_len: int
    max_num_seqs: int
    block_size: int
    weights_bytes: int
    kv_cache_bytes: int
    kv_bytes_per_token: int
    blocks: int
    tokens: int
    max_concurrency: float
    rss: int

    def __repr__(self) -> str:
        """Show the numbers as a table."""
        return view.as_text(f"{self.model}, measured", view.measured_rows(self))

    def _repr_html_(self) -> str:
        """Tell Jupyter how to show the numbers."""
        return view.as_html(f"{self.model}, measured", view.measured_rows(self))


def measured(llm: "LLM") -> Measured:
    """Ask an engine what it has.

    Args:
        llm: An engine in this process, as `load_model` makes it.

    Returns:
        Numbers with the names that `plan` has for them, so that both can be compared.

    Raises:
        CourseError: The engine runs in another process, or was freed.
    """
    require_in_process(llm)
    config = llm.llm_engine.vllm_config
    core = llm.llm_engine.engine_core.engine_core
    cache = core.scheduler.kv_cache_config
    blocks, block_size = cache.num_blocks, config.cache_config.block_size
    allocated = max(tensor.size for tensor in cache.kv_cache_tensors)  # which groups of layers share
    return Measured(
        model=_name(config.model_config.model),
        dtype=str(config.model_config.dtype).removeprefix("torch."),
        max_model_len=config.model_config.max_model_len,
        max_num_seqs=config.scheduler_config.max_num_seqs,
        block_size=block_size,
        weights_bytes=_weights(core.model_executor.driver_worker.get_model()),
        kv_cache_bytes=allocated,
        kv_bytes_per_token=len(cache.kv_cache_groups) * allocated // (blocks * block_size),
        blocks=blocks,
        tokens=config.cache_config.kv_cache_size_tokens,
        max_concurrency=config.cache_config.kv_cache_max_concurrency,
        rss=psutil.Process().memory_info().rss,
    )


def _name(model: str) -> str:
    return os.path.basename(os.path.abspath(model)) if os.path.isdir(model) else model


def _weights(model: "nn.Module") -> int:
    """Add up the parameters. Where oneDNN has packed a matrix, its parameter is empty and the layer knows the size."""
    found = sum(parameter.numel() * parameter.element_size() for parameter in model.parameters())
    return found + sum(map(_packed, model.modules()))


def _packed(layer: Any) -> int:
    weight = getattr(layer, "weight", None)
    if weight is None or weight.numel() or not hasattr(layer, "input_size_per_partition"):
        return 0
    return layer.input_size_per_partition * layer.output_size_per_partition * weight.element_size()
