"""Use the environment of another clone, VENV=/path/to/it: look whether it fits, and never change it.

What differs is asked of the environment's own Python (`tools.differences`). Standard library only, and no syntax newer
than Python 3.6, as in `tools.bootstrap`.
"""

import json

from tools.console import output
from tools.installer import DISTRIBUTION, LOCKS, UNFINISHED, lock_file, venv_version
from tools.preflight import PYTHONS, SetupError, dotted, one_of

SHOWN = 3  # differences in the message
MAKE = {"learner": "make lesson", "maintainer": "make lint", "browser": "make test-browser"}


def check(venv, build, role, parts):
    """Refuse an environment that does not hold what this clone's locks pin.

    Args:
        venv: Its folder.
        build: "cpu" or "gpu" as BUILD says, "" where it may be either.
        role: For whom it is used, for example "maintainer".
        parts: What that role needs.

    Raises:
        SetupError: It is none, or differs.
    """
    version = venv_version(venv)
    if not version or (venv / UNFINISHED).exists():
        what = "an unfinished one" if version else "none"
        raise SetupError(f"VENV must be an environment of the course, got {what} at {venv}. {remedy('', role)}")
    if version not in map(dotted, PYTHONS):
        raise SetupError(f"VENV must be of Python {one_of(PYTHONS)}, got {version} at {venv}. {remedy('', role)}")
    found = [name for name, package in sorted(DISTRIBUTION.items()) if distributions(venv, package)]
    if len(found) != 1 or build not in ("", found[0]):
        wanted = f"vLLM's {build} build" if build else "one build of vLLM"
        raise SetupError(f"VENV must hold {wanted}, got {' and '.join(found) or 'none'} at {venv}. {remedy('', role)}")
    locks = [lock_file(LOCKS.get(part, found[0])) for part in parts]
    said = output(venv / "bin" / "python", "-m", "tools.differences", *locks)
    facts = json.loads(said or '{"different": ["no Python with packages of the course"], "clone": ""}')
    if facts["different"]:
        raise SetupError(
            f"VENV must hold what {' and '.join(map(str, locks))} pin, got {first(facts['different'])} at {venv}. "
            + remedy(facts["clone"], role)
        )


def distributions(venv, package):
    """Return the folders of a package's metadata in an environment."""
    return list(venv.glob(f"lib/python*/site-packages/{package}-*.dist-info"))


def first(different):
    """Return some of the differences in words, and how many more there are."""
    more = len(different) - SHOWN
    return ", ".join(different[:SHOWN]) + (f" and {more} more" if more > 0 else "")


def remedy(clone, role):
    """Say how an environment is brought up to date, and by whom."""
    where = clone or "the clone that it is for"
    return f"Nothing was changed in it. Run {MAKE[role]} in {where}, at this clone's version, or leave VENV out."
