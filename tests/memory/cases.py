"""Shapes of models and settings on which plans are held to vLLM."""

import copy
import itertools
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from vllm_course import paths

MIB = 2**20
LONGEST = 4096
# Dummy models, made of pocket-base's configuration: vLLM gives them random weights.
SHAPES = {
    "MHA": {"num_attention_heads": 4, "num_key_value_heads": 4},
    "GQA": {"num_attention_heads": 8, "num_key_value_heads": 2, "num_hidden_layers": 6},
    "MQA": {"num_attention_heads": 8, "num_key_value_heads": 1, "num_hidden_layers": 3},
    "other head_dim": {"num_attention_heads": 6, "num_key_value_heads": 3, "head_dim": 96, "num_hidden_layers": 3},
    "many layers": {"num_hidden_layers": 24, "hidden_size": 128, "intermediate_size": 256},
}
# A tiny one, with experts and a window in every other layer.
GPT_OSS = {
    **{"num_hidden_layers": 4, "num_local_experts": 4, "num_experts_per_tok": 2, "hidden_size": 64, "head_dim": 32},
    **{"intermediate_size": 64, "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 2048},
    **{"max_position_embeddings": LONGEST, "sliding_window": 100},
}
DTYPES = ("float32", "bfloat16", "float16")
BLOCK_SIZES = (32, 96, 128, 256)
MEMORIES = (300_001, 3_000_000, 64 * MIB)
LENGTHS = (-1, 257, 1000)


class Setting(NamedTuple):
    """What the KV cache's numbers depend on, beside the model."""

    block_size: int
    kv_cache_memory_bytes: int
    max_model_len: int


SETTINGS = [Setting(*values) for values in itertools.product(BLOCK_SIZES, MEMORIES, LENGTHS)]


def configuration(shape: str) -> dict[str, Any]:
    """Return the configuration of a dummy model."""
    return json.loads((paths.models() / "pocket-base/config.json").read_text("utf-8")) | overrides(shape)


def gpt_oss(folder: Path) -> dict[str, Any]:
    """Write a tiny GPT-OSS without weights into a folder, and return its configuration."""
    from transformers import GptOssConfig

    GptOssConfig(**GPT_OSS, architectures=["GptOssForCausalLM"]).save_pretrained(folder)
    for file in (paths.models() / "pocket-base").glob("token*"):
        shutil.copy(file, folder)
    return json.loads((folder / "config.json").read_text("utf-8"))


def overrides(shape: str) -> dict[str, Any]:
    """Return what makes a dummy model of pocket-base, for `hf_overrides`."""
    return SHAPES[shape] | {"max_position_embeddings": LONGEST}


def vllms_own(llm: Any, setting: Setting) -> tuple[int, int, float, int] | None:
    """Return blocks, tokens, concurrency and max_model_len as vLLM computes them for an engine's model.

    Returns:
        None where vLLM refuses to start.
    """
    from vllm.v1.core.kv_cache_utils import get_kv_cache_capacity, get_kv_cache_configs

    config = copy.deepcopy(llm.llm_engine.vllm_config)
    config.cache_config.block_size = setting.block_size
    config.model_config.original_max_model_len = setting.max_model_len
    longest = config.model_config.hf_text_config.max_position_embeddings
    config.model_config.max_model_len = longest if setting.max_model_len == -1 else setting.max_model_len
    (specs,) = llm.llm_engine.engine_core.engine_core.model_executor.get_kv_cache_specs()
    specs = {layer: replace(spec, block_size=setting.block_size) for layer, spec in specs.items()}
    try:
        (found,) = get_kv_cache_configs(config, [specs], [setting.kv_cache_memory_bytes])
    except ValueError:
        return None
    return found.num_blocks, *get_kv_cache_capacity(config, found), config.model_config.max_model_len
