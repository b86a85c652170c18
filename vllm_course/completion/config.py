"""A settings file of `text_generation.py`, in JSON or YAML, as the words of a command line."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vllm_course.as_written import Written, read_settings
from vllm_course.errors import UsageError

if TYPE_CHECKING:
    from argparse import Action

    from vllm_course.completion.parser import Parser

TEXTS = ("model", "stop", "prompt", "prompts_file", "output", "log_file")
REPEATABLE = ("stop", "prompt")


def config_words(parser: "Parser", file: str) -> list[str]:
    """Return a settings file as the words of a command line, which the same parser then checks."""
    parser.source, words, seen = file, [], {}
    for key, value in read_settings(Path(file), name="--config").items():
        action = parser.option(str(key))
        if action is None or action.dest in ("config", "help"):
            remedy = parser.remedy(str(key), otherwise="Change or remove it.")
            raise UsageError(f"{file}: a key must be an option's name, got {key!r}. {remedy}")
        if action.dest in seen:
            raise UsageError(f"{file}: a key must be there once, got {seen[action.dest]} and {key}. Remove one.")
        seen[action.dest] = key
        words += _words(file, key, value, action)
    return words


def _words(file: str, key: str, value: Any, action: "Action") -> list[str]:
    name = action.option_strings[0]
    rule = _broken_rule(value, action)
    if rule:
        found = value if isinstance(value, Written) else json.dumps(value, default=str)
        raise UsageError(f"{file}: {key} must be {rule}, got {found}. Change or remove it.")
    if action.nargs == 0:
        return [name] if value else [option for option in action.option_strings if option.startswith("--no-")]
    values = value if isinstance(value, list) else [value]
    texts = [json.dumps(item) if isinstance(item, dict) else str(item) for item in values]
    return [name, *texts] if action.nargs else [f"{name}={text}" for text in texts]


def _broken_rule(value: Any, action: "Action") -> str | None:
    """Return what a value must be and is not, or None. The parser could not tell: it sees texts alone."""
    if action.nargs == 0:
        return None if isinstance(value, bool) else "true or false"
    may_repeat = action.nargs is not None or action.dest in REPEATABLE
    items = value if may_repeat and isinstance(value, list) and value else [value]
    if action.dest in TEXTS:
        return None if all(isinstance(item, str) for item in items) else "a text"
    if getattr(action.type, "kind", action.type) in (int, float):
        return None if all(_is_number(item) for item in items) else "a number"
    return "one value" if any(item is None or isinstance(item, bool | list) for item in items) else None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
