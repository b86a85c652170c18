"""Settings files as they are written: YAML without its surprises, and no key twice."""

import json
import re
from pathlib import Path
from typing import Any

import yaml

from vllm_course.errors import UsageError, one_line
from vllm_course.files import once, read_text, refuse_half_characters

TAG = "tag:yaml.org,2002:"
# What a word without quotation marks may be other than a text: its form, and what it may begin with.
PLAIN = {
    "bool": (r"true|True|TRUE|false|False|FALSE", "tTfF"),
    "null": (r"null|Null|NULL|~|", ["n", "N", "~", ""]),
    "int": (r"[-+]?[0-9]+", "-+0123456789"),
    "float": (r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?", "-+.0123456789"),
}
TAGS = [TAG + kind for kind in (*PLAIN, "str", "seq", "map")]


class Written:
    """A number of a YAML file, which is as a text what stands in the file: 010 and not 10."""

    def __new__(cls, text: str) -> "Written":
        number = super().__new__(cls, text)
        number.text = text
        return number

    def __str__(self) -> str:
        return self.text


class Whole(Written, int):
    """A whole number."""


class Fraction(Written, float):
    """Any other number."""


class AsWritten(yaml.SafeLoader):
    """Reads YAML without its surprises, where 010 is 8, 12:30 is 750, `on` is true, and 1e-1 is a text.

    Numbers are decimal, and true, false and null are the only words with a meaning. All else is the text that stands
    there. A key that is there twice is an error, and not the last of the two. Dates, sets and bytes are errors as well.
    """

    yaml_implicit_resolvers: dict = {}
    yaml_constructors = {
        tag: construct for tag, construct in yaml.SafeLoader.yaml_constructors.items() if tag is None or tag in TAGS
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict:
        """Return a mapping."""
        return once(self.construct_pairs(node, deep=True))

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """Leave the key << alone."""


for _kind, (_pattern, _first) in PLAIN.items():
    AsWritten.add_implicit_resolver(TAG + _kind, re.compile(f"(?:{_pattern})$"), list(_first))
AsWritten.add_constructor(TAG + "int", lambda loader, node: Whole(loader.construct_scalar(node)))
AsWritten.add_constructor(TAG + "float", lambda loader, node: Fraction(loader.construct_scalar(node)))


def read_settings(file: Path, *, name: str) -> dict[Any, Any]:
    """Read a settings file, in YAML or JSON: keys with values.

    Args:
        file: Its place; the end of its name tells which of the two it is.
        name: The option that names the file, for errors.

    Raises:
        UsageError: The file cannot be read, is not valid, or holds something else.
    """
    if file.suffix not in (".json", ".yaml", ".yml"):
        raise UsageError(f"{name} must end in .json, .yaml or .yml, got {file}. Rename it.")
    try:
        text = read_text(file, name=name)
        is_json = file.suffix == ".json"
        content = json.loads(text, object_pairs_hook=once) if is_json else yaml.load(text, AsWritten)
        refuse_half_characters(content)
    except (ValueError, TypeError, yaml.YAMLError, RecursionError) as error:  # TypeError: a list as a key
        form, reason = file.suffix[1:], one_line(error)
        raise UsageError(f"{name} must be valid {form}, got {file}: {reason} Mend the file.") from None
    if not isinstance(content, dict):
        raise UsageError(f"{name} must hold keys with values, got {type(content).__name__} in {file}. Mend the file.")
    return content
