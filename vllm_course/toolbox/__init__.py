"""Tools for a model: MCP servers, and what is judged, asked and cut before a tool runs and is reported."""
