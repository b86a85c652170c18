"""An MCP server: sums and products of whole numbers."""

from mcp.server import MCPServer
from mcp.types import ToolAnnotations

READS = ToolAnnotations(read_only_hint=True)
server = MCPServer("arithmetic", log_level="WARNING")


@server.tool(annotations=READS)
def add(a: int, b: int) -> dict[str, int]:
    """adds two numbers"""
    return {"sum": a + b}


@server.tool(annotations=READS)
def multiply(a: int, b: int) -> dict[str, int]:
    """multiplies two numbers"""
    return {"product": a * b}


if __name__ == "__main__":
    server.run()
