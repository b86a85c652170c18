"""What the set-up asks of the machine before it installs anything: Python, platform, build, disk.

Every check is handed its facts, so that a test can hand it others. Standard library only, and no syntax newer than
Python 3.6, because this file is what tells the user of an old Python so.
"""

REFERENCE = (3, 11)
OLDEST = (3, 8)  # the oldest Python that can install uv, which then brings Python 3.11 along
GLIBC = (2, 31)  # the newest that a wheel of the locks is built for (manylinux_2_31); tools/lock.py sees to it
SPACE = {"cpu": 3.5, "gpu": 14.0}  # GB: the environment, measured, and what installing it takes on the way
BUILDS = ("cpu", "gpu")
ELSEWHERE = "Use WSL2 on Windows, a Linux container, a remote Linux machine, or Binder (binder/ is made for it)."


class SetupError(Exception):
    """What stops the set-up, in one message: name, rule, value, remedy."""


def dotted(version):
    """Return (3, 11, 7) as "3.11.7"."""
    return ".".join(str(part) for part in version)


def check_python(version):
    """Refuse a Python that cannot run the set-up. Any from 3.8 on can: uv makes the environment with Python 3.11.

    Args:
        version: Version of the running interpreter, for example (3, 11, 7).

    Raises:
        SetupError: It is older than 3.8.
    """
    wanted = dotted(REFERENCE)
    if version < OLDEST:
        raise SetupError(
            f"Python must be {wanted} (or from {dotted(OLDEST)} on, to fetch {wanted}), got {dotted(version)}. "
            f"Install Python {wanted}, or name it: make lesson PYTHON=/path/to/python{wanted}"
        )


def check_platform(system, machine, libc):
    """Refuse a machine that vLLM's wheels are not made for.

    Args:
        system: As `platform.system()`, for example "Linux".
        machine: As `platform.machine()`, for example "x86_64".
        libc: As `platform.libc_ver()`, for example ("glibc", "2.36").

    Raises:
        SetupError: It is not Linux on x86_64 with glibc 2.31 or newer.
    """
    if (system, machine) != ("Linux", "x86_64"):
        raise SetupError(f"platform must be Linux x86_64, got {system} {machine}. {ELSEWHERE}")
    name, version = libc
    if name != "glibc" or tuple(int(part) for part in version.split(".")[:2]) < GLIBC:
        raise SetupError(
            f"C library must be glibc {dotted(GLIBC)} or newer, got {name or 'another one'} {version}. {ELSEWHERE}"
        )


def choose_build(requested, gpus):
    """Return the build of vLLM to install, "cpu" or "gpu".

    Args:
        requested: Value of BUILD, "" when it is not set.
        gpus: Names of the NVIDIA GPUs found.

    Raises:
        SetupError: BUILD is neither.
    """
    if requested and requested not in BUILDS:
        raise SetupError(f"BUILD must be cpu or gpu, got {requested!r}. Leave it out to install what fits the machine.")
    return requested or ("gpu" if gpus else "cpu")


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
