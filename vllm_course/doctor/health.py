"""Checks of the machine for `vllm-course doctor`: each is handed the facts and returns a `Check`."""

from dataclasses import dataclass
from typing import Literal

from vllm_course.doctor.machine import DISTRIBUTIONS, Machine
from vllm_course.loading_errors import GIB, PROCESS_MEMORY
from vllm_course.models import SHIPPED_KV_CACHE
from vllm_course.runtime.limits import GIVE_MORE
from vllm_course.runtime.threads import BINDING, NUMBER

PYTHONS = ((3, 11), (3, 12), (3, 13))
SYSTEMS = ("Linux x86_64", "Linux aarch64")
COMFORTABLE_MEMORY = 4 * GIB
DOWNLOAD_SPACE = 2 * GIB
GPU_CAPABILITY = 7.5  # CUDA 13, which the GPU build is made for, dropped older ones
GPU_DRIVER = 580
SET_UP = "Run: make clean, then make lesson."


@dataclass(frozen=True)
class Check:
    """The result of one check: status "ok", "warn" or "fail"; the last one means that lesson 01 would not run."""

    name: str
    status: Literal["ok", "warn", "fail"]
    message: str
    remedy: str = ""

    def __str__(self) -> str:
        mark = f"[{self.status}]".ljust(6)
        return f"{mark} {self.name}: {self.message}" + (f"\n       {self.remedy}" if self.remedy else "")


def build(facts: Machine) -> Literal["cpu", "gpu", ""]:
    """Return the build of vLLM that is installed, "" for none. vLLM's own CPU wheels are marked by their version."""
    if facts.installed[DISTRIBUTIONS["cpu"]] or (facts.installed[DISTRIBUTIONS["gpu"]] or "").endswith("+cpu"):
        return "cpu"
    return "gpu" if facts.installed[DISTRIBUTIONS["gpu"]] else ""


def python(facts: Machine) -> Check:
    """Python must be one of the versions that the locks hold for."""
    found = ".".join(map(str, facts.python))
    if facts.python[:2] not in PYTHONS:
        return Check("Python", "fail", f"must be 3.11, 3.12 or 3.13, got {found}.", SET_UP)
    return Check("Python", "ok", found)


def platform(facts: Machine) -> Check:
    """vLLM's wheels are for Linux on x86_64 and aarch64."""
    if facts.system not in SYSTEMS:
        remedy = "Use WSL2 on Windows, a Linux container on macOS, or Binder: see lessons/where-to-run.md."
        return Check("platform", "fail", f"must be {' or '.join(SYSTEMS)}, got {facts.system}.", remedy)
    if not facts.commands["lscpu"]:
        return Check("platform", "fail", "vLLM calls lscpu, got none.", "Install your system's package util-linux.")
    return Check("platform", "ok", facts.system)


def processor(facts: Machine) -> Check:
    """The CPU build needs AVX2, or Neon on aarch64; 4-bit weights need AVX-512."""
    if build(facts) == "gpu":
        return Check("processor", "ok", "the GPU does the work")
    if facts.system == "Linux aarch64":
        return _arm(facts)
    if "avx512f" in facts.cpu_flags:
        return Check("processor", "ok", "AVX-512")
    if "avx2" in facts.cpu_flags:
        return Check("processor", "ok", "AVX2; 4-bit weights are the one thing that needs AVX-512")
    return Check("processor", "fail", "must have AVX2, got none.", "Use a newer x86_64 machine, or Binder.")


def _arm(facts: Machine) -> Check:
    if "asimd" in facts.cpu_flags:
        return Check("processor", "ok", "Neon; 4-bit weights are the one thing that needs AVX-512")
    return Check("processor", "fail", "must have Neon (asimd), got none.", "Use a 64-bit arm64 machine, or Binder.")


def threads(facts: Machine) -> Check:
    """Threads that spin while they wait leave no core to a second engine on the machine."""
    if build(facts) == "gpu":
        return Check("threads", "ok", "the GPU does the work")
    if facts.spinning:
        found = " ".join(f"{name}={value}" for name, value in facts.spinning.items())
        rule = f"must sleep while they wait, or two engines slow each other down tenfold, got {found}."
        return Check("threads", "warn", rule, f"Run: unset {' '.join(facts.spinning)}")
    if facts.threads:
        return Check("threads", "ok", f"{facts.threads} for every model, as {NUMBER} says")
    if facts.binding:
        return Check("threads", "ok", f"one for each core for every model, since {BINDING}={facts.binding} is set")
    return Check("threads", "ok", f"idle ones of {facts.cores} cores for a shipped model, all of them for another")


def variables(facts: Machine) -> Check:
    """What the environment says to vLLM must be readable, and meant: a cluster or another project may have set it."""
    broken = facts.broken if build(facts) == "gpu" else facts.broken | facts.replacing
    if broken:
        rule = "; ".join(f"{name} {rule}" for name, rule in broken.items())
        return Check("variables", "fail", f"{rule}.", f"Run: unset {' '.join(broken)}")
    if facts.variables:
        names = " ".join(facts.variables)
        rule = f"vLLM reads what is set for it, got {names}."
        return Check("variables", "warn", rule, f"Where you did not set them yourself, run: unset {names}")
    return Check("variables", "ok", "none is set for vLLM but by the course")


def compiler(facts: Machine) -> Check:
    """A C++ compiler serves torch.compile, which the lessons switch off and vLLM's own commands do not."""
    if build(facts) == "cpu" and not facts.commands["g++"]:
        remedy = "Install g++, or set TORCHDYNAMO_DISABLE=1 where you start vLLM without load_model()."
        return Check("compiler", "warn", "vLLM compiles small functions with g++, got none.", remedy)
    return Check("compiler", "ok", facts.commands["g++"] or "not needed")


def memory(facts: Machine) -> Check:
    """Memory must hold vLLM and the KV cache that `load_model` reserves."""
    limit = f" of the {facts.memory_limit / GIB:.1f} GiB that this container may take" if facts.memory_limit else ""
    free, needed = f"{facts.memory / GIB:.1f} GiB free{limit}", PROCESS_MEMORY + SHIPPED_KV_CACHE
    if facts.memory < needed:
        more = f"{GIVE_MORE}. " if limit else ""
        remedy = f"{more}Close other notebooks and programs, or Linux kills one without a word."
        return Check("memory", "fail", f"at least {needed / GIB:.2f} GiB must be free, got {free}.", remedy)
    if facts.memory < COMFORTABLE_MEMORY:
        remedy = "Shut a notebook's kernel down before you open the next."
        return Check("memory", "warn", f"{free} is enough for one notebook.", remedy)
    return Check("memory", "ok", free)


def disk(facts: Machine) -> Check:
    """The lessons need no more disk; another model does."""
    free = f"{facts.disk / GIB:.1f} GiB free"
    if facts.disk < DOWNLOAD_SPACE:
        return Check("disk", "warn", f"{free} is little for downloading another model.", "Free some before you do.")
    return Check("disk", "ok", free)


def gpu(facts: Machine) -> Check:
    """The GPU build needs a GPU and a driver for CUDA 13; the CPU build needs neither."""
    if not facts.gpus:
        if build(facts) == "gpu":
            remedy = "Install the NVIDIA driver, or run: make clean, then make lesson BUILD=cpu."
            return Check("GPU", "fail", "vLLM's GPU build needs an NVIDIA GPU, got none.", remedy)
        return Check("GPU", "ok", "none, and none is needed")
    name, capability, driver = facts.gpus[0]
    found = f"{name}, compute capability {capability}, driver {driver}"
    if build(facts) != "gpu":
        remedy = "To use it, run: make clean, then make lesson BUILD=gpu."
        return Check("GPU", "warn", f"{found} is not used by the CPU build.", remedy)
    if float(capability) < GPU_CAPABILITY or int(driver.split(".")[0]) < GPU_DRIVER:
        rule = f"compute capability must be at least {GPU_CAPABILITY} and the driver {GPU_DRIVER}, got {found}."
        return Check("GPU", "fail", rule, "Update the driver, or run: make clean, then make lesson BUILD=cpu.")
    return Check("GPU", "ok", found)


def network(facts: Machine) -> Check:
    """The network is worth knowing about and never needed."""
    if facts.network is None:
        return Check("network", "ok", "not asked")
    reach = "answers" if facts.network else "does not answer"
    return Check("network", "ok", f"the Hugging Face Hub {reach}; the shipped models need none")
