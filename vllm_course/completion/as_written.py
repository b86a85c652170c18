"""Settings files as they are written: YAML without its surprises, and no key twice."""

import re

import yaml

from vllm_course.files import once

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
