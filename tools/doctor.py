"""Examine the machine before the set-up, and let `vllm-course doctor` examine the rest where there is an environment.

`make doctor` calls it. Standard library only, and no syntax newer than Python 3.6, as in `tools.bootstrap`.
"""

import argparse
import importlib.util
import json
import os
import platform
import re
import shutil
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

from tools import installer, preflight, surroundings
from tools.console import base_python, output, say
from tools.preflight import SetupError

LIMITS = Path("vllm_course/runtime/limits.py")
GIB = 2**30
WITHOUT_MAKE = "Install make, or go without it: python3 -m tools.bootstrap learner"
NO_INSTALLER = "Install your system's package python3-venv, or uv."
HOME = "JupyterLab and vLLM keep files there. Name another place: export HOME=/path/you/can/write"
TMPDIR = "Python takes another folder, and other programs fail. Name another place: export TMPDIR=/path/you/can/write"
PROGRESS = "Checks work, but keep nothing. Name another place: export VLLM_COURSE_HOME=/path/you/can/write"
NOTEBOOKS = "JupyterLab saves your work there. Allow it, or copy the course to where you can write."

Check = namedtuple("Check", "name status message remedy")  # status: "ok", "warn" or "fail"


def main(argv=None):
    """Print the results, also those of `vllm-course doctor`; return 1 where the set-up or lesson 01 would fail."""
    arguments = parser().parse_args(argv)
    results = examine(os.environ, arguments.venv)
    if not arguments.json:
        for result in results:
            say(shown(result))
    options = [name for name in ("--json", "--offline") if getattr(arguments, name[2:])]
    code, more = (
        (0, "[]") if any(result.name == "set-up" for result in results) else full_doctor(arguments.venv, options)
    )
    if arguments.json:
        say(json.dumps([result._asdict() for result in results] + json.loads(more), indent=2))
    return int(code != 0 or any(result.status == "fail" for result in results))


def parser():
    """Return the parser of the command line."""
    result = argparse.ArgumentParser(prog="python -m tools.doctor", description=__doc__.splitlines()[0])
    result.add_argument("--json", action="store_true", help="print the results as a list of JSON objects")
    result.add_argument("--offline", action="store_true", help="do not ask whether the Hugging Face Hub answers")
    result.add_argument("--venv", type=Path, default=installer.VENV, help="the environment, where it is another's")
    return result


def examine(environ, venv):
    """Return the results of all checks that need no environment, in the order in which they are shown."""
    gpus = installer.gpus()
    machine = platform.machine()
    build = preflight.choose_build("", gpus, machine)
    facts = platform.system(), machine, platform.libc_ver()
    fault = installer.venv_fault(environ.get("BUILD") or build, venv)
    results = [
        judged("Python", platform.python_version(), preflight.check_python, sys.version_info[:3]),
        judged("platform", " ".join(facts[:2] + facts[2]), preflight.check_platform, *facts),
        judged("build", build, preflight.choose_build, environ.get("BUILD", ""), gpus, machine),
        make(shutil.which("make")),
        installed_by(),
        *writable(environ, needed=bool(fault)),
        *memory(),
        proxies(surroundings.proxies(environ)),
    ]
    return results + (not_set_up(environ, build, venv, fault) if fault else [])


def judged(name, found, check, *facts):
    """Return the result of one of the set-up's own checks.

    Args:
        name: What the result is called.
        found: What is said where all is well.
        check: A function of `tools.preflight`, which raises a SetupError otherwise.
        *facts: What it is handed.
    """
    try:
        check(*facts)
    except SetupError as error:
        rule, remedy = re.match(rf"(?:{name} )?(.+?, got .+?\.) (?=[A-Z])(.+)", str(error)).groups()
        return Check(name, "fail", rule, remedy)
    return Check(name, "ok", found, "")


def make(found):
    """Return whether the commands of README can be typed as they are there."""
    return Check("make", "ok", found, "") if found else Check("make", "warn", "must be there, got none.", WITHOUT_MAKE)


def installed_by():
    """Return what will install the packages: uv, or what gets uv."""
    uv = installer.find_uv()
    by = output(uv, "--version").strip() if uv else ""
    if not by and output(base_python(), "-m", "pip", "--version"):
        by = "pip, which gets uv"
    if not by and importlib.util.find_spec("ensurepip"):
        by = "venv, which gets uv"
    if by:
        return Check("installer", "ok", by, "")
    return Check("installer", "fail", "must be uv, pip or venv, got none of them.", NO_INSTALLER)


def writable(environ, needed):
    """Return for each place that the set-up or a learner writes to whether that works.

    Args:
        environ: Environment variables.
        needed: Whether there is a set-up to come: what it alone writes to may be closed afterwards.
    """
    found = surroundings.places(environ, installer.VENV)
    results = [
        judged(name, str(place), preflight.check_writable, surroundings.write_troubles({name: place}))
        for name, place in found.items()
    ]
    if not needed:
        results = [result._replace(status="warn") if result.remedy else result for result in results]
    troubles = [trouble for trouble in map(surroundings.write_trouble, surroundings.notebooks()) if trouble]
    more = f" and {len(troubles) - 1} more" if len(troubles) > 1 else ""
    for name, trouble, remedy in (
        ("HOME", surroundings.write_trouble(surroundings.home()), HOME),
        ("TMPDIR", surroundings.write_trouble(surroundings.temporary(environ)), TMPDIR),
        ("progress", surroundings.write_trouble(surroundings.progress(environ)), PROGRESS),
        ("notebooks", "".join(troubles[:1]) + more, NOTEBOOKS),
    ):
        rule = f"must be writable, got {trouble}."
        results.append(Check(name, "warn", rule, remedy) if trouble else Check(name, "ok", "can be written", ""))
    return results


def memory():
    """Return whether an engine has memory enough, and what a container may take; nothing where Linux does not say."""
    if not Path("/proc/meminfo").exists():
        return []
    spec = importlib.util.spec_from_file_location("limits", str(LIMITS))
    limits = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(limits)
    free, limit = limits.free_memory(), limits.memory_limit()
    found = f"{free / GIB:.1f} GiB free"
    found += f" of the {limit / GIB:.1f} GiB that this container may take" if limit else ""
    if free >= preflight.MEMORY * GIB:
        return [Check("memory", "ok", found, "")]
    remedy = (limits.GIVE_MORE + ". " if limit else "") + "Close other programs, or Linux kills one without a word."
    rule = f"at least {preflight.MEMORY} GiB must be free for an engine, got {found}."
    return [Check("memory", "fail", rule, remedy)]


def proxies(found):
    """Return whether the proxies that are set answer."""
    if not any(reason for address, reason in found.values()):
        return Check("proxies", "ok", " ".join(sorted(found)) or "none is set", "")
    rule, remedy = re.match(r"(.+\.) (Correct.+)", preflight.proxy_rule(found)).groups()
    return Check("proxies", "warn", rule, remedy)


def not_set_up(environ, build, venv, fault):
    """Return why there is no environment to examine, and whether the disk has room for one."""
    free = installer.free_space(surroundings.uv_cache(environ))
    # Where nothing can be written there is no room either, and another line says so.
    free = {place: size for place, size in free.items() if not surroundings.write_trouble(Path(place))}
    least = f"{min(free.values(), default=0) / 1e9:.1f} GB free"
    rule = f"{venv} must hold the packages, got one that is {fault}."
    missing = Check("set-up", "warn", rule.replace("one that is none yet", "none yet"), "Run: make lesson")
    return [judged("disk", least, preflight.check_disk, build, free), missing]


def full_doctor(venv, options):
    """Run `vllm-course doctor` in the environment; return its exit code, and what it prints as JSON."""
    command = [str(venv / "bin" / "python"), "-m", "vllm_course.cli", "doctor"] + options
    out = subprocess.PIPE if "--json" in options else None
    done = subprocess.run(command, stdout=out)
    return done.returncode, (done.stdout or b"[]").decode()


def shown(check):
    """Return a result as one line, and a second one for the remedy, as `vllm-course doctor` has them."""
    mark = f"[{check.status}]".ljust(6)
    return f"{mark} {check.name}: {check.message}" + ("\n       " + check.remedy if check.remedy else "")


if __name__ == "__main__":
    sys.exit(main())
