"""A cache of generated texts that several processes may fill at once: one SQLite file, one row a request."""

import contextlib
import hashlib
import json
import os
import sqlite3
from typing import Any

SECONDS_TO_WAIT = 30  # for another writer, before SQLite gives up


def cache_key(model: str, prompt: str, sampling: dict[str, Any]) -> str | None:
    """Name a request by all that its text depends on.

    vLLM's own object holds every parameter with its default, so it is encoded as a whole: a parameter that is new or
    rare, such as `logit_bias`, cannot be forgotten. The encoding is the same in every process and for any order of
    the dict; `hash` is salted anew in each process.

    Args:
        model: Name or folder of the model.
        prompt: Text to continue.
        sampling: Fields of `vllm.SamplingParams`.

    Returns:
        64 hexadecimal digits, or None for a request that may give another text each time: random, without a seed.
    """
    import msgspec
    import vllm

    params = vllm.SamplingParams(**sampling)
    if params.temperature > 0 and params.seed is None:
        return None
    # The version, since a parameter at its default is left out of the encoding and defaults may change.
    request = [vllm.__version__, model, prompt, msgspec.to_builtins(params, str_keys=True)]
    return hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()


class ResultCache:
    """Texts by key, in a file that outlives the process.

    Args:
        path: The file; it is created where there is none.
    """

    def __init__(self, path: str | os.PathLike) -> None:
        self.path = path
        with self._open() as database:
            database.execute("CREATE TABLE IF NOT EXISTS results (key TEXT PRIMARY KEY, text TEXT NOT NULL)")

    def get(self, key: str) -> str | None:
        """Return the text kept under a key, or None; an empty text is a text."""
        with self._open() as database:
            row = database.execute("SELECT text FROM results WHERE key = ?", (key,)).fetchone()
        return None if row is None else row[0]

    def put(self, key: str, text: str) -> None:
        """Keep a text; a writer that comes second replaces it."""
        with self._open() as database:
            database.execute("INSERT OR REPLACE INTO results VALUES (?, ?)", (key, text))

    @contextlib.contextmanager
    def _open(self):
        """Open the file for one transaction: SQLite lets one writer in at a time, and the others wait."""
        with contextlib.closing(sqlite3.connect(self.path, timeout=SECONDS_TO_WAIT)) as database, database:
            yield database


def cached_text(llm, cache: ResultCache, model: str, prompt: str, sampling: dict[str, Any]) -> str:
    """Return the text of a request, from the cache where it can be, and keep what was generated."""
    from vllm import SamplingParams

    key = cache_key(model, prompt, sampling)
    found = None if key is None else cache.get(key)
    if found is not None:
        return found
    text = llm.generate(prompt, SamplingParams(**sampling))[0].outputs[0].text
    if key is not None:
        cache.put(key, text)
    return text
