"""An MCP server: the weather and the time in eight cities, from a table.

`python weather.py` speaks on its standard input and output, `python weather.py 8391` over HTTP at that port.
"""

import sys

from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import ToolAnnotations

TABLE = {  # sky, degrees, time
    "Oslo": ("snowy", 2, "9:05"),
    "Paris": ("cloudy", 12, "9:05"),
    "Rome": ("sunny", 19, "9:05"),
    "London": ("rainy", 9, "8:05"),
    "Cairo": ("sunny", 28, "10:05"),
    "Tokyo": ("windy", 16, "17:05"),
    "Lima": ("foggy", 18, "3:05"),
    "Quito": ("rainy", 14, "3:05"),
}
READS = ToolAnnotations(read_only_hint=True)  # a claim: the user's configuration decides whether it is believed
server = MCPServer("weather", log_level="WARNING")


def look_up(city: str) -> tuple[str, int, str]:
    """Return a city's row; a `ToolError` becomes a result that the model can read."""
    if city not in TABLE:
        raise ToolError("unknown city")
    return TABLE[city]


@server.tool(annotations=READS)
def get_weather(city: str) -> dict[str, str | int]:
    """the weather in a city"""
    sky, degrees, _ = look_up(city)
    return {"sky": sky, "temperature": degrees}


@server.tool(annotations=READS)
def get_time(city: str) -> dict[str, str]:
    """the time in a city"""
    return {"time": look_up(city)[2]}


if __name__ == "__main__":
    if sys.argv[1:]:
        server.run(transport="streamable-http", host="127.0.0.1", port=int(sys.argv[1]))
    else:
        server.run()
