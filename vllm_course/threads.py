"""How many threads of the processor an engine uses, and how they wait for each other.

vLLM's kernels share their work out to OpenMP's threads, which meet after every step. OpenMP lets those that come
first spin: they ask again and again until the last one is there. Alone on a machine nobody notices. Beside a second
engine the threads spin on the cores that the others need, and everything takes ten to thirty times as long.

So threads sleep while they wait, and a shipped model, whose steps are too short to share, gets only one. What the user
has set in the environment wins.
"""

import functools
import os
from collections.abc import Callable

NUMBER = ("OMP_NUM_THREADS", "VLLM_CPU_OMP_THREADS_BIND")
# Of the OpenMP that comes with PyTorch (GNU's), and of Intel's, which some preload.
SLEEPING = {"GOMP_SPINCOUNT": "0", "KMP_BLOCKTIME": "0"}
WAITING = ("OMP_WAIT_POLICY", *SLEEPING)


def let_threads_sleep() -> None:
    """Set the variables that make waiting threads sleep, unless the user has set one of `WAITING`.

    OpenMP reads them when PyTorch is imported, and processes that are started later inherit them.
    """
    if not any(name in os.environ for name in WAITING):
        os.environ.update(SLEEPING)


def use_threads(*, is_shipped: bool) -> None:
    """Choose the number of threads before an engine starts on a CPU, unless the user has set one of `NUMBER`.

    Args:
        is_shipped: Whether the model is one of the course's own, which need one thread; others get every core that
            this process may use.
    """
    if not any(name in os.environ for name in NUMBER):
        _setter()(1 if is_shipped else len(os.sched_getaffinity(0)))


@functools.cache
def _setter() -> Callable[[int], None]:
    """Return PyTorch's own function: the first engine replaces it by one that only warns."""
    import torch

    return torch.set_num_threads
