"""A tool as the model is told of it: from MCP's description to OpenAI's."""

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from jsonschema import Draft202012Validator, SchemaError

if TYPE_CHECKING:
    from mcp.types import Tool as Listed

NAME = re.compile("[A-Za-z0-9_-]{1,64}")  # OpenAI's rule for the name of a function


class Tool(NamedTuple):
    """A tool that the model may call.

    Attributes:
        name: Its name.
        server: The server that has it.
        description: What it does, in the words of the server.
        parameters: The JSON schema of its arguments.
        read_only: Whether it runs without a question: it only reads, and the user trusts whoever says so.
    """

    name: str
    server: str
    description: str
    parameters: dict[str, Any]
    read_only: bool = False


def openai_schema(tool: Tool, *, strict: bool = False) -> dict[str, Any]:
    """Return a tool in the form in which a chat request lists it.

    Args:
        tool: The tool.
        strict: Whether the server must hold the arguments to the schema, where a call is forced. vLLM then guides the
            model's tokens. Without it, vLLM only guides the form around the arguments.

    Example:
        >>> openai_schema(Tool("now", "clock", "the time", {"type": "object"}))["function"]["name"]
        'now'
    """
    function = {"name": tool.name, "description": tool.description, "parameters": tool.parameters}
    return {"type": "function", "function": function | ({"strict": True} if strict else {})}


def misfit_of(listed: "Listed") -> str:
    """Return why a tool cannot be offered, "" for a good one.

    Its name and schema were written by whoever wrote the server.
    """
    if not NAME.fullmatch(listed.name):
        return "its name must be 1 to 64 letters, digits, - or _"
    try:
        Draft202012Validator.check_schema(listed.input_schema)
    except (SchemaError, RecursionError):
        return "the schema of its arguments must be a JSON schema"
    return "" if listed.input_schema.get("type") == "object" else "its arguments must be an object"


def is_read_only(listed: "Listed") -> bool:
    """Return whether a server says that a tool only reads; a tool without the mark may do anything."""
    return bool(listed.annotations and listed.annotations.read_only_hint)
