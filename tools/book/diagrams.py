"""Flowcharts, which GitHub and JupyterLab draw with a program from elsewhere, as a table of their arrows."""

import re

BLOCK = re.compile(r"^```mermaid\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NODE = re.compile(r'(\w+)(?:\["([^"]*)"\])?')
ARROW = re.compile(r'^(\w+(?:\["[^"]*"\])?) -->(?:\|"?([^"|]*)"?\|)? (\w+(?:\["[^"]*"\])?)$')
SILENT = re.compile(r"^(flowchart \w+|subgraph \w+|end|)$")


def as_tables(text: str) -> str:
    """Return a page with every flowchart replaced by its arrows.

    >>> print(as_tables('```mermaid\\nflowchart LR\\n  a["A<br/>b, c"] -->|asks| b\\n```'))
    | from | | to |
    |---|---|---|
    | A (b, c) | asks → | b |

    Raises:
        ValueError: A line is none that this function knows.
    """
    return BLOCK.sub(lambda match: _table(match.group(1)), text)


def _table(source: str) -> str:
    names: dict[str, str] = {}
    found = [_arrow(line.strip(), names) for line in source.splitlines() if not SILENT.match(line.strip())]
    rows = [f"| {names.get(a, a)} | {f'{label} →' if label else '→'} | {names.get(b, b)} |" for a, label, b in found]
    return "\n".join(["| from | | to |", "|---|---|---|", *rows])


def _arrow(line: str, names: dict[str, str]) -> tuple[str, str, str]:
    match = ARROW.match(line)
    if not match:
        raise ValueError(f"a line of a flowchart must be an arrow, a subgraph or its end, got {line!r}")
    ends = [NODE.match(match.group(group)) for group in (1, 3)]
    names |= {end.group(1): _label(end.group(2)) for end in ends if end.group(2)}
    return ends[0].group(1), match.group(2) or "", ends[1].group(1)


def _label(text: str) -> str:
    """Return a node's text on one line: what comes after its first line goes into brackets."""
    first, *rest = text.split("<br/>")
    return f"{first.removesuffix(':')} ({' '.join(rest)})" if rest else first
