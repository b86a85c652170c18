"""The results of `text_generation.py` as text, JSON, CSV or Markdown, in a file that is whole or not there."""

import json
from pathlib import Path
from typing import Any

from vllm_course.output import as_csv, table, write

COLUMNS = ["prompt", "sample", "text", "tokens", "finish_reason"]


def write_results(file: str, configuration: dict, records: list[dict]) -> None:
    """Write all results in the format that the file's ending names, or nothing.

    Raises:
        CourseError: The file cannot be written. What was there stays.
    """
    write(Path(file), FORMATS[Path(file).suffix](configuration, records))


def as_text(configuration: dict, records: list[dict]) -> str:
    """Return the configuration as a table, then each prompt with its completion."""
    rows = [[name, repr(setting.value), setting.source] for name, setting in configuration.items()]
    parts = [f"Prompt: {record['prompt']}\nOutput: {record['text']}" for record in records]
    return "\n\n".join([table(["setting", "value", "from"], rows), *parts])


def as_json(configuration: dict, records: list[dict]) -> dict[str, Any]:
    """Return the configuration and the records as what JSON can hold."""
    settings = {name: {"value": _plain(s.value), "from": s.source} for name, s in configuration.items()}
    return {"configuration": settings, "results": records}


def as_markdown(configuration: dict, records: list[dict]) -> str:
    """Return a report: a table of the configuration, then a section a completion."""
    lines = ["# Results", "", "| setting | value | from |", "|---|---|---|"]
    lines += [f"| {name} | {_code(s.value)} | {_escaped(s.source)} |" for name, s in configuration.items()]
    for number, record in enumerate(records, start=1):
        lines += ["", f"## {number}", ""]
        lines += [_fenced(record["prompt"]), "", _fenced(record["text"])]
        lines += ["", f"{record['tokens']} tokens, finish_reason `{record['finish_reason']}`"]
    return "\n".join(lines)


def _plain(value: Any) -> Any:
    return value if isinstance(value, str | int | float | list | dict | None) else str(value)


def _code(value: Any) -> str:
    text = _escaped(repr(value))
    return text if "`" in text else f"`{text}`"


def _escaped(text: str) -> str:
    return text.replace("|", "\\|")


def _fenced(text: str) -> str:
    """Return a text as a block that nothing inside it can end."""
    longest = max((len(run) for run in text.replace("\n", " ").split() if set(run) == {"`"}), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text}\n{fence}"


FORMATS = {
    ".txt": as_text,
    ".json": lambda *results: json.dumps(as_json(*results), indent=2, ensure_ascii=False),
    ".csv": lambda _, records: as_csv(COLUMNS, records),
    ".md": as_markdown,
}
