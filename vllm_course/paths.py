"""Where the parts of the course lie. The package is installed in place, so they are found from this file."""

from pathlib import Path


def root() -> Path:
    """Return the folder of the checkout, the one that holds lessons/ and models/."""
    return Path(__file__).resolve().parents[1]


def models() -> Path:
    """Return the folder of the shipped models."""
    return root() / "models"


def lesson(number: int) -> Path:
    """Return the folder of a lesson.

    Args:
        number: Lesson number, 1 for `lessons/01-basic-inference`.

    Raises:
        FileNotFoundError: There is no such lesson.
    """
    found = sorted((root() / "lessons").glob(f"{number:02d}-*"))
    if not found:
        raise FileNotFoundError(f"lesson must be one of those in lessons/, got {number}. See lessons/README.md.")
    return found[0]
