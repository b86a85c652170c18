"""An MCP server: the files of one folder, to be read and not to be left: `python folder.py FOLDER`."""

import sys
from pathlib import Path

from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import ToolAnnotations

FOLDER = Path(sys.argv[1] if sys.argv[1:] else ".").resolve()
LARGEST = 100_000  # bytes that are read
READS = ToolAnnotations(read_only_hint=True)
server = MCPServer("folder", log_level="WARNING")


def inside(file: str) -> Path:
    """Return a file's place. What `..`, a link or an absolute path leads out of the folder is not there.

    The path is resolved first and compared afterwards: comparing texts would let links and `..` through.
    """
    try:
        place = (FOLDER / file).resolve(strict=True)
        if place.is_file() and place.is_relative_to(FOLDER):
            return place
    except (OSError, ValueError, RuntimeError):  # not there, a NUL in the name, links in a circle
        pass
    raise ToolError("not found")


@server.tool(annotations=READS)
def list_files() -> list[str]:
    """the files of the folder"""
    return sorted(path.name for path in FOLDER.iterdir() if path.is_file() and not path.is_symlink())


@server.tool(annotations=READS)
def get_size(file: str) -> dict[str, int]:
    """the size of a file"""
    return {"size": inside(file).stat().st_size}


@server.tool(annotations=READS)
def read_file(file: str) -> dict[str, str]:
    """the text of a file"""
    place = inside(file)
    with place.open("rb") as content:
        text = content.read(LARGEST)
    if b"\0" in text:
        raise ToolError("no text")
    return {"text": text.decode("utf-8", errors="replace")}


if __name__ == "__main__":
    server.run()
