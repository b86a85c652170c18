"""Plans are held to the engine's own numbers, to the last digit, on more than two hundred settings.

Nine engines are started: the shipped models, dummy models of five shapes, and a GPT-OSS. For the other settings of a
model, vLLM is asked with its own functions, which an engine calls when it starts.
"""

import pytest

from tests.memory.cases import DTYPES, SETTINGS, SHAPES, Setting, configuration, gpt_oss, overrides, vllms_own
from vllm_course import CourseError, load_model, measured, plan, shipped
from vllm_course.memory.measuring import Measured

pytestmark = pytest.mark.usefixtures("one_engine")
FIELDS = set(Measured.__dataclass_fields__) - {"model", "rss"}
MODELS = [*shipped.names(), *SHAPES, "GPT-OSS"]
STARTED = Setting(block_size=64, kv_cache_memory_bytes=20_000_001, max_model_len=-1)


@pytest.fixture(scope="module", params=MODELS)
def engine(request, tmp_path_factory):
    """Return an engine, and what `plan` takes to describe it."""
    number = MODELS.index(request.param)
    settings = {"dtype": DTYPES[number % 3]}
    if request.param == "GPT-OSS":
        config = gpt_oss(folder := tmp_path_factory.mktemp("gpt-oss"))
        return load_model(folder, load_format="dummy", **STARTED._asdict(), **settings), settings | {"model": config}
    if request.param in SHAPES:
        dummy = {"hf_overrides": overrides(request.param), "load_format": "dummy"}
        llm = load_model("pocket-base", **dummy, **STARTED._asdict(), **settings)
        return llm, settings | {"model": configuration(request.param)}
    return load_model(request.param, **STARTED._asdict(), **settings), settings | {"model": request.param}


def test_the_plan_is_what_the_engine_has(engine):
    llm, settings = engine
    found, planned = measured(llm), plan(**settings, **STARTED._asdict())
    block = found.block_size * found.kv_bytes_per_token // (2 if "sliding_window" in settings["model"] else 1)
    kept = found.blocks * block
    assert {name: getattr(found, name) for name in FIELDS} == {name: getattr(planned, name) for name in FIELDS} | {
        "kv_cache_bytes": kept
    }
    assert planned.fits and 0 <= planned.kv_cache_bytes - kept < block


def test_the_plan_is_what_vllm_computes_for_other_settings(engine):
    llm, settings = engine
    wrong, started = [], 0
    for setting in SETTINGS:
        own, found = vllms_own(llm, setting), plan(**settings, **setting._asdict())
        planned = (found.blocks, found.tokens, found.max_concurrency, found.max_model_len)
        if found.fits != (own is not None) or own is not None and own != planned:
            wrong.append((setting, own, planned))
        started += found.fits
    assert wrong == []
    assert 5 < started < len(SETTINGS)  # both kinds are there


def test_there_are_enough_settings():
    assert len(SETTINGS) * len(MODELS) >= 200 and len(SHAPES) == 5


def test_vllms_own_numbers_are_those_of_a_started_engine(engine):
    llm, _ = engine
    found = measured(llm)
    assert vllms_own(llm, STARTED) == (found.blocks, found.tokens, found.max_concurrency, found.max_model_len)


def test_measured_refuses_an_engine_of_another_process(engine, monkeypatch):
    llm, _ = engine
    monkeypatch.setattr(llm.llm_engine, "engine_core", object())
    with pytest.raises(CourseError, match="llm must run in this process, got an engine in a process of its own"):
        measured(llm)


def test_measured_reads_well(engine):
    found = measured(engine[0])
    assert found.rss > 2**28
    for text in (repr(found), found._repr_html_()):
        assert (
            "max_concurrency" in text and f"{found.blocks:,}" in text and "/" not in text.partition("measured")[0][3:]
        )
