"""Set the course up: make an environment and install the locked packages. `make` calls it when it has to.

What an interrupted or failed call leaves behind is found by the next one, and uv's cache keeps what was downloaded.
Standard library only, and no syntax newer than Python 3.6: any Python may be asked to run this.
"""

import argparse
import os
import platform
import sys
import time
from pathlib import Path

from tools import installer, preflight, shared, surroundings
from tools.console import one_at_a_time, say
from tools.preflight import SetupError

PARTS = ["learner", "maintainer", "browser"]  # each on top of those before it
ROLES = {role: PARTS[: PARTS.index(role) + 1] for role in PARTS}  # what each role needs


def main(argv=None):
    """Run the set-up; return 0, 1 for a failure that is explained, 130 for Ctrl-C."""
    started = time.time()
    arguments = parser().parse_args(argv)
    try:
        if arguments.venv:
            look_at(arguments)
            return 0
        set_up(arguments)
    except SetupError as error:
        print(f"\nSet-up stopped: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nSet-up interrupted. The same command goes on where it stopped.", file=sys.stderr)
        return 130
    say(f"Ready after {time.time() - started:.0f} s.")
    return 0


def parser():
    """Return the parser of the command line."""
    result = argparse.ArgumentParser(prog="python -m tools.bootstrap", description=__doc__.splitlines()[0])
    result.add_argument(
        "role",
        choices=sorted(ROLES),
        help="maintainers get what tests and grading need, too, browser what drives a browser",
    )
    result.add_argument("--here", action="store_true", help="install into the running Python's environment, not .venv")
    result.add_argument(
        "--named", action="store_true", help="the running Python was chosen: no other will do for .venv"
    )
    result.add_argument("--hosted", action="store_true", help="with --here: leave alone what Colab or Kaggle runs on")
    result.add_argument("--venv", type=Path, help="only look whether another clone's environment fits")
    result.add_argument("--key", default="", help="what the locks contain; a part of the stamps' names in .venv")
    return result


def look_at(arguments):
    """Refuse the environment of another clone that does not fit this one; say nothing when it does."""
    shared.check(arguments.venv, os.environ.get("BUILD", ""), arguments.role, ROLES[arguments.role])


def set_up(arguments):
    """Take the steps in order; each says in one line what it found or what it does."""
    preflight.check_python(sys.version_info[:3])
    preflight.check_platform(platform.system(), platform.machine(), platform.libc_ver())
    say(f"[1/4] Machine: Linux {platform.machine()}, Python {platform.python_version()}")
    requested = os.environ.get("BUILD", "")
    build = preflight.choose_build(requested, installer.gpus(), platform.machine())
    say(f"[2/4] Build of vLLM: {build}, " + ("as BUILD says" if requested else "which fits this machine"))
    installer.refuse_link()
    found = surroundings.places(os.environ, installer.VENV, here=arguments.here)
    preflight.check_writable(surroundings.write_troubles(found))
    with one_at_a_time("requirements/cpu.txt"):
        uv = installer.find_uv() or installer.install_uv()
        if arguments.here:
            python = installer.this_python()
            say(f"[3/4] Environment: the one of {python}")
            installer.install(uv, python, build, ROLES[arguments.role], arguments.hosted)
        else:
            into_venv(uv, build, arguments.role, arguments.key, arguments.named)


def into_venv(uv, build, role, key, named=False):
    """Install into .venv what is missing there. It bears a mark while it is unfinished, and stamps when it is ready.

    There are two stamps for each part, because make asks for the second kind where PYTHON was named.
    """
    python = installer.make_venv(uv, build, named)
    version = preflight.dotted(sys.version_info[:2]) if named else installer.venv_version(installer.VENV)
    stamps = {
        name: [installer.VENV / f".ready-{name}-{key}{end}" for end in ("", f"-{version}")] for name in ROLES[role]
    }
    missing = [name for name in stamps if not all(stamp.exists() for stamp in stamps[name])]
    if not missing:  # another set-up, that this one waited for, did it all
        return
    if "learner" in missing:
        remove(installer.VENV.glob(".ready-*"))
    unfinished = installer.VENV / installer.UNFINISHED
    unfinished.touch()
    installer.install(uv, python, build, missing)
    for name in missing:
        for stamp in stamps[name]:
            stamp.touch()
    unfinished.unlink()


def remove(files):
    """Delete files."""
    for file in files:
        file.unlink()


if __name__ == "__main__":
    sys.exit(main())
