"""What the set-up asks of the machine before it installs anything: Python, platform, build, disk.

Every check is handed its facts, so that a test can hand it others. Standard library only, and no syntax newer than
Python 3.6, because this file is what tells the user of an old Python so.
"""

REFERENCE = (3, 11)  # on which the committed outputs were made, and which uv fetches
PYTHONS = (REFERENCE, (3, 12), (3, 13))  # those that the locks hold for
OLDEST = (3, 8)  # the oldest Python that can install uv, which then brings Python 3.11 along
GLIBC = (2, 31)  # the newest that a wheel of the locks is built for (manylinux_2_31); tools/lock.py sees to it
SPACE = {"cpu": 3.5, "gpu": 14.0}  # GB: the environment, measured, and what installing it takes on the way
MEMORY = 1.75  # GiB: an engine with a shipped model, as vllm_course.doctor.health has it
BUILDS = ("cpu", "gpu")
PLACES = {  # what the set-up writes to: how a message names it, and what to do where it cannot be written
    "checkout": ("the course's folder", "Mount or clone it where you can write."),
    "environment": ("the environment's folder", "Change its owner, or delete it and run the same command again."),
    "packages": ("this Python's packages", "Use an environment of your own, or leave --here out."),
    "cache": ("uv's cache", "Name another place: export UV_CACHE_DIR=/path/you/can/write"),
}
MACHINES = ("x86_64", "aarch64")  # as Linux calls them; the second is arm64
GPU_MACHINES = ("x86_64",)  # tilelang, which the GPU build needs, has no wheel for aarch64
PAGE = "lessons/where-to-run.md"
ELSEWHERE = {
    "Darwin": f"On macOS, run the course in a Linux container: {PAGE} says how.",
    "Windows": f"On Windows, run the course in WSL2: {PAGE} says how.",
}
OTHERWISE = f"Use a remote Linux machine, or Binder (binder/ is made for it): {PAGE} says how."


class SetupError(Exception):
    """What stops the set-up, in one message: name, rule, value, remedy."""


def dotted(version):
    """Return (3, 11, 7) as "3.11.7"."""
    return ".".join(str(part) for part in version)


def one_of(versions):
    """Return ((3, 11), (3, 12)) as "3.11 or 3.12"."""
    names = [dotted(version) for version in versions]
    return " or ".join([", ".join(names[:-1]), names[-1]])


def fits(version, implementation, no_gil):
    """Return whether an environment can be made of a Python: the wheels are for CPython with its global lock.

    Args:
        version: For example (3, 12).
        implementation: As `platform.python_implementation()`, for example "CPython".
        no_gil: Whether it was built without the global interpreter lock, as python3.13t is.
    """
    return tuple(version) in PYTHONS and implementation == "CPython" and not no_gil


def check_python(version):
    """Refuse a Python that cannot run the set-up. Any from 3.8 on can: uv fetches 3.11 where it is none of `PYTHONS`.

    Args:
        version: Version of the running interpreter, for example (3, 11, 7).

    Raises:
        SetupError: It is older than 3.8.
    """
    wanted = dotted(REFERENCE)
    if version < OLDEST:
        raise SetupError(
            f"Python must be {one_of(PYTHONS)} (or from {dotted(OLDEST)} on, to fetch {wanted}), "
            f"got {dotted(version)}. "
            f"Install Python {wanted}, or name it: make lesson PYTHON=/path/to/python{wanted}"
        )


def check_platform(system, machine, libc):
    """Refuse a machine that vLLM's wheels are not made for.

    Args:
        system: As `platform.system()`, for example "Linux".
        machine: As `platform.machine()`, for example "x86_64".
        libc: As `platform.libc_ver()`, for example ("glibc", "2.36").

    Raises:
        SetupError: It is not Linux on x86_64 or aarch64 with glibc 2.31 or newer.
    """
    if system != "Linux" or machine not in MACHINES:
        remedy = ELSEWHERE.get(system, OTHERWISE)
        raise SetupError(f"platform must be Linux on {' or '.join(MACHINES)}, got {system} {machine}. {remedy}")
    name, version = libc
    if name != "glibc" or tuple(int(part) for part in version.split(".")[:2]) < GLIBC:
        raise SetupError(
            f"C library must be glibc {dotted(GLIBC)} or newer, got {name or 'another one'} {version}. "
            f"Use a system or container that has it, for example Debian 12 or Ubuntu 24.04: {PAGE} says how."
        )


def choose_build(requested, gpus, machine):
    """Return the build of vLLM to install, "cpu" or "gpu".

    Args:
        requested: Value of BUILD, "" when it is not set.
        gpus: Names of the NVIDIA GPUs found.
        machine: As `platform.machine()`; on aarch64 there is no GPU build.

    Raises:
        SetupError: BUILD is neither, or is not to be had on this machine.
    """
    if requested and requested not in BUILDS:
        raise SetupError(f"BUILD must be cpu or gpu, got {requested!r}. Leave it out to install what fits the machine.")
    if requested == "gpu" and machine not in GPU_MACHINES:
        raise SetupError(
            f"BUILD must be cpu on {machine}, got gpu: not all packages of the GPU build have wheels for it. "
            "Leave it out, or set BUILD=cpu."
        )
    return requested or ("gpu" if gpus and machine in GPU_MACHINES else "cpu")


def check_writable(troubles):
    """Refuse to start where something cannot be written that the set-up writes to.

    Args:
        troubles: Place and reason by the names of PLACES, for example {"cache": "/x/uv (Read-only file system)"}.

    Raises:
        SetupError: There is one; the message is about the first.
    """
    for name, trouble in troubles.items():
        called, remedy = PLACES[name]
        raise SetupError(f"{called} must be writable, got {trouble}. {remedy}")


def proxy_rule(troubles):
    """Return a sentence about the proxies that are set, "" where none is: a network that fails may be one of them.

    Args:
        troubles: Address and reason by the variable's name, for example {"HTTPS_PROXY": ("proxy:3128", "")}; the
            reason is "" for one that answers.
    """
    dead = {name: trouble for name, trouble in troubles.items() if trouble[1]}
    if dead:
        got = ", ".join(f"{name}={address} ({reason})" for name, (address, reason) in dead.items())
        return f"A proxy that is set must answer, got {got}. Correct or unset it."
    return f"The network was asked by way of {' and '.join(troubles)}, which may be in the way." if troubles else ""


def check_disk(build, free):
    """Refuse to start an installation that the disk cannot hold.

    Args:
        build: "cpu" or "gpu".
        free: Bytes free at each place that is written to, for example {"/home/ada/course": 5e9}.

    Raises:
        SetupError: One of the places has too little.
    """
    for place in sorted(free):
        if free[place] < SPACE[build] * 1e9:
            raise SetupError(
                f"free disk space at {place} must be at least {SPACE[build]:.1f} GB for the {build} build, "
                f"got {free[place] / 1e9:.1f} GB. Free some, or move the checkout to a larger disk, "
                "and uv's cache with UV_CACHE_DIR=/path/on/a/larger/disk"
            )
