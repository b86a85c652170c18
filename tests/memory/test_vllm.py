"""Defaults and readings of configurations are held to vLLM and Transformers, without an engine."""

import pytest
import torch
from transformers import CONFIG_MAPPING, AutoModelForCausalLM, GptOssConfig
from vllm import EngineArgs
from vllm.config import VllmConfig
from vllm.config.cache import CacheConfig
from vllm.config.model import _resolve_auto_dtype
from vllm.engine import arg_utils
from vllm.model_executor.layers.quantization.utils.ocp_mx_utils import OCP_MX_BLOCK_SIZE
from vllm.transformers_utils import model_arch_config_convertor as convertors
from vllm.usage.usage_lib import UsageContext

from vllm_course.describing.shapes import KINDS, shape_of
from vllm_course.describing.table import CONFIGURATIONS
from vllm_course.memory import arguments
from vllm_course.memory.planning import MXFP4_BITS, UTILIZATION

GIB = 2**30


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_a_configuration_is_read_as_vllm_reads_it(name):
    config = CONFIGURATIONS[name]
    found = shape_of(config, name=name)
    theirs = CONFIG_MAPPING[config["model_type"]](**config)
    kind = convertors.MODEL_ARCH_CONFIG_CONVERTORS.get(config["model_type"], convertors.ModelArchConfigConvertorBase)
    read = kind(theirs, theirs).convert_layer()
    assert (found.layers, found.kv_heads) == (read.total_num_hidden_layers, read.total_num_kv_heads)
    assert (found.heads, found.head_dim) == (read.total_num_attention_heads, read.head_size)
    assert (found.hidden, found.vocab) == (read.hidden_size, read.vocab_size)
    assert found.longest == read.derived_max_model_len_and_key[0]
    assert found.tied == theirs.tie_word_embeddings
    assert getattr(theirs, "sliding_window", None) == found.window


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_taken_for_a_missing_key_is_what_transformers_takes(kind):
    theirs = CONFIG_MAPPING[kind]()
    for key, value in KINDS[kind].defaults.items():
        if type(value) in (int, bool):
            assert getattr(theirs, KINDS[kind].names.get(key, key)) == value, key


def test_the_parameters_of_gpt_oss_are_those_of_its_class():
    sizes = {"num_hidden_layers": 4, "hidden_size": 96, "intermediate_size": 64, "head_dim": 32, "vocab_size": 512}
    sizes |= {"num_attention_heads": 6, "num_key_value_heads": 2, "num_local_experts": 5, "num_experts_per_tok": 2}
    theirs = GptOssConfig(**sizes)
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(theirs)
    experts = sum(p.numel() for name, p in model.named_parameters() if name.endswith(("up_proj", "down_proj")))
    found = shape_of(theirs.to_dict() | {"quantization_config": {"quant_method": "mxfp4"}}, name="a tiny one")
    assert found.parameters == model.num_parameters() and found.packed == experts
    assert (found.window, found.active) == (128, 2) and shape_of(theirs.to_dict(), name="it").packed == 0


def test_four_bits_are_those_of_mxfp4():
    assert MXFP4_BITS == 4 + 8 / OCP_MX_BLOCK_SIZE


@pytest.mark.parametrize(("scheduled_ahead", "device"), [(False, arguments.CPU), (True, arguments.GPU)])
def test_the_steps_under_way_are_vllms(scheduled_ahead, device):
    theirs = VllmConfig()
    theirs.scheduler_config.async_scheduling = scheduled_ahead
    assert theirs.max_concurrent_batches == device.steps


def test_defaults_are_vllms():
    assert arguments.GPU.block_size == CacheConfig.DEFAULT_BLOCK_SIZE
    assert EngineArgs.gpu_memory_utilization == UTILIZATION


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
def test_auto_is_what_vllm_takes(dtype):
    theirs = _resolve_auto_dtype("llama", getattr(torch, dtype), is_pooling_model=False)
    assert f"torch.{arguments.chosen_dtype('auto', dtype)}" == str(theirs)


@pytest.mark.parametrize("memory", [8 * GIB, 70 * GIB - 1, 70 * GIB, 141 * GIB, 192 * GIB])
def test_a_cards_defaults_are_vllms(memory, monkeypatch):
    monkeypatch.setattr(arg_utils.current_platform, "is_cpu", lambda: False)
    monkeypatch.setattr(arg_utils.current_platform, "get_device_total_memory", lambda: memory)
    monkeypatch.setattr(arg_utils.current_platform, "get_device_name", lambda: "A card")
    tokens, seqs = EngineArgs.get_batch_defaults(1)
    expected = (seqs[UsageContext.LLM_CLASS], tokens[UsageContext.LLM_CLASS])
    assert arguments.device(memory)[2:4] == expected


@pytest.mark.parametrize("ranks", [1, 2])
def test_the_cpus_defaults_are_vllms(ranks):
    tokens, seqs = EngineArgs.get_batch_defaults(ranks)
    found = arguments.CPU
    expected = (seqs[UsageContext.LLM_CLASS], tokens[UsageContext.LLM_CLASS])
    assert (found.seqs * ranks, found.batched_tokens * ranks) == expected
