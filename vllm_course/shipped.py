"""The models that come with the course, and whether their files are as they were committed."""

import hashlib
from pathlib import Path

from vllm_course import paths

DEFAULT_MODEL = "pocket-base"
CHECKSUMS = "SHA256SUMS"


def names() -> list[str]:
    """Return the names of the shipped models, sorted, for example `["pocket-base", "pocket-base-mini"]`."""
    return sorted(file.parent.name for file in paths.models().glob(f"*/{CHECKSUMS}"))


def damaged_files(folder: Path) -> list[str]:
    """Compare the files of a model with its checksums.

    Args:
        folder: Model folder with a `SHA256SUMS` file, in the format of `sha256sum`.

    Returns:
        Names of the files that are missing or differ, in the order of the list. Empty when all is well.
    """
    lines = (folder / CHECKSUMS).read_text(encoding="utf-8").splitlines()
    expected = (line.split(maxsplit=1) for line in lines if line.strip())
    return [name for digest, name in expected if _digest(folder / name.strip("* ")) != digest]


def _digest(file: Path) -> str | None:
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else None
