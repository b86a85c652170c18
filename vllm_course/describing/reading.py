"""From what a user names to a configuration, and to the folder with the weights where there is one."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from vllm_course import models, shipped
from vllm_course.describing.table import CONFIGURATIONS, find_configuration
from vllm_course.errors import CourseError, UsageError, did_you_mean
from vllm_course.files import read_json


class Model(NamedTuple):
    """What is known of a model before it is loaded.

    Attributes:
        name: How it is called in tables and errors.
        config: What its `config.json` holds.
        folder: Where its weights are, if they are here; None for a bare configuration.
    """

    name: str
    config: Mapping[str, Any]
    folder: Path | None


def read_model(model: str | Path | Mapping[str, Any]) -> Model:
    """Find a model's configuration.

    Args:
        model: A shipped model's name, a folder, the path of a `config.json`, what such a file holds, a name of the
            table of configurations, or a Hugging Face id whose files were downloaded before.

    Raises:
        UsageError: There is no such model on this machine, or its configuration is damaged.
    """
    if isinstance(model, Mapping):
        return Model("the configuration", model, None)
    if not isinstance(model, str | Path) or not str(model):
        got = f"got {model!r:.60}. Use 'pocket-base'."
        raise UsageError(f"model must be a name, a folder, a config.json or what it holds, {got}")
    name = str(model)
    file = Path(os.path.expanduser(name))
    if file.suffix == ".json":
        return Model(name, read_json(file, name="model", what="a config.json"), None)
    if os.path.isfile(file):
        raise UsageError(f"model must be a folder or a config.json, got the file {name}. Give its folder.")
    return _by_name(name)


def _by_name(name: str) -> Model:
    known = None if name in shipped.names() or os.path.isdir(name) else find_configuration(name)
    folder = Path(_folder(known or name, required=known is None) or "")
    if folder != Path():
        return Model(known or name, read_json(folder / "config.json", name="model", what="a model's folder"), folder)
    return Model(known, CONFIGURATIONS[known], None)


def _folder(name: str, *, required: bool) -> str | None:
    """Return the folder of a shipped model, of a folder's path, or of what the Hub's cache holds of a model."""
    try:
        place = models.find_model(name)
    except CourseError as error:
        remedy = did_you_mean(name, _table_names(), otherwise="", shown=repr)
        raise UsageError(f"{error} {remedy}".strip()) from None
    if os.path.isdir(place):
        return place
    cached = _in_cache(name)
    if cached is None and required:
        raise UsageError(
            f"model must be on this machine or in the table of configurations, got {name!r}, of which no config.json "
            f"is here. Download it with hf download {name} config.json, or use one of {', '.join(_table_names())}."
        )
    return cached


def _in_cache(name: str) -> str | None:
    from huggingface_hub import try_to_load_from_cache

    found = try_to_load_from_cache(name, "config.json")
    return os.path.dirname(found) if isinstance(found, str) else None


def _table_names() -> list[str]:
    return [known.split("/")[1] for known in CONFIGURATIONS]
