"""A small MCP server for tests, in this process or over HTTP; it imports nothing that takes long."""

from typing import Any

from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import CallToolResult, ImageContent, ResourceLink, TextContent, ToolAnnotations

READS = ToolAnnotations(read_only_hint=True)


def small(name: str = "small") -> MCPServer:
    """Return a server with tools of all kinds."""
    server = MCPServer(name)

    @server.tool(annotations=READS)
    def get_weather(city: str) -> dict[str, Any]:
        """the weather in a city"""
        if city != "Oslo":
            raise ToolError("unknown city")
        return {"sky": "snowy", "temperature": 2}

    @server.tool()
    def add(a: int, b: int) -> int:
        """adds two numbers"""
        return a + b

    @server.tool(annotations=ToolAnnotations(read_only_hint=False))
    def much(letters: int) -> str:
        """a long text"""
        return "ab " * (letters // 3)

    @server.tool()
    def mixed() -> CallToolResult:
        """more than text"""
        return mixed_result()

    return server


def mixed_result() -> CallToolResult:
    """Return a text, an image and a link."""
    link = ResourceLink(type="resource_link", name="n", uri="file:///notes.txt")
    image = ImageContent(type="image", data="QUJD", mime_type="image/png")
    return CallToolResult(content=[TextContent(type="text", text="See:"), image, link])
