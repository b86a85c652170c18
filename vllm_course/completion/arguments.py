"""What `EngineArgs` offers, as a table computed from the installed vLLM, and command lines tried on a parser."""

import contextlib
import functools
import inspect
import io
import re
import shlex
from argparse import SUPPRESS, ArgumentParser
from typing import Any

import pandas as pd


def argument_table() -> pd.DataFrame:
    """Return one row an engine argument of the installed vLLM.

    Returns:
        Index `argument`, the name in Python (`max_model_len`); columns `group` (vLLM's title), `option` (the name on
        the command line), `default`, and `meaning`, the first sentence of vLLM's own documentation, "" without one.

    Source:
        `vllm.EngineArgs.add_cli_args`, and the classes of `vllm.config`, where the documentation stands.
    """
    from vllm import EngineArgs
    from vllm.utils.argparse_utils import FlexibleArgumentParser

    parser = EngineArgs.add_cli_args(FlexibleArgumentParser(add_help=False))
    rows = [
        (action.dest, group.title, action.option_strings[0], _default(action), _meaning(group.title, action.dest))
        for group in parser._action_groups
        for action in group._group_actions
    ]
    return pd.DataFrame(rows, columns=["argument", "group", "option", "default", "meaning"]).set_index("argument")


def tried(parser: ArgumentParser, line: str) -> dict[str, Any] | str:
    """Parse a command line as a shell would hand it over, and return what became of it.

    Args:
        parser: Any parser of argparse.
        line: What stands after the program's name.

    Returns:
        The values that differ from the defaults; or, where the parser ends the program with a message, the message.

    Example:
        >>> parser = ArgumentParser()
        >>> _ = parser.add_argument("--top-k", type=int)
        >>> tried(parser, "--top-k 40"), tried(parser, "--top-k many")
        ({'top_k': 40}, "error: argument --top-k: invalid int value: 'many'")
    """
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            before, after = vars(parser.parse_args([])), vars(parser.parse_args(shlex.split(line)))
    except SystemExit:
        return said.getvalue().strip().splitlines()[-1].removeprefix(f"{parser.prog}: ")
    return {name: value for name, value in after.items() if value != before[name]}


def first_sentence(text: str) -> str:
    r"""Return the first sentence of a documentation, in one line and without Markdown's quotes.

    Example:
        >>> first_sentence("Size of `block`\nin tokens, e.g. 16.5. By default None.\n\nMore.")
        'Size of block in tokens, e.g. 16.5.'
    """
    paragraph = " ".join(text.strip().split("\n\n", 1)[0].split()).replace("`", "")
    return re.split(r"(?<=[.!?])(?<!e\.g\.)(?<!i\.e\.)\s+(?=[A-Z])", paragraph, maxsplit=1)[0]


def _default(action: Any) -> Any:
    return None if action.default is SUPPRESS else action.default


def _meaning(group: str, name: str) -> str:
    """Look in the class that the group is named after, and else in those that it is made of."""
    own = _documentation().get(group, {})
    found = own.get(name) or next((docs[name] for docs in _documentation().values() if docs.get(name)), "")
    return first_sentence(found)


@functools.cache
def _documentation() -> dict[str, dict[str, str]]:
    import vllm.config
    from vllm.config.utils import get_attr_docs

    classes = {name: getattr(vllm.config, name) for name in dir(vllm.config) if name.endswith("Config")}
    return {name: get_attr_docs(found) for name, found in classes.items() if inspect.isclass(found)}
