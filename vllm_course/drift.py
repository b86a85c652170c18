"""Whether the notebooks in use fit the course that is installed.

In a class one installed course may serve all, while each learner has a copy of the notebooks. Package and checks are
then the installed ones. When one of the two was updated and the other was not, a check may ask for what the text of
its exercise does not say.
"""

import hashlib
import re
from pathlib import Path

from vllm_course import paths

FACE = Path("vllm_course", "__init__.py")
NUMBER = re.compile(r'^__version__ = "(.+)"', re.MULTILINE)
RELIED_ON = ("checks/*.py", "vllm_course/**/*.py")  # what notebooks call; learners have no reason to edit it
UPDATE = (
    "Save your work and get them again: git pull, or stop your server on the Hub and start it. If this line stays, "
    "the installed course is the older one: tell who installed it."
)


def message(folder: Path) -> str:
    """Return one line about notebooks that do not fit the installed course and what to do, "" when they fit."""
    rule = misfit(folder)
    return f"{rule} {UPDATE}" if rule else ""


def misfit(folder: Path) -> str:
    """Return how the notebooks differ from the installed course, "" when they fit it.

    Args:
        folder: Where the notebook is, or the folder that JupyterLab shows. Where no copy of the course is at or above
            it, nothing is known and nothing said.
    """
    copy = copy_above(folder)
    if copy is None or copy.samefile(paths.root()):
        return ""
    here, installed = version(copy), version(paths.root())
    if here == installed:
        return ""
    rule = "notebooks must be of the same version as the installed course"
    return f"{rule}, got {here} in {copy} and {installed} installed."


def copy_above(folder: Path) -> Path | None:
    """Return the nearest folder, from this one upwards, that is a whole copy of the course."""
    places = (folder.absolute(), *folder.absolute().parents)
    return next((place for place in places if (place / FACE).is_file() and (place / "lessons").is_dir()), None)


def version(course: Path) -> str:
    """Return the version of a copy of the course, for example `"0.1.0 (3f2a9c1)"`.

    The part in brackets is a fingerprint of package and checks. It tells two states of one version apart, and is the
    same whatever the line ends are.
    """
    digest = hashlib.sha256()
    for file in sorted(file for pattern in RELIED_ON for file in course.glob(pattern)):
        digest.update(file.relative_to(course).as_posix().encode())
        digest.update(file.read_text(encoding="utf-8", errors="replace").encode())
    number = NUMBER.search((course / FACE).read_text(encoding="utf-8", errors="replace"))
    return f"{number[1] if number else 'without a number'} ({digest.hexdigest()[:7]})"
