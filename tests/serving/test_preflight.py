"""What is said before seconds are spent: others that could come in, a port in use, no model, too little memory."""

import re
import shutil
import socket
import time
from types import SimpleNamespace

import pytest

from tests.serving.cases import CONFIGS, free_port
from vllm_course import CourseError, paths
from vllm_course.configuring.config import ServeConfig
from vllm_course.describing import reading
from vllm_course.memory.planning import plan
from vllm_course.runtime import gpus
from vllm_course.serving import command, preflight

GIB = 2**30


def config(**options):
    return ServeConfig().merge_cli_args({"model": "pocket-chat", "port": free_port()} | options)


@pytest.fixture(autouse=True)
def plain(monkeypatch):
    """Be a machine with the CPU build and memory enough, and without a key."""
    monkeypatch.delenv("VLLM_API_KEY", raising=False)
    memory = SimpleNamespace(total=32 * GIB, available=24 * GIB)
    monkeypatch.setattr(preflight.limits, "total_memory", lambda: memory.total)
    monkeypatch.setattr(preflight.limits, "free_memory", lambda: memory.available)
    monkeypatch.setattr(preflight.limits, "of_the_limit", lambda: "")
    monkeypatch.setattr(gpus, "memory", lambda: [])
    monkeypatch.setattr(command, "on_cpu", lambda: True)
    return memory


def refused(config, *parts: str) -> None:
    began = time.monotonic()
    with pytest.raises(CourseError) as caught:
        preflight.preflight(config)
    said = str(caught.value)
    assert "\n" not in said and all(part in said for part in parts), said
    assert re.search(r"must (be|fit|have|hold|name) .+, got .+\. \S", said), said
    assert time.monotonic() - began < 30


def test_a_server_that_can_start_says_nothing():
    assert preflight.preflight(config()) == []


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "0", "0x0", "::0", "::ffff:0.0.0.0"])
def test_others_need_a_key(host, monkeypatch):
    refused(config(host=host), "API key", f"got {host} without a key", "--open-to-all")
    said = preflight.preflight(config(host=host, open_to_all=True))
    assert said == [f"warning: everybody who reaches {host} may use this server without a key (open_to_all)."]
    monkeypatch.setenv("VLLM_API_KEY", "secret")
    assert preflight.preflight(config(host=host)) == []


def test_an_address_of_the_network_is_open_as_well(monkeypatch):
    monkeypatch.setattr(preflight, "_addresses", lambda host: [(socket.AF_INET, "192.168.1.5")])
    refused(config(host="my-machine"), "got my-machine without a key")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.0.0.2"])
def test_this_machine_needs_none(host):
    assert preflight.preflight(config(host=host)) == []


@pytest.mark.parametrize("key", ["", "two words", "a\nb", "schlüssel"])
def test_a_variable_that_is_named_must_hold_a_key(key, monkeypatch):
    monkeypatch.setenv("MY_KEY", key)
    with pytest.raises(CourseError) as caught:
        preflight.preflight(config(api_key_env="MY_KEY"))
    said = str(caught.value)
    assert "MY_KEY" in said and "must" in said and (not key or key not in said)


@pytest.mark.parametrize("host", ["8.8.8.8", "no such host", "host.invalid", "a" * 70 + ".b"])
def test_an_address_that_is_not_here_is_refused(host):
    refused(config(host=host, open_to_all=True), "server.host must be an address of this machine", host)


@pytest.mark.parametrize("where", ["127.0.0.1", "0.0.0.0"])
def test_a_port_in_use_is_said_at_once(where):
    with socket.create_server((where, 0)) as other:
        port = other.getsockname()[1]
        refused(config(port=port), f"server.port must be free, got {port}, where another program listens.", "--port ")
    assert preflight.preflight(config(port=port)) == []


def test_a_port_that_was_in_use_a_moment_ago_is_free():
    """Linux keeps an address for a minute after a connection, which vLLM takes all the same."""
    with socket.create_server(("127.0.0.1", 0)) as last:
        port = last.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            last.accept()[0].close()
    assert preflight.preflight(config(port=port)) == []


def test_a_model_that_is_missing_or_damaged_is_said_at_once(tmp_path, monkeypatch):
    refused(config(model="no-such-model"), "model must be one of", "got 'no-such-model'")
    models = tmp_path / "models"
    shutil.copytree(paths.models() / "pocket-chat", models / "pocket-chat")
    (models / "pocket-chat" / "config.json").write_text("{}")
    monkeypatch.setattr(paths, "models", lambda: models)
    refused(config(), "SHA256SUMS", "config.json")


def test_a_model_that_cannot_be_fetched_is_said_at_once(monkeypatch):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    refused(config(model="nobody/nothing"), "must be on this machine while HF_HUB_OFFLINE is set", "nobody/nothing")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    said = preflight.preflight(config(model="nobody/nothing"))
    assert "is not on this machine yet" in said[0] and "whether it fits is not known" in said[1]


def test_trust_in_code_of_others_is_a_warning():
    (said,) = preflight.preflight(config(trust_remote_code=True))
    assert said.startswith("warning: model.trust_remote_code runs code") and "\n" not in said


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        ({"kv_cache_memory": "1MiB", "max_model_len": 1024}, ["must fit", "'max_model_len'", "Set max_model_len to"]),
        ({"kv_cache_memory": "1KiB"}, ["must fit", "'kv cache'"]),
        ({"kv_cache_memory": "64GiB"}, ["free memory must be at least 65.5 GiB to serve pocket-chat, got 24.0 GiB"]),
        ({"max_model_len": 4096}, ["must fit", "'max_position_embeddings'", "1,024 tokens"]),
        ({"max_tokens": 2048}, ["generation.max_tokens must be <= the longest request, 1024 tokens, got 2048."]),
        ({"gpus": 2}, ["inference.gpus must be <= 1 where vLLM runs on the CPU, got 2. Use --gpus 1."]),
        ({"model": "Llama-3.1-70B"}, ["model must be one of"]),
        (
            {"model": "meta-llama/Llama-3.1-70B"},
            ["free memory must be at least 1", "to serve meta-llama/Llama-3.1-70B, got 24.0 GiB."],
        ),
    ],
)
def test_what_does_not_fit_is_said_at_once(options, parts):
    refused(config(**options), *parts)


def test_little_free_memory_is_said_at_once(plain):
    plain.available = 1 * GIB
    refused(config(), "free memory must be at least 1.6 GiB to serve pocket-chat, got 1.0 GiB.")


def test_the_memory_is_that_of_the_smallest_card(monkeypatch):
    monkeypatch.setattr(command, "on_cpu", lambda: False)
    monkeypatch.setattr(gpus, "memory", lambda: [(80 * 1024, 80 * 1024), (20 * 1024, 24 * 1024)])
    large = {"model": "meta-llama/Llama-3.1-8B", "max_model_len": 8192}
    assert len(preflight.preflight(config(**large))) == 1  # that it is not downloaded yet
    refused(config(**large | {"gpu_memory": 0.6}), "must fit into 24.0 GiB, got the limit")
    refused(config(**large | {"gpus": 4}), "inference.gpus must be <= 2 on this machine, got 4. Use --gpus 2.")


# The smallest card for each configuration, in GiB, of those that are sold, and the next smaller one.
CARDS = {
    "pocket-base": (4, None),
    "pocket-chat": (4, None),
    "local-path": (4, None),
    "phi3-mini": (12, 10),
    "development": (16, 12),
    "production": (8, 6),
    "llama-70b-two-gpus": (80, 64),
    "code": (48, 40),
    "creative": (40, 32),
    "llama-13b-awq": (12, 10),
    "quantised": (16, 12),
    "gpt-oss-20b": (20, 16),
}
PHI_3 = {
    **{"model_type": "phi3", "num_hidden_layers": 32, "hidden_size": 3072, "intermediate_size": 8192},
    **{"num_attention_heads": 32, "num_key_value_heads": 32, "vocab_size": 32064, "max_position_embeddings": 4096},
    **{"dtype": "bfloat16"},
}


@pytest.fixture
def known_models(monkeypatch):
    """Let the planner know Phi-3 mini as a model that keeps every token, which is the most that it can need."""
    known = reading.CONFIGURATIONS | {"microsoft/Phi-3-mini-4k-instruct": PHI_3}
    monkeypatch.setattr(reading, "CONFIGURATIONS", known)
    monkeypatch.setattr("vllm_course.describing.table.CONFIGURATIONS", known)


def fits(found: ServeConfig, card: int) -> bool:
    """Return whether a configuration fits on a card; the planner's weights are those of a model in 16 bits."""
    if found.inference.quantization != "awq":
        return preflight.planned(found, card * GIB, card=True).fits
    whole = found.merge_cli_args({"model": "meta-llama/Llama-2-13b-chat-hf"})
    settings = {"max_model_len": whole.inference.max_model_len, "max_num_seqs": whole.inference.max_num_seqs}
    sixteen = plan(whole.model.name, memory=80 * GIB, dtype="float16", **settings)
    four_bits = sixteen.weights_bytes * 4.25 / 16  # a scale and a zero for each 128 weights
    request = sixteen.kv_bytes_per_token * (whole.inference.max_model_len + 16)
    needed = four_bits + sixteen.activations_bytes + sixteen.overhead_bytes + request
    return needed <= card * GIB * whole.inference.gpu_memory


@pytest.mark.parametrize("file", CONFIGS, ids=lambda file: file.stem)
@pytest.mark.usefixtures("known_models")
def test_the_card_that_a_configuration_names(file):
    card, smaller = CARDS[file.stem]
    found = ServeConfig.from_yaml(file)
    assert fits(found, card) and (smaller is None or not fits(found, smaller))
    if card > 4:
        assert f"{card} GiB" in file.read_text("utf-8").splitlines()[0]
