"""The script of lesson 07: where the memory goes, a verdict, exit codes 0, 1 and 2, and no import of vLLM."""

import json
import shutil

import pytest

from tests.rules.scripts import DEADLINE, call, one_line, start
from vllm_course import paths, plan

SCRIPT = paths.lesson(7) / "inspect_memory.py"
CARD = ("--model", "Llama-3.1-8B", "--memory", "24GiB")


def printed(capsys, *words, code=0) -> str:
    """Return what the script prints; it must end with a code and say nothing on stderr."""
    assert call(SCRIPT, *words) == code
    said = capsys.readouterr()
    assert said.err == ""
    return said.out


def test_what_fits_ends_with_0_and_says_where_the_memory_goes(capsys):
    said = printed(capsys, *CARD, "--max-model-len", "8192")
    for part in ("weights", "activations", "overhead", "KV cache", "not used"):
        assert any(line.startswith(part) and "#" in line and "%" in line for line in said.splitlines()), part
    assert "fits, limit: kv cache" in said and "~15.0 GiB" in said and "not fit" not in said


@pytest.mark.parametrize(
    ("words", "limit"),
    [
        (("--model", "Llama-3.1-70B", "--memory", "80G"), "weights"),
        ((*CARD, "--max-model-len", "131072"), "max_model_len"),
        ((*CARD, "--max-model-len", "131073"), "max_position_embeddings"),
        (("--model", "Llama-3.1-8B", "--kv-cache-memory-bytes", "1MiB"), "kv cache"),
    ],
)
def test_what_does_not_fit_ends_with_1_and_says_what_to_change(words, limit, capsys):
    said = printed(capsys, *words, code=1)
    assert f"does not fit, limit: {limit}\n" in said and said.splitlines()[-1].endswith(".")


@pytest.mark.parametrize(
    ("words", "settings"),
    [
        (("--kv-cache-memory-bytes", "64MiB"), {"kv_cache_memory_bytes": 64 * 2**20}),
        ((), {"kv_cache_memory_bytes": 256 * 2**20}),
        (
            ("--memory", "4G", "--max-num-seqs", "8", "--dtype", "float32", "--tensor-parallel-size", "2"),
            {"memory": 4 * 2**30, "max_num_seqs": 8, "dtype": "float32", "tensor_parallel_size": 2},
        ),
        (("--memory", "4GB", "--max-model-len", "512"), {"memory": 4 * 10**9, "max_model_len": 512}),
    ],
)
def test_json_is_the_plan(words, settings, capsys):
    found = json.loads(printed(capsys, "--json", *words))
    expected = plan("pocket-base", **({"max_model_len": -1} | settings))
    assert found | {"estimated": tuple(found["estimated"])} == vars(expected)


def test_a_folder_a_configuration_and_a_name_of_the_table_are_models(capsys, tmp_path):
    folder = paths.models() / "pocket-base"
    shutil.copy(folder / "config.json", tmp_path)
    for model in ("pocket-base", str(folder), str(tmp_path), str(tmp_path / "config.json")):
        assert json.loads(printed(capsys, "--json", "--model", model))["weights_bytes"] == 7344640
    assert json.loads(printed(capsys, "--json", "--model", "gpt2"))["model"] == "openai-community/gpt2"


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--memory", "24 apples", "must be a size of at least 1MiB, got '24 apples'. Write it as 24GiB."),
        ("--memory", "24", "must be a size of at least 1MiB, got '24'. Write it as 24GiB."),
        ("--kv-cache-memory-bytes", "1023KiB", "must be a size of at least 1MiB, got '1023KiB'."),
        ("--kv-cache-memory-bytes", "-5", "must be a size of at least 1MiB, got '-5'."),
        ("--max-model-len", "0", "Use -1 for the longest that fits."),
        ("--max-model-len", "long", "got 'long'"),
        ("--max-num-seqs", "0", "must be >= 1, got 0."),
        ("--tensor-parallel-size", "3", "Use one of 1, 2, 4."),
        ("--dtype", "int4", "dtype must be one of auto, float32"),
        ("--model", "Llama-3.1-9B", "Did you mean 'Llama-3.1-8B'?"),
        ("--model", "google/gemma-2-9b", "hf download google/gemma-2-9b config.json"),
    ],
)
def test_a_mistake_is_one_line_and_2(option, value, said, capsys):
    assert call(SCRIPT, f"{option}={value}") == 2
    line = capsys.readouterr().err
    assert one_line(line, option, value) == [] and said in line


def test_both_memories_and_a_model_for_which_the_formula_does_not_hold_are_refused(capsys, tmp_path):
    assert call(SCRIPT, "--memory", "1G", "--kv-cache-memory-bytes", "1G") == 2
    assert "one of the two, got both." in capsys.readouterr().err
    (tmp_path / "config.json").write_text('{"model_type": "gemma2", "sliding_window": 4096}', "utf-8")
    assert call(SCRIPT, "--model", str(tmp_path)) == 2
    assert "got one with a sliding window" in capsys.readouterr().err


@pytest.mark.parametrize("model", ["pocket-base", "Llama-3.1-8B"])
def test_it_imports_neither_vllm_nor_torch(model):
    code = f"""
import runpy, sys
sys.argv = ["inspect_memory.py", "--model", {model!r}, "--memory", "24G"]
try:
    runpy.run_path({str(SCRIPT)!r}, run_name="__main__")
except SystemExit as end:
    print(end.code, {{"vllm", "torch", "transformers", "pandas"}} & set(sys.modules))
"""
    stdout, stderr = start("-c", code, cold=True).communicate(timeout=DEADLINE)
    assert (stdout.splitlines()[-1], stderr) == ("0 set()", "")
