"""What is looked at before a tool runs: the model may call what is not there, with arguments that do not fit."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match
from referencing import Registry

from vllm_course.remote.reply import Call, read_arguments
from vllm_course.toolbox.schemas import Tool

SHORT = 120  # characters of what is quoted to the model


class Judged(NamedTuple):
    """What is found about a call.

    Attributes:
        tool: The tool, None where it is not offered.
        arguments: Its arguments.
        problem: Why it must not run, a sentence for the model; "" for a good call.
    """

    tool: Tool | None
    arguments: dict[str, Any]
    problem: str = ""


def judge(call: Call, tools: Mapping[str, Tool], *, finish_reason: str | None = None) -> Judged:
    """Judge a call before it runs.

    Args:
        call: What the model wrote.
        tools: What it may call, by name.
        finish_reason: How the answer ended; `length` means that it was cut.

    Returns:
        Tool and arguments, or the problem, which the model is told in place of a result.

    Example:
        >>> judge(Call("1", "fly", "{}"), {}).problem
        "no tool is called 'fly'; there is none"
    """
    tool = tools.get(call.name)
    if tool is None:
        return Judged(None, {}, f"no tool is called {call.name!r:.80}; there is {', '.join(tools) or 'none'}")
    arguments = read_arguments(call.arguments)
    if arguments is None and finish_reason == "length":
        return Judged(tool, {}, "the call was cut at max_tokens before its arguments were complete; shorten it")
    if arguments is None:
        return Judged(tool, {}, f"the arguments must be a JSON object, got {call.arguments!r:.{SHORT}}")
    return Judged(tool, arguments, _misfit(tool, arguments))


def _misfit(tool: Tool, arguments: dict[str, Any]) -> str:
    """Return what does not fit the tool's schema.

    The empty registry keeps a schema from having something fetched from the network.
    """
    try:
        error = best_match(Draft202012Validator(tool.parameters, registry=Registry()).iter_errors(arguments))
    except Exception as reason:  # a reference that leads nowhere, a pattern that is none, endless recursion
        return f"the tool's schema cannot be used: {type(reason).__name__}"
    if error is None:
        return ""
    place = ".".join(str(part) for part in error.absolute_path)
    return f"wrong arguments{f', {place}' if place else ''}: {error.message[:SHORT]}"
