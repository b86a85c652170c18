"""Where each setting of `text_generation.py` comes from: the command line, a file, or nowhere."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vllm_course import files
from vllm_course.completion.config import config_words
from vllm_course.completion.outputs import FORMATS
from vllm_course.errors import UsageError
from vllm_course.files import check_place

if TYPE_CHECKING:
    from vllm_course.completion.parser import Parser

COMMAND_LINE = "command line"
PROMPTS = ("prompt", "prompts_file")
OWN = (*PROMPTS, "config", "output", "log_file", "json")  # the tool's options, neither of the engine nor of sampling


@dataclass(frozen=True)
class Setting:
    """A value and where it comes from."""

    value: Any
    source: str


class Settings(dict[str, Setting]):
    """Settings by name: what the user gave, and nothing else."""

    def value(self, name: str) -> Any:
        """Return a value, or None if the user did not give it."""
        return self[name].value if name in self else None

    def plain(self) -> dict[str, Any]:
        """Return the values by name, without where they come from."""
        return {name: setting.value for name, setting in self.items()}


def read_settings(parser: "Parser", argv: list[str] | None) -> Settings:
    """Merge the command line with the file that it names; the command line is stronger.

    Args:
        parser: The parser of both.
        argv: Command line without the program's name; None takes the real one.

    Raises:
        UsageError: A file cannot be read or written, or holds what it must not.
        SystemExit: The command line or a value in the file is wrong.
    """
    given = parser.given(sys.argv[1:] if argv is None else list(argv))
    file = given.pop("config", None)
    in_file = parser.given(config_words(parser, file)) if file else {}
    if any(name in given for name in PROMPTS):
        in_file = {name: value for name, value in in_file.items() if name not in PROMPTS}
    settings = Settings({name: Setting(value, str(file)) for name, value in in_file.items()})
    settings.update({name: Setting(value, COMMAND_LINE) for name, value in given.items()})
    _check_files(settings, file)
    return settings


def read_prompts(settings: Settings) -> list[str]:
    """Return the given prompts: those given one by one, then the lines of the file that are not blank.

    Raises:
        UsageError: The file cannot be read, or holds no prompt.
    """
    prompts, file = list(settings.value("prompt") or []), settings.value("prompts_file")
    return prompts + (files.read_prompts(Path(file), name="--prompts-file") if file else [])


def _check_files(settings: Settings, config: str | None) -> None:
    """Refuse before the seconds that a model takes what could not be written after them."""
    output, log_file = settings.value("output"), settings.value("log_file")
    read = [config, settings.value("prompts_file")]
    if output:
        if Path(output).suffix not in FORMATS:
            raise UsageError(f"--output must end in {', '.join(FORMATS)}, got {output}. The ending chooses the format.")
        _check_file("--output", output, others=[*read, log_file])
    if log_file:
        _check_file("--log-file", log_file, others=[*read, output])


def _check_file(option: str, file: str, *, others: list[str | None]) -> None:
    check_place(Path(file), name=option)
    if any(other and Path(other).resolve() == Path(file).resolve() for other in others):
        raise UsageError(f"{option} must be a file of its own, got {file} twice. Choose another name.")
