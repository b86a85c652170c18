"""`ServeConfig`: the settings of a server, from a YAML file and a command line, each with its origin.

The command line wins over the file, and the file over the defaults. All values are checked in one place, wherever they
come from, before seconds are spent.
"""

import argparse
from collections.abc import Mapping
from pathlib import Path
from types import NoneType
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PrivateAttr, ValidationError
from pydantic.fields import FieldInfo

from vllm_course.as_written import read_settings
from vllm_course.errors import CourseError, UsageError, did_you_mean, is_text
from vllm_course.memory.sizes import parse_bytes
from vllm_course.parameters import PARAMETERS

# vLLM's own list; a test holds the two together.
QUANTIZATIONS = (
    *("awq", "auto_awq", "fp8", "fbgemm_fp8", "fp_quant", "modelopt", "modelopt_fp4", "modelopt_mxfp8"),
    *("modelopt_mixed", "auto_gptq", "gptq", "gptq_marlin", "awq_marlin", "humming", "compressed-tensors"),
    *("experts_int8", "quark", "moe_wna16", "torchao", "inc", "mxfp4", "gpt_oss_mxfp4", "deepseek_v4_fp8", "online"),
    *("fp8_per_tensor", "fp8_per_block", "fp8_per_channel", "int8_per_channel_weight_only", "nvfp4_per_token", "mxfp8"),
)
WORDS = {bool: "true or false", int: "a whole number", float: "a number", str: "a text that is not empty"}
SIGNS = {"Ge": ">=", "Gt": ">", "Le": "<="}
KEY = "server.api_key_env"
# What vLLM and other servers call a setting, and what it is called here.
ELSEWHERE = {
    "tensor_parallel_size": "inference.gpus",
    "gpu_memory_utilization": "inference.gpu_memory",
    "kv_cache_memory_bytes": "inference.kv_cache_memory",
    "max_new_tokens": "generation.max_tokens",
    "max_completion_tokens": "generation.max_tokens",
    "api_key": KEY,
}


def _setting(default: Any, meaning: str, *, remedy: str, rule: str = "", **limits: Any) -> Any:
    """Declare a setting: what it means, its limits, and what to do about a wrong value."""
    return Field(default, description=meaning, json_schema_extra={"remedy": remedy, "rule": rule}, **limits)


def _parameter(name: str) -> Any:
    """Declare a sampling parameter with the range that it has in all tools of the course."""
    kind, meaning = PARAMETERS[name]
    limits = {"gt" if kind.above else "ge": kind.low} | ({} if kind.high is None else {"le": kind.high})
    return _setting(None, meaning, remedy=kind.remedy, **limits)


def _size(text: str) -> str:
    parse_bytes(text)
    return text


def _length(tokens: int) -> int:
    if tokens == 0:
        raise ValueError("no request has 0 tokens")
    return tokens


def _filled(text: str) -> str:
    if not text.strip() or not is_text(text):
        raise ValueError("it is empty, or no text")
    return text


Text = Annotated[str, AfterValidator(_filled)]
Length = Annotated[int, AfterValidator(_length)]
# A whole number of bytes is a size as well, and YAML has it as a number.
Size = Annotated[
    str, BeforeValidator(lambda size: str(size) if type(size) is not bool else size), AfterValidator(_size)
]


class Section(BaseModel):
    """A part of a configuration: no key that it does not know, no value of another type, no change afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class ModelSettings(Section):
    """Which model is served."""

    name: Text | None = _setting(
        None, "shipped model, folder, or Hugging Face id", remedy="Write pocket-chat for the course's own."
    )
    trust_remote_code: bool = _setting(
        False, "run code that comes with the model, with your rights", remedy="Leave it out for false."
    )


class InferenceSettings(Section):
    """What the engine may use."""

    gpus: int = _setting(1, "GPUs that share each layer (tensor parallelism)", ge=1, le=8, remedy="Use 1 for one GPU.")
    gpu_memory: float = _setting(
        0.9,
        "share of each GPU's memory for all of vLLM",
        ge=0.1,
        le=1,
        remedy="Use 0.9, or less beside other programs.",
    )
    max_model_len: Length | None = _setting(
        None,
        "longest request in tokens, prompt and answer; -1 for the longest that fits",
        ge=-1,
        rule="a whole number >= 1, or -1",
        remedy="Leave it out for the model's own.",
    )
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = _setting(
        "auto", "how weights are kept", remedy="Leave it out for the model's own."
    )
    quantization: Literal[QUANTIZATIONS] | None = _setting(
        None,
        "how the model's weights were quantized",
        rule="one of vLLM's methods, such as awq, gptq or fp8",
        remedy="Leave it out for a model that is not quantized.",
    )
    max_num_seqs: int | None = _setting(
        None, "requests that run at the same time", ge=1, remedy="Leave it out for vLLM's own."
    )
    kv_cache_memory: Size | None = _setting(
        None,
        "memory of the KV cache, in place of what a GPU has left",
        rule="a size > 0",
        remedy="Write it as 64MiB.",
    )

    @property
    def kv_cache_bytes(self) -> int | None:
        """The memory of the KV cache in bytes."""
        return None if self.kv_cache_memory is None else parse_bytes(self.kv_cache_memory)


class ServerSettings(Section):
    """Where the server listens, to whom it answers, and how it ends."""

    host: Text = _setting("127.0.0.1", "address to listen at", remedy="Use 127.0.0.1 for this machine only.")
    port: int = _setting(8000, "TCP port to listen at", ge=1024, le=65535, remedy="Use 8000.")
    api_key_env: Annotated[Text, Field(pattern="^[A-Za-z_][A-Za-z0-9_]*$")] = _setting(
        "VLLM_API_KEY",
        "environment variable that holds the API key",
        rule="the name of an environment variable",
        remedy="Put the key into a variable, and its name here.",
    )
    open_to_all: bool = _setting(
        False, "let others use the server without an API key", remedy="Leave it out for false."
    )
    shutdown_timeout: int = _setting(
        30, "seconds in which running requests may finish", ge=1, le=3600, remedy="Use 30."
    )


class GenerationSettings(Section):
    """What a request gets that does not say otherwise; without a value, the model's own or else vLLM's default."""

    temperature: float | None = _parameter("temperature")
    max_tokens: int | None = _parameter("max_tokens")
    top_p: float | None = _parameter("top_p")
    top_k: int | None = _parameter("top_k")
    presence_penalty: float | None = _parameter("presence_penalty")
    frequency_penalty: float | None = _parameter("frequency_penalty")


class ServeConfig(Section):
    """The settings of a server.

    Example:
        >>> config = ServeConfig().merge_cli_args({"model": "pocket-chat", "port": 9000})
        >>> config.server.port, config.sources["server.port"], config.sources["server.host"]
        (9000, '--port', 'default')
    """

    model: ModelSettings = ModelSettings()
    inference: InferenceSettings = InferenceSettings()
    server: ServerSettings = ServerSettings()
    generation: GenerationSettings = GenerationSettings()
    _sources: dict[str, str] = PrivateAttr(default_factory=dict)

    @property
    def sources(self) -> dict[str, str]:
        """Where each value comes from: "default", "given", the file's name, or the option's, such as "--port"."""
        given = {f"{section}.{leaf}" for section in self.model_fields_set for leaf in self[section].model_fields_set}
        return {name: self._sources.get(name, "given" if name in given else "default") for name in NAMES.values()}

    @property
    def values(self) -> dict[str, Any]:
        """All values by their names, such as "server.port"."""
        return {name: getattr(self[name.split(".")[0]], name.split(".")[1]) for name in NAMES.values()}

    @classmethod
    def from_yaml(cls, file: str | Path) -> "ServeConfig":
        """Read a configuration from a YAML file.

        Args:
            file: Its place. It has the sections model, inference, server and generation; all may be left out.

        Raises:
            CourseError: It cannot be read, is not valid YAML, or holds an unknown key or a wrong value.
        """
        try:
            content = read_settings(Path(file), name="config")
        except UsageError as error:
            raise CourseError(str(error)) from None  # the command line is right, so the exit code is not 2
        return cls._checked(content, {name: str(file) for name in _names_in(content)}, where=f"{file}: ")

    def merge_cli_args(self, args: argparse.Namespace | Mapping[str, Any]) -> "ServeConfig":
        """Return a configuration in which what a command line gives replaces what was there.

        Args:
            args: Values by the names of the options, such as `port`; None stands for an option that is not there. Other
                attributes of a namespace are left alone.

        Raises:
            CourseError: A value is wrong.
            UsageError: A mapping holds a name that is no option.
        """
        if not isinstance(args, Mapping):
            args = {name: value for name, value in vars(args).items() if name in NAMES}
        given = {name: value for name, value in args.items() if value is not None}
        content, sources = self.model_dump(exclude_unset=True), dict(self._sources)
        for name, value in given.items():
            if name not in NAMES:
                remedy = did_you_mean(name, NAMES, otherwise="Remove it.")
                raise UsageError(f"a name must be one of the options, got {name!r}. {remedy}")
            section, _, leaf = NAMES[name].partition(".")
            content.setdefault(section, {})[leaf] = value
            sources[NAMES[name]] = f"--{name.replace('_', '-')}"
        return self._checked(content, sources)

    def require_complete(self) -> None:
        """Refuse settings that are right one by one, and not together.

        Raises:
            CourseError: No model is named, or more tokens are wanted than a request may have.
        """
        if self.model.name is None:
            raise CourseError(
                "--model must be given where --config names no model, got none. Write --model pocket-chat, or "
                "--config lessons/08-serving/configs/pocket-chat.yaml."
            )
        length, tokens = self.inference.max_model_len, self.generation.max_tokens
        if tokens is not None and length not in (None, -1) and tokens > length:
            refuse_tokens(tokens, length)

    @classmethod
    def _checked(cls, content: dict, sources: dict[str, str], where: str = "") -> "ServeConfig":
        try:
            config = cls.model_validate(content)
        except ValidationError as error:
            raise CourseError(where + broken_rule(error)) from None
        config._sources = sources
        return config

    def __getitem__(self, section: str) -> Section:
        return getattr(self, section)


SECTIONS = {section: field.annotation.model_fields for section, field in ServeConfig.model_fields.items()}
FIELDS = {f"{section}.{leaf}": field for section, fields in SECTIONS.items() for leaf, field in fields.items()}
# The name of each option, with _ for -, and the setting that it gives.
NAMES = {name.partition(".")[2] if name != "model.name" else "model": name for name in FIELDS}


def broken_rule(error: ValidationError) -> str:
    """Return the first mistake that pydantic found as one sentence and a remedy; unknown keys come first."""
    found = sorted(error.errors(), key=lambda one: one["type"] not in ("extra_forbidden", "invalid_key"))[0]
    name = ".".join(map(str, found["loc"][:2]))
    got = "got another text" if name == KEY else f"got {found['input']!r:.60}"  # it may be the key itself
    if found["type"] in ("extra_forbidden", "invalid_key"):
        return _unknown(*map(str, found["loc"][:2]))
    if name in SECTIONS:
        return f"{name} must hold keys with values, {got}. Write one below it, as {next(iter(SECTIONS[name]))}: ..."
    return f"{name} must be {rule(FIELDS[name])}, {got}. {_remedy(name, found['input'])}"


def rule(field: FieldInfo) -> str:
    """Return what a value of a setting must be, for example "a whole number >= 1024 and <= 65535"."""
    if own := field.json_schema_extra["rule"]:
        return own
    kind = kind_of(field)
    if kind not in WORDS:
        return f"one of {', '.join(get_args(kind))}"
    found = {type(limit).__name__: limit for limit in field.metadata}
    limits = [f"{sign} {getattr(found[name], name.lower())}" for name, sign in SIGNS.items() if name in found]
    return f"{WORDS[kind]} {' and '.join(limits)}".strip()


def refuse_tokens(tokens: int, length: int) -> None:
    """Refuse answers that are longer than a request may be: vLLM would refuse each request.

    Raises:
        CourseError: Always.
    """
    raise CourseError(
        f"generation.max_tokens must be <= the longest request, {length} tokens, got {tokens}. Lower it, or raise "
        "inference.max_model_len."
    )


def kind_of(field: FieldInfo) -> Any:
    """Return the type of a setting's value, without the None for "not given"."""
    kinds = [kind for kind in get_args(field.annotation) if kind is not NoneType]
    found = kinds[0] if NoneType in get_args(field.annotation) else field.annotation
    return get_args(found)[0] if hasattr(found, "__metadata__") else found


def _remedy(name: str, got: Any) -> str:
    """Return what to do about a wrong value: what is near it, or the setting's own remedy."""
    options, own = get_args(kind_of(FIELDS[name])), FIELDS[name].json_schema_extra["remedy"]
    return own if got in ("none", "null") else did_you_mean(str(got), options, otherwise=own)


def _unknown(*place: str) -> str:
    """Refuse a key, and say where it belongs or which one is nearest."""
    section, leaf = place[0], place[-1].replace("-", "_")
    same = ELSEWHERE.get(leaf) or next((name for name in FIELDS if name.endswith(f".{leaf}")), None)
    beside = {known: f"{section}.{known}" for known in SECTIONS.get(section, ())} or {
        known: known for known in SECTIONS
    }
    everywhere = {name.rpartition(".")[2]: name for name in FIELDS}
    otherwise = "Remove it, or see --help."
    if leaf in PARAMETERS:
        otherwise = "Leave it to each request: vLLM has no such default for a server."
    if same is None and leaf not in PARAMETERS:
        otherwise = did_you_mean(leaf, everywhere, otherwise=otherwise, shown=everywhere.get, cutoff=0.75)
        otherwise = did_you_mean(leaf, beside, otherwise=otherwise, shown=beside.get)
    remedy = f"Did you mean {same}?" if same else otherwise
    return f"a key must be one that the course knows, got {'.'.join(place)}. {remedy}"


def _names_in(content: dict) -> list[str]:
    parts = [(section, keys) for section, keys in content.items() if isinstance(keys, dict)]
    return [f"{section}.{key}" for section, keys in parts for key in keys]
