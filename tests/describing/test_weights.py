"""Weights are read from the headers of safetensors files, exactly as vLLM will load them."""

import json
import struct

import pytest

from tests.memory.cases import MIB, configuration
from vllm_course import plan
from vllm_course.describing.weights import read_tensors
from vllm_course.errors import UsageError
from vllm_course.memory.sizes import parse_bytes, shown_bytes

TENSORS = {"model.embed_tokens.weight": ("BF16", [2048, 256]), "model.norm.weight": ("F32", [256])}


def write(folder, tensors=None, *, name="model.safetensors", config=None):
    """Write a model of some tensors, all of their numbers 0."""
    header, end = {}, 0
    for key, (dtype, shape) in (tensors or TENSORS).items():
        size = {"BF16": 2, "F32": 4, "I8": 1, "I32": 4}[dtype]
        for rows in shape:
            size *= rows
        header[key] = {"dtype": dtype, "shape": shape, "data_offsets": [end, end + size]}
        end += size
    text = json.dumps(header | {"__metadata__": {"format": "pt"}}).encode()
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(struct.pack("<Q", len(text)) + text + bytes(end))
    (folder / "config.json").write_text(json.dumps(configuration("GQA") | (config or {})), "utf-8")


def weights(folder, **settings):
    return plan(folder, max_model_len=64, kv_cache_memory_bytes=64 * MIB, **settings).weights_bytes


@pytest.mark.parametrize(("dtype", "size"), [("float32", 4), ("bfloat16", 2), (None, 2)])
def test_weights_are_counted_in_the_dtype_in_which_they_are_loaded(tmp_path, dtype, size):
    write(tmp_path)
    assert weights(tmp_path, dtype=dtype) == size * (2048 * 256 + 256)


def test_a_vocabulary_is_rounded_up_as_vllm_does(tmp_path):
    write(tmp_path, {"model.embed_tokens.weight": ("F32", [2050, 8])}, config={"vocab_size": 2050})
    assert weights(tmp_path, dtype="float32") == 4 * 2112 * 8


@pytest.mark.parametrize(("tied", "matrices"), [(True, 1), (False, 2)])
def test_a_tied_matrix_is_counted_once(tmp_path, tied, matrices):
    both = dict.fromkeys(("model.embed_tokens.weight", "lm_head.weight"), ("BF16", [2048, 256]))
    write(tmp_path, both, config={"tie_word_embeddings": tied})
    assert weights(tmp_path, dtype="bfloat16") == 2 * matrices * 2048 * 256


def test_what_vllm_does_not_load_is_left_out(tmp_path):
    masks = {"h.0.attn.bias": ("F32", [1, 1, 9, 9]), "model.layers.0.self_attn.rotary_emb.inv_freq": ("F32", [32])}
    write(tmp_path, TENSORS | masks | {"h.0.attn.c_attn.bias": ("F32", [3])})
    assert weights(tmp_path, dtype="bfloat16") == 2 * (2048 * 256 + 256 + 3)


def test_quantized_weights_keep_their_bits_and_are_estimated(tmp_path):
    packed = TENSORS | {"model.layers.0.mlp.down_proj.weight_packed": ("I32", [10, 10])}
    write(tmp_path, packed, config={"quantization_config": {"quant_method": "compressed-tensors"}})
    found = plan(tmp_path, max_model_len=64, kv_cache_memory_bytes=64 * MIB, dtype="bfloat16")
    assert found.weights_bytes == 2 * 2048 * 256 + 4 * 256 + 4 * 100 and "weights_bytes" in found.estimated


def test_several_files_are_added_up(tmp_path):
    write(tmp_path, name="model-1.safetensors")
    write(tmp_path, {"other": ("BF16", [10])}, name="model-2.safetensors")
    write(tmp_path, {"again": ("BF16", [10])}, name="consolidated.safetensors")
    assert len(read_tensors(tmp_path)) == 3
    index = {"weight_map": {"other": "model-2.safetensors"}}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index), "utf-8")
    assert [tensor.name for tensor in read_tensors(tmp_path)] == ["other"]


def test_without_weights_they_are_estimated(tmp_path):
    write(tmp_path)
    (tmp_path / "model.safetensors").unlink()
    found = plan(tmp_path, max_model_len=64, kv_cache_memory_bytes=64 * MIB)
    assert "weights_bytes" in found.estimated and found.weights_bytes > 0


@pytest.mark.parametrize(
    "content", [b"", b"short", b"\xff" * 100, b"\x02" + bytes(7) + b"[]", b"\x04" + bytes(7) + b'{"a"']
)
def test_a_damaged_file_is_answered_with_one_line(tmp_path, content):
    write(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(content)
    with pytest.raises(
        UsageError, match=r"must be readable safetensors files, got a damaged or missing model.safetens"
    ):
        weights(tmp_path)


def test_a_truncated_file_and_a_missing_one_are_named(tmp_path):
    write(tmp_path)
    whole = (tmp_path / "model.safetensors").read_bytes()
    (tmp_path / "model.safetensors").write_bytes(whole[:-1])
    with pytest.raises(UsageError, match="it is shorter or longer than its header says"):
        weights(tmp_path)
    index = {"weight_map": {"a": "model-9.safetensors"}}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index), "utf-8")
    with pytest.raises(UsageError, match="missing model-9.safetensors"):
        weights(tmp_path)


@pytest.mark.parametrize(
    ("text", "size"),
    [("24GiB", 24 * 2**30), ("24G", 24 * 2**30), ("24GB", 24 * 10**9), ("24g", 24 * 10**9), ("1.5 KiB", 1536)]
    + [("7", 7), ("7B", 7), ("2t", 2 * 10**12), ("3M", 3 * 2**20), ("1m", 10**6)],
)
def test_sizes_are_read(text, size):
    assert parse_bytes(text) == size


@pytest.mark.parametrize("text", ["", "GiB", "-1", "1e9", "24 gigabytes", "0", "0.1", "1.2.3G", "٣G"])
def test_what_is_no_size_is_refused(text):
    with pytest.raises(ValueError, match="is no size"):
        parse_bytes(text)


def test_sizes_are_shown():
    assert [shown_bytes(size) for size in (0, 1023, 2**20, 5 * 2**50)] == ["0 B", "1023 B", "1.0 MiB", "5120.0 TiB"]
