"""Files that no answer may change for good: the course's own, the gradebook, what others handed in."""

import os
import shutil
import tempfile
from pathlib import Path

LEFT_OUT = {"__pycache__", ".ipynb_checkpoints"}


class Files:
    """Reads files, and puts back what was changed, deleted or added.

    Args:
        folders: Folders, with all that is in them.
    """

    def __init__(self, folders: list[Path]) -> None:
        self.folders = folders
        self.kept = {path: path.read_bytes() for path in self._all()}

    def put_back(self) -> dict[Path, Path | None]:
        """Make all files as they were, and return those that were not.

        Returns:
            Where each lies now as it was found, for somebody may have been at work on it; None for one that was gone.
        """
        found = self._all()
        added = [path for path in found if path not in self.kept]
        changed = [path for path, text in self.kept.items() if path not in found or path.read_bytes() != text]
        aside = {path: _set_aside(path) for path in [*added, *changed]}
        for path in changed:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(self.kept[path])
        return aside

    def _all(self) -> set[Path]:
        files = {path for folder in self.folders for path in folder.rglob("*") if path.is_file() or path.is_symlink()}
        return {path for path in files if not LEFT_OUT & {*path.parts}}


def _set_aside(path: Path) -> Path | None:
    if not os.path.lexists(path):
        return None
    return Path(shutil.move(path, Path(tempfile.mkdtemp(prefix="vllm-course-changed-")) / path.name))
