"""A configuration amounts to a command line that vLLM accepts, and to variables; the API key is in neither's text."""

import json
import subprocess

import pytest
from vllm.engine.arg_utils import EngineArgs
from vllm.entrypoints.launchers.cli_args import make_arg_parser, validate_parsed_serve_args
from vllm.model_executor.layers.quantization import QUANTIZATION_METHODS
from vllm.utils.argparse_utils import FlexibleArgumentParser

from tests.serving.cases import CONFIGS
from vllm_course import CourseError, paths
from vllm_course.configuring.config import QUANTIZATIONS, ServeConfig
from vllm_course.serving import command as serving
from vllm_course.serving.command import command, environment, flags, served_name, shown_command
from vllm_course.serving.defaults import MIDDLEWARE, VARIABLE

ALL_OPEN = {"model": "facebook/opt-125m"}
# Settings, and what vLLM makes of the command line.
MEANING = [
    ({"gpus": 2}, {"tensor_parallel_size": 2}),
    ({"gpu_memory": 0.5}, {"gpu_memory_utilization": 0.5}),
    ({"max_model_len": 512}, {"max_model_len": 512}),
    ({"max_model_len": -1}, {"max_model_len": -1}),
    ({"dtype": "bfloat16"}, {"dtype": "bfloat16"}),
    ({"quantization": "awq"}, {"quantization": "awq"}),
    ({"max_num_seqs": 8}, {"max_num_seqs": 8}),
    ({"kv_cache_memory": "64MiB"}, {"kv_cache_memory_bytes": 64 * 2**20}),
    ({"host": "::1"}, {"host": "::1"}),
    ({"port": 9000}, {"port": 9000}),
    ({"shutdown_timeout": 5}, {"shutdown_timeout": 5}),
    ({"trust_remote_code": True}, {"trust_remote_code": True}),
    ({"temperature": 0.0, "top_k": -1}, {"override_generation_config": {"temperature": 0.0, "top_k": -1}}),
    ({"top_p": 0.5, "max_tokens": 8}, {"override_generation_config": {"top_p": 0.5}, "middleware": [MIDDLEWARE]}),
    ({"presence_penalty": 1.0}, {"override_generation_config": {"presence_penalty": 1.0}}),
    ({"frequency_penalty": -1.0}, {"override_generation_config": {"frequency_penalty": -1.0}}),
    ({}, {"shutdown_timeout": 30, "host": "127.0.0.1", "trust_remote_code": False, "enforce_eager": False}),
    ({"model": "pocket-chat"}, {"served_model_name": ["pocket-chat"], "tool_call_parser": "hermes"}),
    ({"model": "models/pocket-base"}, {"served_model_name": ["pocket-base"], "enable_auto_tool_choice": False}),
    ({"model": "pocket-base"}, {"kv_cache_memory_bytes": 64 * 2**20, "dtype": "float32", "enforce_eager": True}),
    ({"model": "pocket-base", "dtype": "bfloat16"}, {"dtype": "bfloat16"}),
    ({"model": "pocket-base"}, {"gpu_memory_utilization": EngineArgs.gpu_memory_utilization}),
    ({"kv_cache_memory": "1GiB"}, {"gpu_memory_utilization": EngineArgs.gpu_memory_utilization}),
    ({"kv_cache_memory": "1GiB", "gpu_memory": 0.5}, {"gpu_memory_utilization": 0.5}),
    ({}, {"gpu_memory_utilization": 0.9, "kv_cache_memory_bytes": None}),
    ({"model": "pocket-base", "gpu_memory": 0.5}, {"kv_cache_memory_bytes": None, "gpu_memory_utilization": 0.5}),
]


@pytest.fixture(autouse=True)
def plain(monkeypatch):
    monkeypatch.delenv("VLLM_API_KEY", raising=False)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(serving, "on_cpu", lambda: True)


def config(**options) -> ServeConfig:
    return ServeConfig().merge_cli_args(ALL_OPEN | options)


def parsed(words: list[str]):
    """Return what vLLM's own parser makes of a command line."""
    args = make_arg_parser(FlexibleArgumentParser()).parse_args(words)
    validate_parsed_serve_args(args)
    return args


@pytest.mark.parametrize(("options", "meant"), MEANING)
def test_a_setting_is_what_vllm_understands(options, meant):
    args = parsed(command(config(**options)))
    assert {name: getattr(args, name) for name in meant} == meant


@pytest.mark.parametrize("file", CONFIGS, ids=lambda file: file.stem)
def test_vllm_accepts_the_lessons_configurations(file):
    found = ServeConfig.from_yaml(file)
    args = parsed(command(found))
    assert (args.port, args.tensor_parallel_size) == (found.server.port, found.inference.gpus)
    assert args.model == ("models/" if found.model.name.startswith("pocket") else "") + found.model.name


def test_the_methods_of_quantization_are_vllms():
    assert list(QUANTIZATIONS) == QUANTIZATION_METHODS


def test_max_tokens_is_a_default_and_no_limit():
    """As max_new_tokens vLLM would cut every request short."""
    found = config(max_tokens=64)
    assert "max_new_tokens" not in " ".join(command(found)) and environment(found)[VARIABLE] == "64"
    assert VARIABLE not in environment(config()) and "--middleware" not in command(config())


def test_the_key_is_in_the_environment_alone(monkeypatch):
    monkeypatch.setenv("MY_KEY", "secret'$x")
    found = config(api_key_env="MY_KEY")
    assert environment(found)["VLLM_API_KEY"] == "secret'$x"
    assert "secret" not in " ".join(command(found)) + shown_command(found) + str(found.values)
    assert shown_command(found).startswith('VLLM_API_KEY="$MY_KEY" vllm serve facebook/opt-125m \\\n')
    monkeypatch.delenv("MY_KEY")
    with pytest.raises(CourseError, match="must name a variable that holds the key, got MY_KEY without one. Set it."):
        environment(found)


def test_one_thread_for_a_shipped_model_unless_the_user_says_otherwise(monkeypatch):
    assert environment(config(model="pocket-base"))["OMP_NUM_THREADS"] == "1"
    assert "OMP_NUM_THREADS" not in environment(config())
    monkeypatch.setenv("OMP_NUM_THREADS", "4")
    assert "OMP_NUM_THREADS" not in environment(config(model="pocket-base"))


def test_the_command_can_be_pasted(tmp_path, monkeypatch):
    folder = tmp_path / "my model"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    found = config(model=str(folder), temperature=0.5, top_p=0.5)
    pasted = "vllm() { printf '%s\\n' \"$@\"; }\n" + shown_command(found)
    words = subprocess.run(["bash", "-c", pasted], capture_output=True, text=True, check=True).stdout.splitlines()
    assert words[0] == "serve" and ["--model", *words[1:]] == command(found)
    assert json.loads(words[words.index("--override-generation-config") + 1]) == {"temperature": 0.5, "top_p": 0.5}
    assert "--served-model-name 'my model'" in shown_command(found)
    assert "# The CPU build lacks the command" in shown_command(found)
    monkeypatch.setattr(serving, "on_cpu", lambda: False)
    assert "#" not in shown_command(found)


def test_a_share_of_a_card_that_is_free_is_enough_with_a_size(monkeypatch):
    monkeypatch.setattr(serving.gpus, "memory", lambda: [(12_000, 24_000)])
    words = command(config(kv_cache_memory="1GiB"))
    assert words[words.index("--gpu-memory-utilization") + 1] == "0.45"


def test_the_name_of_a_folder_is_the_models(monkeypatch):
    monkeypatch.chdir(paths.models() / "pocket-base")
    assert [served_name(config(model=name)) for name in (".", "../pocket-chat/", "a/b")] == [
        *("pocket-base", "pocket-chat", "a/b")
    ]


def test_flags_of_python_values():
    given = {"a_b": 1, "c": True, "d": False, "e": None, "f": [1, "x"], "g": {"h": None}}
    assert flags(given) == ["--a-b", "1", "--c", "--no-d", "--f", "1", "x", "--g", '{"h": null}']


def test_nothing_without_a_model():
    with pytest.raises(CourseError, match="--model must be given"):
        command(ServeConfig())
