"""What limits a plan, and what to change."""

from typing import Any

from vllm_course.memory import formula
from vllm_course.memory.sizes import shown_bytes

COUNTS = {2: "two", 4: "four"}
REMEDY = "Take a smaller or a quantized model, fewer max_num_seqs, or more cards (tensor_parallel_size)."


def judge(numbers: dict[str, Any], kept: int | None) -> dict[str, Any]:
    """Return `fits`, `limit` and `advice`, in the order in which vLLM would refuse.

    Args:
        numbers: The fields of a `Plan` that are numbers.
        kept: As for `formula.blocks_per_request`.
    """
    length, size = numbers["max_model_len"], numbers["block_size"]
    block = size * numbers["kv_bytes_per_token"] // (1 if kept is None else 2)
    longest = numbers["max_position_embeddings"]
    if length > longest:
        return _refused("max_position_embeddings", f"The model's longest context is {longest:,} tokens. Ask for less.")
    if numbers["kv_cache_bytes"] <= 0:
        return _refused("weights", _too_heavy(numbers))
    fewest = formula.blocks_per_request(1, block_size=size, kept=kept) + 1
    if numbers["blocks"] < fewest:
        return _refused("kv cache", _too_little(numbers, f"{shown_bytes(fewest * block)} are {COUNTS[fewest]} blocks"))
    if not formula.starts(numbers["blocks"], max_model_len=length, block_size=size, kept=kept):
        return _refused("max_model_len", _too_long(numbers, block, kept))
    return {"fits": True} | _bound(numbers)


def _refused(limit: str, advice: str) -> dict[str, Any]:
    return {"fits": False, "limit": limit, "advice": advice}


def _too_heavy(numbers: dict[str, Any]) -> str:
    names = ("weights_bytes", "activations_bytes", "overhead_bytes")
    missing = 1 - numbers["kv_cache_bytes"]
    half = " dtype='bfloat16' halves the weights." if numbers["dtype"] == "float32" else ""
    taken = shown_bytes(sum(numbers[name] for name in names))
    return f"All but the KV cache takes {taken}, {shown_bytes(missing)} too much. {REMEDY}{half}"


def _too_little(numbers: dict[str, Any], needed: str) -> str:
    more = "Pass a larger kv_cache_memory_bytes." if numbers["memory"] is None else REMEDY
    left = f"There are {shown_bytes(numbers['kv_cache_bytes'])} for the KV cache"
    return f"{left}, and {needed}, the fewest with which vLLM starts. {more}"


def _too_long(numbers: dict[str, Any], block: int, kept: int | None) -> str:
    """Say how many blocks are missing, the longest request that fits, and the memory for this one."""
    sizes, blocks = {"block_size": numbers["block_size"], "kept": kept}, numbers["blocks"]
    needed = formula.blocks_per_request(numbers["max_model_len"], **sizes) + 1
    fitting = formula.longest_that_fits(blocks, longest=numbers["max_position_embeddings"], **sizes)
    memory = shown_bytes(needed * block)
    return (
        f"One request needs {needed - 1:,} blocks beside the one that vLLM keeps, and there are {blocks:,}. "
        f"Set max_model_len to {fitting:,} or less, or give the KV cache {memory}."
    )


def _bound(numbers: dict[str, Any]) -> dict[str, Any]:
    """Say what bounds the requests that run together."""
    full, seqs = f"{numbers['max_concurrency']:,.1f} requests of full length", numbers["max_num_seqs"]
    if numbers["max_concurrency"] >= seqs:
        return {"limit": "max_num_seqs", "advice": f"The KV cache holds {full}, and {seqs:,} run at the same time."}
    remedy = "Lower max_num_seqs or max_model_len, or give the KV cache more."
    wait = f"If more of the {seqs:,} that may run are that long, some wait or are preempted."
    return {"limit": "kv cache", "advice": f"The KV cache holds {full}. {wait} {remedy}"}
