"""The shipped models keep what their model cards promise, measured with the real engine."""

import gc
import hashlib
import json
import math
from functools import cache

import pytest
from safetensors import safe_open

from tools.training.evaluate import NAME_PROMPT, TARGETS, Row, evaluate, load, table
from tools.training.evaluate_chat import FIGURES
from tools.training.model_card import CHAT_TEMPLATE, ENGINE_FILES
from vllm_course import paths

MODELS = paths.models()
NAMES = ("pocket-base", "pocket-base-mini")
CHAT = "pocket-chat"
ALL_NAMES = (*NAMES, CHAT)
MAX_PARAMETERS = {"pocket-base": 5_000_000, "pocket-base-mini": 1_000_000, CHAT: 5_000_000}
FIGURES_OF = {CHAT: tuple(FIGURES)} | dict.fromkeys(NAMES, tuple(TARGETS))
CASES = [(name, figure) for name in ALL_NAMES for figure in FIGURES_OF[name]]
MEGABYTE = 10**6


@cache
def measured(name: str) -> dict[str, Row]:
    """All figures of one model, measured once; the engine is freed before the next one starts."""
    llm = load(MODELS / name)
    rows = evaluate(llm, model=name)
    del llm
    gc.collect()
    print(f"\n{name}\n{table(rows)}")
    return {row.name: row for row in rows}


@pytest.mark.parametrize(("name", "figure"), CASES)
def test_model_reaches_its_target(name: str, figure: str) -> None:
    row = measured(name)[figure]
    assert row.passed, f"{figure} must be {row.target}, got {row.measured:.4g}. Retrain with `make models`."


def test_mini_is_visibly_worse_than_base() -> None:
    base, mini = (measured(name) for name in NAMES)
    heroes = "heroes in a story at T=0.8 (1 is consistent), mean of 8"
    assert mini["held-out perplexity"].measured > 1.03 * base["held-out perplexity"].measured
    assert mini[heroes].measured > base[heroes].measured


@pytest.mark.parametrize("name", ALL_NAMES)
def test_parameters_and_size_are_within_budget(name: str) -> None:
    file = MODELS / name / "model.safetensors"
    with safe_open(file, framework="pt") as weights:
        shapes = [weights.get_slice(key).get_shape() for key in weights.keys()]  # noqa: SIM118  no mapping
        kinds = {weights.get_slice(key).get_dtype() for key in weights.keys()}  # noqa: SIM118
    parameters = sum(math.prod(shape) for shape in shapes)
    print(f"\n{name}: {parameters:,} parameters, {file.stat().st_size / MEGABYTE:.1f} MB")
    assert parameters <= MAX_PARAMETERS[name]
    assert file.stat().st_size <= 10 * MEGABYTE
    assert kinds == {"BF16"}


def test_all_models_together_are_under_40_megabytes() -> None:
    assert sum(file.stat().st_size for file in MODELS.rglob("*") if file.is_file()) < 40 * MEGABYTE


@pytest.mark.parametrize("name", ALL_NAMES)
def test_checksums_cover_and_match_the_files_that_an_engine_reads(name: str) -> None:
    lines = (MODELS / name / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    expected = {file: digest for digest, file in (line.split("  ") for line in lines)}
    files = [*ENGINE_FILES, *([CHAT_TEMPLATE] if name == CHAT else [])]
    actual = {file: hashlib.sha256((MODELS / name / file).read_bytes()).hexdigest() for file in files}
    assert expected == actual


@pytest.mark.parametrize("name", ALL_NAMES)
def test_configuration_is_what_the_lessons_rely_on(name: str) -> None:
    config = json.loads((MODELS / name / "config.json").read_text(encoding="utf-8"))
    assert config["head_dim"] == 64 and config["tie_word_embeddings"]
    assert config["max_position_embeddings"] == 1024 and config["vocab_size"] == 2048
    assert config["dtype"] == "bfloat16"
    assert config["hidden_size"] % 128 == config["intermediate_size"] % 128 == 0
    defaults = json.loads((MODELS / name / "generation_config.json").read_text(encoding="utf-8"))
    assert (defaults["temperature"], defaults["top_k"], defaults["top_p"]) == (0.7, 40, 0.9)
    assert "max_new_tokens" not in defaults


def test_both_models_share_one_tokenizer() -> None:
    first, second = ((MODELS / name / "tokenizer.json").read_bytes() for name in NAMES)
    assert first == second


@pytest.mark.parametrize("name", ALL_NAMES)
def test_model_card_shows_the_shipped_configuration(name: str) -> None:
    card = (MODELS / name / "README.md").read_text(encoding="utf-8")
    facts = json.loads((MODELS / name / "training.json").read_text(encoding="utf-8"))
    assert f"| parameters | {facts['parameters']:,} |" in card
    assert all(f"| {figure} |" in card for figure in FIGURES_OF[name])
    assert "| NO |" not in card


def test_a_prompt_begins_with_bos_exactly_once() -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(MODELS / "pocket-base")
    ids = tokenizer(NAME_PROMPT).input_ids
    assert ids[0] == tokenizer.bos_token_id == 0 and ids.count(0) == 1
    assert tokenizer.decode(ids, skip_special_tokens=True) == NAME_PROMPT
    assert tokenizer.eos_token == "</s>"
