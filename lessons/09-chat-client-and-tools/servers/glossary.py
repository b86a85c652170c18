"""An MCP server: what the terms of this course mean."""

import difflib
from pathlib import Path

from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import ToolAnnotations

PAGE = Path(__file__).resolve().parents[3] / "concepts" / "glossary.md"
READS = ToolAnnotations(read_only_hint=True)
server = MCPServer("glossary", log_level="WARNING")


def read_terms(page: str) -> dict[str, str]:
    """Return what each term means: the text below its heading, in one line."""
    sections = [section.partition("\n") for section in page.split("\n### ")[1:]]
    return {term.strip(): " ".join(text.split()) for term, _, text in sections}


@server.tool(annotations=READS)
def list_terms() -> list[str]:
    """the terms of the glossary"""
    return list(read_terms(PAGE.read_text("utf-8")))


@server.tool(annotations=READS)
def look_up(term: str) -> dict[str, str]:
    """the meaning of a term"""
    terms = read_terms(PAGE.read_text("utf-8"))
    names = {name.casefold(): name for name in terms}
    found = names.get(term.strip().casefold())
    if found is None:
        near = difflib.get_close_matches(term.casefold(), names, n=3)
        raise ToolError(f"unknown term{f', did you mean {names[near[0]]}?' if near else ''}")
    return {"meaning": terms[found], "section": f"glossary.md, {found}"}


if __name__ == "__main__":
    server.run()
