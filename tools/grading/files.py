"""Files that no answer may change for good: the course's own, the gradebook, what others handed in."""

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

    def put_back(self) -> list[Path]:
        """Make all files as they were, and return those that were not."""
        found = self._all()
        added = [path for path in found if path not in self.kept]
        for path in added:
            path.unlink()
        changed = [path for path, text in self.kept.items() if path not in found or path.read_bytes() != text]
        for path in changed:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.unlink(missing_ok=True)
            path.write_bytes(self.kept[path])
        return [*added, *changed]

    def _all(self) -> set[Path]:
        files = {path for folder in self.folders for path in folder.rglob("*") if path.is_file() or path.is_symlink()}
        return {path for path in files if not LEFT_OUT & {*path.parts}}
