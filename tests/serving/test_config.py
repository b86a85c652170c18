"""A server's settings: checked in one place, merged in one order, and each knows where it comes from."""

import argparse
import re

import pytest
from pydantic import ValidationError

from tests.serving.cases import CONFIGS
from vllm_course import CourseError
from vllm_course.configuring.config import FIELDS, NAMES, ServeConfig, rule
from vllm_course.configuring.options import add_options
from vllm_course.errors import UsageError
from vllm_course.tool import ToolParser

# A YAML file, and parts of the one line that it is answered with.
BAD = [
    ("", "must hold keys with values, got NoneType"),
    ("- model", "must hold keys with values, got list"),
    ("model: [", "must be valid yaml", "Mend the file."),
    ("server:\n\tport: 1", "must be valid yaml"),
    ("server: {port: 8000}\nserver: {port: 8001}", "server is there twice"),
    ("server: {port: 8000, port: 8001}", "port is there twice"),
    ("modle: {name: pocket-chat}", "got modle. Did you mean model?"),
    ("server: {prot: 8000}", "got server.prot. Did you mean server.port?"),
    ("port: 8000", "got port. Did you mean server.port?"),
    ("model: {temperature: 1}", "got model.temperature. Did you mean generation.temperature?"),
    ("inference: {tensor-parallel-size: 2}", "got inference.tensor-parallel-size. Did you mean inference.gpus?"),
    ("inference: {gpu_memory_utilization: 0.9}", "Did you mean inference.gpu_memory?"),
    ("generation: {max_new_tokens: 8}", "Did you mean generation.max_tokens?"),
    ("generation: {seed: 1}", "got generation.seed. Leave it to each request"),
    ("generation: {colour: red}", "got generation.colour. Remove it, or see --help."),
    ("1: 2", "got 1. Remove it"),
    ("server:", "server must hold keys with values, got None. Write one below it, as host: ..."),
    ("model: pocket-chat", "model must hold keys with values, got 'pocket-chat'. Write one below it, as name: ..."),
    ("model: {name: 7}", "model.name must be a text that is not empty, got 7. Write pocket-chat"),
    ("model: {name: ' '}", "model.name must be a text that is not empty, got ' '."),
    ("model: {trust_remote_code: 1}", "model.trust_remote_code must be true or false, got 1. Leave it out for false."),
    ("model: {trust_remote_code: yes}", "must be true or false, got 'yes'."),
    ("inference: {gpus: 0}", "inference.gpus must be a whole number >= 1 and <= 8, got 0. Use 1 for one GPU."),
    ("inference: {gpus: 1.5}", "inference.gpus must be a whole number >= 1 and <= 8, got 1.5."),
    ("inference: {gpus: true}", "inference.gpus must be a whole number >= 1 and <= 8, got True."),
    ("inference: {gpu_memory: 90}", "inference.gpu_memory must be a number >= 0.1 and <= 1, got 90"),
    ("inference: {gpu_memory: 90%}", "inference.gpu_memory must be a number >= 0.1 and <= 1, got '90%'."),
    ("inference: {max_model_len: 0}", "must be a whole number >= 1, or -1, got 0."),
    ("inference: {max_model_len: -2}", "must be a whole number >= 1, or -1, got -2."),
    ("inference: {max_model_len: 4k}", "must be a whole number >= 1, or -1, got '4k'."),
    ("inference: {dtype: bf16}", "must be one of auto, float32, bfloat16, float16, got 'bf16'. Did you mean bfloat16?"),
    ("inference: {quantization: agq}", "must be one of vLLM's methods, such as awq, gptq or fp8, got 'agq'."),
    ("inference: {quantization: none}", "got 'none'. Leave it out for a model that is not quantized."),
    ("inference: {max_num_seqs: 0}", "inference.max_num_seqs must be a whole number >= 1, got 0."),
    ("inference: {kv_cache_memory: 64 apples}", "must be a size > 0, got '64 apples'. Write it as 64MiB."),
    ("inference: {kv_cache_memory: true}", "must be a size > 0, got True."),
    ("server: {host: }", "server.host must be a text that is not empty, got None. Use 127.0.0.1"),
    ("server: {port: '8000'}", "server.port must be a whole number >= 1024 and <= 65535, got '8000'. Use 8000."),
    ("server: {port: 80}", "server.port must be a whole number >= 1024 and <= 65535, got 80."),
    ("server: {port: 65536}", "server.port must be a whole number >= 1024 and <= 65535, got 65536."),
    ("server: {shutdown_timeout: 0}", "server.shutdown_timeout must be a whole number >= 1 and <= 3600, got 0."),
    ("generation: {temperature: -1}", "must be a number >= 0 and <= 2, got -1. Use 0 for greedy decoding."),
    ("generation: {temperature: .nan}", "generation.temperature must be a number >= 0 and <= 2, got '.nan'."),
    ("generation: {top_p: 0}", "generation.top_p must be a number > 0 and <= 1, got 0. Use 1 to keep all tokens."),
    ("generation: {top_k: -2}", "generation.top_k must be a whole number >= -1, got -2. Use 0 to keep all tokens."),
    ("generation: {max_tokens: 0}", "generation.max_tokens must be a whole number >= 1, got 0."),
    ("generation: {presence_penalty: 3}", "generation.presence_penalty must be a number >= -2 and <= 2, got 3."),
    ("generation: {frequency_penalty: [1]}", "generation.frequency_penalty must be a number >= -2 and <= 2, got [1]."),
]
# Each setting in YAML and on a command line, with two values that differ from the default.
VALUES = {
    "model": ("pocket-chat", "pocket-base"),
    "trust_remote_code": (True, False),
    "gpus": (2, 4),
    "gpu_memory": (0.5, 0.7),
    "max_model_len": (512, -1),
    "dtype": ("bfloat16", "float16"),
    "quantization": ("awq", "gptq"),
    "max_num_seqs": (8, 16),
    "kv_cache_memory": ("64MiB", "1GiB"),
    "host": ("::1", "localhost"),
    "port": (8001, 9000),
    "api_key_env": ("MY_KEY", "YOUR_KEY"),
    "open_to_all": (True, False),
    "shutdown_timeout": (5, 6),
    "temperature": (0.0, 1.0),
    "max_tokens": (1, 256),
    "top_p": (0.5, 0.9),
    "top_k": (-1, 40),
    "presence_penalty": (-2.0, 0.6),
    "frequency_penalty": (2.0, 0.3),
}


def written(tmp_path, text: str) -> str:
    """Write a YAML file and return its place."""
    file = tmp_path / "x.yaml"
    file.write_text(text, encoding="utf-8")
    return str(file)


def refused(call, *parts: str, kind: type = CourseError) -> str:
    """Call what must be refused in one line with a remedy."""
    with pytest.raises(kind) as caught:
        call()
    said = str(caught.value)
    assert type(caught.value) is kind and "\n" not in said and re.search(r"must \w+ .+, got .+\. \S", said)
    assert all(part in said for part in parts), said
    return said


def yaml_of(name: str, value: object) -> str:
    section, _, leaf = NAMES[name].partition(".")
    shown = str(value).lower() if isinstance(value, bool) else f"'{value}'" if isinstance(value, str) else value
    return f"{section}:\n  {leaf}: {shown}\n"


def words(name: str, value: object) -> list[str]:
    option = name.replace("_", "-")
    if isinstance(value, bool):
        return [f"--{option}" if value else f"--no-{option}"]
    return [f"--{option}={value}"]


@pytest.fixture
def parser():
    parser = ToolParser(prog="serve")
    add_options(parser)
    return parser


@pytest.mark.parametrize(("text", "parts"), [(text, parts) for text, *parts in BAD])
def test_a_bad_file_is_answered_with_one_line(tmp_path, text, parts):
    file = written(tmp_path, text)
    assert file in refused(lambda: ServeConfig.from_yaml(file), *parts)


@pytest.mark.parametrize("place", ["missing.yaml", "folder.yaml", "x.txt", "latin.yaml"])
def test_a_file_that_cannot_be_read_is_answered_with_one_line(tmp_path, place):
    (tmp_path / "folder.yaml").mkdir()
    (tmp_path / "latin.yaml").write_bytes(b"model: {name: caf\xe9}")
    (tmp_path / "x.txt").write_text("model: {name: pocket-chat}")
    refused(lambda: ServeConfig.from_yaml(tmp_path / place), str(tmp_path / place), "config must ")


def test_an_api_key_that_is_where_its_variable_should_be_is_not_shown(tmp_path):
    file = written(tmp_path, "server: {api_key_env: sk-123}")
    said = refused(
        lambda: ServeConfig.from_yaml(file), "must be the name of an environment variable, got another text."
    )
    assert "sk-123" not in said


def test_every_setting_has_an_option_a_default_and_a_rule():
    assert set(NAMES) == set(VALUES) and set(NAMES.values()) == set(FIELDS)
    assert all(rule(field) and field.description and field.json_schema_extra["remedy"] for field in FIELDS.values())
    config = ServeConfig()
    assert set(config.sources.values()) == {"default"} and list(config.values) == list(FIELDS)
    assert (config.server.host, config.server.port, config.inference.gpu_memory) == ("127.0.0.1", 8000, 0.9)
    assert not (config.server.open_to_all or config.model.trust_remote_code)


@pytest.mark.parametrize("name", VALUES)
def test_the_command_line_wins_over_the_file_and_the_file_over_the_default(tmp_path, parser, name):
    from_file, from_line = VALUES[name]
    file = written(tmp_path, yaml_of(name, from_file))
    base = ServeConfig.from_yaml(file)
    merged = base.merge_cli_args(parser.parse_args(words(name, from_line)))
    untouched = base.merge_cli_args(parser.parse_args([]))
    setting, option = NAMES[name], f"--{name.replace('_', '-')}"
    assert (base.values[setting], base.sources[setting]) == (from_file, file)
    assert (merged.values[setting], merged.sources[setting]) == (from_line, option)
    assert (untouched.values, untouched.sources) == (base.values, base.sources)
    others = {name: place for name, place in merged.sources.items() if name != setting}
    assert set(others.values()) == {"default"}


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--port", "80"),
        ("--port", "eighty"),
        ("--gpus", "9"),
        ("--gpu-memory", "nan"),
        ("--dtype", "bf16"),
        ("--quantization", "null"),
        ("--kv-cache-memory", "much"),
        ("--host", ""),
        ("--top-p", "0"),
        ("--max-tokens", "1.5"),
        ("--model", "no-such-model"),
    ],
)
def test_a_wrong_value_of_an_option_is_answered_with_one_line(parser, capsys, option, value):
    with pytest.raises(SystemExit) as caught:
        parser.parse_args([option, value])
    said = capsys.readouterr().err
    assert caught.value.code == 2 and said.count("\n") == 1
    assert f"argument {option}: " in said and re.search(r"must be .+, got .+\. \S", said) and value in said


def test_values_can_be_given_in_python():
    config = ServeConfig(model={"name": "pocket-chat"}, server={"port": 9000})
    assert config.sources["server.port"] == "given" and config.sources["server.host"] == "default"
    merged = config.merge_cli_args(argparse.Namespace(port=None, temperature=0.5, json=True))
    assert merged.sources["server.port"] == "given" and merged.sources["generation.temperature"] == "--temperature"
    with pytest.raises(ValidationError):
        ServeConfig(server={"port": 80})
    with pytest.raises(ValidationError):
        config.server.port = 9001


def test_a_name_that_is_no_option_is_not_dropped():
    refused(lambda: ServeConfig().merge_cli_args({"prot": 1}), "got 'prot'. Did you mean port?", kind=UsageError)
    refused(lambda: ServeConfig().merge_cli_args({"port": 1}), "server.port must be", "got 1. Use 8000.")


def test_settings_that_do_not_go_together_are_refused_once_they_are_merged(tmp_path):
    file = written(tmp_path, "inference: {max_model_len: 256}\ngeneration: {max_tokens: 512}")
    base = ServeConfig.from_yaml(file)
    with pytest.raises(CourseError, match="--model must be given where --config names no model, got none. Write"):
        base.require_complete()
    named = base.merge_cli_args({"model": "pocket-chat"})
    refused(named.require_complete, "generation.max_tokens must be <= the longest request, 256 tokens, got 512.")
    named.merge_cli_args({"max_tokens": 256}).require_complete()
    named.merge_cli_args({"max_model_len": -1}).require_complete()


@pytest.mark.parametrize("file", CONFIGS, ids=lambda file: file.stem)
def test_the_lessons_configurations_are_valid(file):
    ServeConfig.from_yaml(file).require_complete()


def test_the_lesson_has_the_configurations_that_it_should():
    use_cases = {"development", "production", "code", "creative", "quantised", "local-path"}
    models = {"pocket-base", "pocket-chat", "phi3-mini", "llama-70b-two-gpus", "gpt-oss-20b", "llama-13b-awq"}
    assert {file.stem for file in CONFIGS} == use_cases | models
