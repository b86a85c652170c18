"""How far a batch job is, for a person at a terminal or in a notebook."""

import sys
from pathlib import Path
from typing import Any

from vllm_course.batch.jobs import read_jobs
from vllm_course.runtime.waiting import watched


def progress_bar(file: Path, *, done: int) -> Any:
    """Return a bar that counts lines, a `tqdm`, and goes away when it is closed.

    Args:
        file: The jobs. They are counted where somebody watches and the file can be read twice.
        done: How many are done already.
    """
    from tqdm.auto import tqdm

    shown = watched()
    total = sum(1 for _ in read_jobs(file)) if shown and file.is_file() else None
    return tqdm(total=total, initial=done, unit=" lines", disable=not shown, leave=False, file=sys.stdout)
