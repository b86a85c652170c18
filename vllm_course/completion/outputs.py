"""The results of `text_generation.py` on the screen, and as text, JSON, CSV or Markdown in a file."""

import json
from pathlib import Path
from typing import Any

from vllm_course.files import write
from vllm_course.output import as_csv, table

COLUMNS = ["prompt", "sample", "text", "tokens", "finish_reason"]


def show_configuration(configuration: dict) -> None:
    """Print each setting with its value and where that comes from."""
    print(_as_table(configuration), end="\n\n", flush=True)


def show(records: list[dict]) -> None:
    """Print the completions for a person to read."""
    for record in records:
        print(f"Prompt: {record['prompt']!r}")
        print(f"Output: {record['text']!r}")
        print(f"Ended:  {record['finish_reason']} after {record['tokens']} tokens")
        print("-" * 60)


def write_results(file: str, configuration: dict, records: list[dict]) -> None:
    """Write all results in the format that the file's ending names, or nothing.

    Raises:
        CourseError: The file cannot be written. What was there stays.
    """
    write(Path(file), FORMATS[Path(file).suffix](configuration, records))


def as_text(configuration: dict, records: list[dict]) -> str:
    """Return the configuration as a table, then each prompt with its completion."""
    parts = [f"Prompt: {record['prompt']}\nOutput: {record['text']}" for record in records]
    return "\n\n".join([_as_table(configuration), *parts])


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


def _as_table(configuration: dict) -> str:
    rows = [[name, repr(setting.value), setting.source] for name, setting in configuration.items()]
    return table(["setting", "value", "from"], rows)


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
