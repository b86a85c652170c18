"""Configurations of well-known models: values of their `config.json`, in `configurations.json`, no weights.

Only what the memory depends on. A test computes the number of parameters of each from these values and compares it with
the number that is published for the model. Models with a sliding window, such as Gemma 2 and Phi-3-mini, are not here,
because the formula does not hold for them; of GPT-OSS it knows the window.
"""

import json
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("configurations.json")
CONFIGURATIONS: dict[str, dict[str, Any]] = json.loads(FILE.read_text("utf-8"))


def find_configuration(name: str) -> str | None:
    """Return the name in the table that is meant: the whole name, or what is after the slash, in any case.

    Example:
        >>> find_configuration("llama-3.1-8b"), find_configuration("gpt-5")
        ('meta-llama/Llama-3.1-8B', None)
    """
    small = name.lower()
    return next((known for known in CONFIGURATIONS if small in (known.lower(), known.lower().split("/")[1])), None)
