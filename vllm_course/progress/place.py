"""Where the progress file lies."""

import os
from pathlib import Path

from vllm_course.progress.errors import ProgressError

HOME = "VLLM_COURSE_HOME"


def home() -> Path:
    """Return the folder of the progress file: `VLLM_COURSE_HOME`, or the course's folder in the user's data folder.

    Raises:
        ProgressError: `VLLM_COURSE_HOME` is not absolute: every notebook would mean another folder by it.
    """
    if not (chosen := os.environ.get(HOME)):
        import platformdirs

        return platformdirs.user_data_path("vllm-course", appauthor=False)
    if not (folder := Path(os.path.expanduser(chosen))).is_absolute():
        raise ProgressError(f"{HOME} must be an absolute path, got {chosen!r}. Write it from the root (/) on.")
    return folder


def file() -> Path:
    """Return where the progress file lies, whether it is there or not."""
    return home() / "progress.sqlite3"
