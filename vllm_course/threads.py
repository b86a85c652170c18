"""How the processor's threads wait for each other.

vLLM's kernels share their work out to OpenMP's threads, which meet after every step. OpenMP lets those that come
first spin: they ask again and again until the last one is there. Alone on a machine nobody notices. Beside a second
engine the threads spin on the cores that the others need, and everything takes ten to thirty times as long. So the
course lets them sleep.

Their number stays vLLM's choice. It belongs to each thread of Python that calls an engine, and vLLM ends a call whose
number differs from the first one's.
"""

import os

# Of the OpenMP that comes with PyTorch (GNU's), and of Intel's, which some preload.
SLEEPING = {"GOMP_SPINCOUNT": "0", "KMP_BLOCKTIME": "0"}
WAITING = ("OMP_WAIT_POLICY", *SLEEPING)


def let_threads_sleep() -> None:
    """Set the variables that make waiting threads sleep, unless the user has set one of `WAITING`.

    OpenMP reads them when PyTorch is imported. So they are set in JupyterLab's server, whose kernels inherit them, and
    a program that imports vllm first sets them itself.
    """
    if not any(name in os.environ for name in WAITING):
        os.environ.update(SLEEPING)
