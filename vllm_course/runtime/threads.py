"""How many of the processor's threads an engine uses, and how they wait for each other.

vLLM's kernels share their work out to OpenMP's threads, which meet after every step. OpenMP lets those that come
first spin: they ask again and again until the last one is there. Alone on a machine nobody notices. Beside a second
engine the threads spin on the cores that the others need, and everything takes ten to thirty times as long. So the
course lets them sleep. And a shipped model, whose matrices are too small for much sharing out, takes only as many
threads as cores are idle.

What the user has set in the environment is left alone.
"""

import contextlib
import functools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vllm import LLM

# Of the OpenMP that comes with PyTorch (GNU's), and of Intel's, which some preload.
SLEEPING = {"GOMP_SPINCOUNT": "0", "KMP_BLOCKTIME": "0"}
WAITING = ("OMP_WAIT_POLICY", *SLEEPING)
NUMBER, BINDING = "OMP_NUM_THREADS", "VLLM_CPU_OMP_THREADS_BIND"
UNBOUND = "nobind"
NOW = Path("/proc/loadavg")


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

    It holds for an engine that is a process of its own and starts in the block. An engine in this process loads with
    all threads, since oneDNN packs the weights for as many as there are then. Afterwards `step_by_step` chooses.

    Args:
        small: Whether the model's matrices are too small to be worth sharing out, as a shipped model's are.
    """
    if users_own():
        yield
        return
    use(all_threads())
    os.environ[NUMBER] = str(1 if small else all_threads())
    try:
        yield
    finally:
        del os.environ[NUMBER]


def users_own() -> bool:
    """Return whether the user has set in the environment how many threads there are, or on which cores."""
    return NUMBER in os.environ or bool(binding())


def idle_cores() -> int:
    """Return how many cores have nothing to do: at this moment on Linux, on average of a minute elsewhere."""
    running = int(NOW.read_text().split()[3].partition("/")[0]) if NOW.exists() else round(os.getloadavg()[0])
    return max(0, os.cpu_count() - running)


def use(number: int) -> None:
    """Set PyTorch's number of threads. vLLM takes `torch.set_num_threads` away once an engine runs."""
    import torch

    torch._C.set_num_threads(number)


@functools.cache
def all_threads() -> int:
    """Return the number of threads that PyTorch has chosen for this machine, asked once."""
    import torch

    return torch.get_num_threads()


def step_by_step(llm: "LLM", *, small: bool) -> "LLM":
    """Let an engine in this process choose its number of threads before each step, and return it.

    A small model takes one thread and one more for each idle core. Setting the number also lets every thread of Python
    call the engine. PyTorch hands its number to a thread of Python at the first question or operation. vLLM's
    attention asks OpenMP before that, takes another number, and the call fails.
    """
    import torch

    step, left_alone = llm.llm_engine.step, users_own()

    @functools.wraps(step)
    def step_with_the_number(*args, **keywords):
        if left_alone:
            torch.get_num_threads()
        else:
            use(min(1 + idle_cores(), all_threads()) if small else all_threads())
        return step(*args, **keywords)

    llm.llm_engine.step = step_with_the_number
    return llm
