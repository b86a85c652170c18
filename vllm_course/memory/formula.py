"""The formulas of an engine's memory, each with an example.

Source:
    `vllm.v1.core.kv_cache_utils`: `get_kv_cache_configs`, `get_max_concurrency_for_kv_cache_config`.
"""

import bisect
import functools
import math

SAMPLER_COPIES = 3  # of the logits: as the model gives them, sorted, and as probabilities
LOGIT_BYTES = 4  # they are float32 whatever the model's dtype is


def kv_bytes_per_token(*, layers: int, kv_heads: int, head_dim: int, dtype_bytes: int) -> int:
    """Return the bytes that one token takes in the KV cache: a key and a value in every layer, for every kept head.

    Args:
        layers: Layers of the model, > 0.
        kv_heads: Key-value heads, > 0; with tensor parallelism those of one rank.
        head_dim: Values of a key, > 0.
        dtype_bytes: Bytes of one value: 4 for float32, 2 for bfloat16 and float16.

    Example:
        >>> kv_bytes_per_token(layers=32, kv_heads=8, head_dim=128, dtype_bytes=2)  # Llama 3.1 8B
        131072
        >>> kv_bytes_per_token(layers=32, kv_heads=32, head_dim=128, dtype_bytes=2)  # Llama 2 7B, without sharing
        524288
    """
    return 2 * layers * kv_heads * head_dim * dtype_bytes


def kv_heads_per_rank(kv_heads: int, tensor_parallel_size: int) -> int:
    """Return how many key-value heads a rank keeps; where there are fewer than ranks, they are copied.

    Example:
        >>> [kv_heads_per_rank(8, ranks) for ranks in (1, 2, 8, 16)]
        [8, 4, 1, 1]
    """
    return max(1, kv_heads // tensor_parallel_size)


def whole_blocks(kv_cache_bytes: int, *, block_size: int, bytes_per_token: int) -> int:
    """Return how many whole blocks fit; what is left over is not used.

    Example:
        >>> whole_blocks(64 * 2**20, block_size=128, bytes_per_token=3072)  # 170.7 would fit
        170
    """
    return max(0, kv_cache_bytes // (block_size * bytes_per_token))


def blocks_per_request(max_model_len: int, *, block_size: int, kept: int | None = None) -> int:
    """Return the blocks of a request of full length; its last block counts whole.

    Args:
        max_model_len: Tokens of the request, > 0.
        block_size: Tokens of a block.
        kept: Tokens that the layers with a window keep at most, > 0. They have blocks of their own, and one more, since
            a window may begin inside a block. None where every layer keeps all.

    Example:
        >>> blocks_per_request(512, block_size=128), blocks_per_request(513, block_size=128)
        (4, 5)
        >>> blocks_per_request(4096, block_size=128, kept=1000)  # 32, 8, and 1
        41
    """
    found = math.ceil(max_model_len / block_size)
    return found if kept is None else found + math.ceil(min(kept, max_model_len) / block_size) + 1


def concurrency(blocks: int, *, max_model_len: int, block_size: int, kept: int | None = None) -> float:
    """Return how many requests of full length the KV cache holds, as vLLM's log says it.

    Example:
        >>> concurrency(170, max_model_len=513, block_size=128)
        34.0
    """
    return blocks / blocks_per_request(max_model_len, block_size=block_size, kept=kept)


def starts(blocks: int, *, max_model_len: int, block_size: int, kept: int | None = None) -> bool:
    """Return whether vLLM starts: one request of full length must fit beside the block that vLLM keeps for itself.

    Example:
        >>> starts(4, max_model_len=512, block_size=128), starts(5, max_model_len=512, block_size=128)
        (False, True)
    """
    return blocks - 1 >= blocks_per_request(max_model_len, block_size=block_size, kept=kept)


def longest_that_fits(blocks: int, *, block_size: int, longest: int, kept: int | None = None) -> int:
    """Return the longest request that fits, which is what vLLM takes for `max_model_len=-1`; 0 when there is none.

    Args:
        blocks: Whole blocks of the KV cache.
        block_size: Tokens of a block.
        longest: The longest context that the model allows.
        kept: As for `blocks_per_request`.

    Example:
        >>> longest_that_fits(5, block_size=128, longest=1024), longest_that_fits(170, block_size=128, longest=1024)
        (512, 1024)
    """
    lengths = range(longest + 1)
    needed = functools.partial(blocks_per_request, block_size=block_size, kept=kept)
    return max(0, bisect.bisect_right(lengths, blocks - 1, key=needed) - 1)


def activations(*, hidden: int, inner: int, vocab: int, dtype_bytes: int, batched_tokens: int, seqs: int) -> int:
    """Estimate the bytes of the values of one step: the widest layer's for all tokens, and the logits of all requests.

    Args:
        hidden: Width between the layers; its values are there twice, once to be added to the layer's result.
        inner: Width inside the MLP, with tensor parallelism on one rank; its values are there three times, twice as
            they enter and once multiplied.
        vocab: Tokens that the model knows.
        dtype_bytes: Bytes of one value of the layers.
        batched_tokens: Tokens of one step at most, `max_num_batched_tokens`.
        seqs: Requests of one step at most, `max_num_seqs`.

    Example:
        >>> activations(hidden=256, inner=768, vocab=2048, dtype_bytes=4, batched_tokens=4096, seqs=256)
        52428800
    """
    layer = batched_tokens * (2 * hidden + 3 * inner) * dtype_bytes
    return layer + seqs * vocab * LOGIT_BYTES * SAMPLER_COPIES
