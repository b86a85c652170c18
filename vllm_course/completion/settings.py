"""Where each setting of `text_generation.py` comes from: the command line, a file, or nowhere."""

import functools
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vllm import SamplingParams
from vllm.exceptions import VLLMError

from vllm_course.completion.config import config_words, read_prompts
from vllm_course.tool import UsageError

if TYPE_CHECKING:
    from vllm_course.completion.parser import Parser

COMMAND_LINE = "command line"
PROMPTS = ("prompt", "prompts_file")
OWN = (*PROMPTS, "config", "output", "log_file", "json")
SAMPLING = (
    *("max_tokens", "temperature", "top_p", "top_k", "min_p"),
    *("presence_penalty", "frequency_penalty", "repetition_penalty", "seed", "n", "stop"),
)
ENDINGS = (".txt", ".json", ".csv", ".md")


@dataclass(frozen=True)
class Setting:
    """A value and where it comes from."""

    value: Any
    source: str


class Settings(dict[str, Setting]):
    """What the user gave, by name, and nothing else."""

    def value(self, name: str) -> Any:
        """Return a value, or None if the user did not give it."""
        return self[name].value if name in self else None

    def sampling(self) -> dict[str, Any]:
        """Return the given sampling parameters."""
        return {name: self[name].value for name in SAMPLING if name in self}

    def engine(self) -> dict[str, Any]:
        """Return the given engine arguments, under vLLM's names."""
        names = {name: name for name in self if name not in (*SAMPLING, *OWN)} | {"engine_seed": "seed"}
        return {argument: self[name].value for name, argument in names.items() if name in self}

    @functools.cached_property  # a file such as /dev/stdin can be read once
    def prompts(self) -> list[str]:
        """The given prompts: those given one by one, then those of the file."""
        file = self.value("prompts_file")
        return [*(self.value("prompt") or []), *(read_prompts(Path(file)) if file else [])]


def read_settings(parser: "Parser", argv: list[str] | None) -> Settings:
    """Merge the command line with the file that it names; refuse what can be refused without a model.

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
    _refuse(settings, file)
    return settings


def one_line(error: Exception) -> str:
    """Return the message of one of vLLM's errors as one sentence, without what only a program reads."""
    text = str(error).split(" (parameter=")[0] or type(error).__name__
    if hasattr(error, "errors"):  # pydantic's: one entry a broken rule
        text = "; ".join(
            f"{rule['loc'][0]}: {rule['msg']}, got {rule['input']!r}" if rule["loc"] else rule["msg"]
            for rule in error.errors()
        )
    return " ".join(text.split()).rstrip(".") + "."


def _refuse(settings: Settings, config: str | None) -> None:
    """Find what would fail later, before the seconds that a model takes."""
    try:
        SamplingParams(**settings.sampling())
    except VLLMError as error:
        raise UsageError(f"{one_line(error)} Change one of the sampling parameters.") from None
    output, log_file = settings.value("output"), settings.value("log_file")
    if output and Path(output).suffix not in ENDINGS:
        raise UsageError(f"--output must end in {', '.join(ENDINGS)}, got {output}. The ending chooses the format.")
    read = [config, settings.value("prompts_file")]
    _refuse_file("--output", output, others=[*read, log_file])
    _refuse_file("--log-file", log_file, others=[*read, output])
    _ = settings.prompts


def _refuse_file(option: str, name: str | None, *, others: list[str | None]) -> None:
    if name is None:
        return
    file = Path(name)
    if not file.parent.is_dir():
        raise UsageError(f"{option} must be in a folder that is there, got {file}. Make the folder {file.parent}.")
    if file.exists() and not file.is_file():
        raise UsageError(f"{option} must be a file, got {file}, which is something else. Choose another name.")
    if any(other and Path(other).resolve() == file.resolve() for other in others):
        raise UsageError(f"{option} must be a file of its own, got {file} twice. Choose another name.")
