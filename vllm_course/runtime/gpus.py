"""How much memory of the GPUs is free, and which share of it vLLM may ask for."""

import math
import subprocess

VLLMS_SHARE = 0.92  # what vLLM asks for by itself
CONTEXT = 1024  # MiB that CUDA and its libraries take before vLLM looks what is free


def memory() -> list[tuple[int, int]]:
    """Return free and total MiB of each NVIDIA GPU, as the driver counts them; [] where it gives no answer."""
    query = ["nvidia-smi", "--query-gpu=memory.free,memory.total", "--format=csv,noheader,nounits"]
    try:
        done = subprocess.run(query, capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return []
    rows = (line.split(", ") for line in done.stdout.splitlines() if done.returncode == 0)
    return [(int(row[0]), int(row[1])) for row in rows if len(row) == 2 and all(map(str.isdecimal, row))]


def share_that_fits(gpus: list[tuple[int, int]]) -> float | None:
    """Return the largest `gpu_memory_utilization` that all GPUs have free, at most vLLM's own default.

    With `kv_cache_memory_bytes` vLLM checks the share at the start and uses it for nothing else.

    Args:
        gpus: Free and total MiB of each.

    Returns:
        A share from 0.01 to 0.92, None without a GPU.

    Example:
        >>> share_that_fits([(81_000, 81_559)]), share_that_fits([(12_000, 24_000)]), share_that_fits([])
        (0.92, 0.45, None)

    Source:
        `vllm.v1.worker.utils.request_memory`.
    """
    shares = [math.floor(100 * (free - CONTEXT) / total) / 100 for free, total in gpus]
    return min(VLLMS_SHARE, max(0.01, min(shares))) if shares else None
