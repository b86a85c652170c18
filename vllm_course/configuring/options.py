"""The command line of `serve_model.py`: one option for each setting of a configuration."""

import argparse
from collections.abc import Callable
from typing import Any

from pydantic import ValidationError

from vllm_course.configuring.config import FIELDS, NAMES, ServeConfig, broken_rule, kind_of, rule
from vllm_course.tool import model_name

METAVARS = {"model": "NAME_OR_PATH", "dtype": "TYPE", "quantization": "METHOD"}


def add_options(parser: argparse.ArgumentParser) -> None:
    """Give a parser all options, without defaults: those are the configuration's."""
    for name, setting in NAMES.items():
        field, option = FIELDS[setting], f"--{name.replace('_', '-')}"
        default = "" if field.default is None else f" (default: {field.default})"
        if kind_of(field) is bool:
            parser.add_argument(option, action=argparse.BooleanOptionalAction, help=field.description)
            continue
        kind = model_name if name == "model" else parsed(setting)
        limits = "" if name == "model" else f", {rule(field):.60}"
        metavar = METAVARS.get(name, name.rpartition("_")[2].upper())
        parser.add_argument(option, type=kind, metavar=metavar, help=f"{field.description}{limits}{default}")


def parsed(setting: str) -> Callable[[str], Any]:
    """Make an argparse type for a setting, for example for "server.port"."""
    section, _, leaf = setting.partition(".")

    def parse(text: str) -> Any:
        value = _as_value(text, kind_of(FIELDS[setting]))
        try:
            ServeConfig.model_validate({section: {leaf: value}})
        except ValidationError as error:
            raise argparse.ArgumentTypeError(broken_rule(error).partition(" ")[2]) from None
        return value

    return parse


def _as_value(text: str, kind: Any) -> Any:
    """Return a number where one is meant and written; all else is left to be refused."""
    try:
        return kind(text) if kind in (int, float) else text
    except ValueError:
        return text
