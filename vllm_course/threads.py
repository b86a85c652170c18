"""How many of the processor's threads an engine uses, and how they wait for each other.

vLLM's kernels share their work out to OpenMP's threads, which meet after every step. OpenMP lets those that come
first spin: they ask again and again until the last one is there. Alone on a machine nobody notices. Beside a second
engine the threads spin on the cores that the others need, and everything takes ten to thirty times as long. So the
course lets them sleep, and gives a shipped model one thread: its matrices are so small that sharing them out pays for
large batches only.

What the user has set in the environment is left alone.
"""

import contextlib
import functools
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vllm import LLM

# Of the OpenMP that comes with PyTorch (GNU's), and of Intel's, which some preload.
SLEEPING = {"GOMP_SPINCOUNT": "0", "KMP_BLOCKTIME": "0"}
WAITING = ("OMP_WAIT_POLICY", *SLEEPING)
NUMBER, BINDING = "OMP_NUM_THREADS", "VLLM_CPU_OMP_THREADS_BIND"
UNBOUND = "nobind"


def set_defaults() -> None:
    """Let waiting threads sleep and go where there is room, unless the user has set one of these variables.

    OpenMP reads how threads wait when PyTorch is imported. So it is set in JupyterLab's server, whose kernels inherit
    it, and a program that imports vllm first sets it itself. vLLM binds the threads of an engine that is a process of
    its own to the same cores for every engine, while others stand idle.
    """
    if not any(name in os.environ for name in WAITING):
        os.environ.update(SLEEPING)
    os.environ.setdefault(BINDING, UNBOUND)


def spinning() -> dict[str, str]:
    """Return the variables of the environment that make waiting threads spin, with their values."""
    found = {name: os.environ[name] for name in WAITING if name in os.environ}
    return {name: value for name, value in found.items() if value.lower() not in ("0", "passive")}


def binding() -> str:
    """Return the cores to which the user has vLLM bind its threads, "" for none."""
    found = os.environ.get(BINDING, UNBOUND)
    return "" if found == UNBOUND else found


@contextlib.contextmanager
def suited(*, small: bool) -> Iterator[None]:
    """Start an engine in this block with the number of threads that suits its model: one, or all of them.

    It holds for an engine in this process and for one in a process that starts in the block.

    Args:
        small: Whether the model's matrices are too small to be worth sharing out, as a shipped model's are.
    """
    if NUMBER in os.environ or binding():
        yield
        return
    import torch

    every = all_threads()  # asked before another number is set
    number = 1 if small else every
    # vLLM takes torch.set_num_threads away once an engine runs. oneDNN keeps the number that it packs weights with,
    # so the number is set before the engine loads them.
    torch._C.set_num_threads(number)
    os.environ[NUMBER] = str(number)
    try:
        yield
    finally:
        del os.environ[NUMBER]


@functools.cache
def all_threads() -> int:
    """Return the number of threads that PyTorch has chosen for this machine, asked once."""
    import torch

    return torch.get_num_threads()


def from_any_thread(llm: "LLM") -> "LLM":
    """Let every thread of Python call an engine, and return it.

    PyTorch hands its number of threads to a thread of Python at the first question or operation. vLLM's attention
    asks OpenMP before that, takes another number, and the call fails.
    """
    import torch

    step = llm.llm_engine.step

    @functools.wraps(step)
    def step_with_the_number(*args, **keywords):
        torch.get_num_threads()
        return step(*args, **keywords)

    llm.llm_engine.step = step_with_the_number
    return llm
