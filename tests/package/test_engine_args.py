"""`engine_args`: what `load_model` passes to vLLM, which model it takes, and how much memory it asks for."""

import os
from pathlib import Path

import pytest

from vllm_course import CourseError, engine_args, loading_errors, models, paths
from vllm_course.models import MIB

BASE, MINI = "pocket-base", "pocket-base-mini"


@pytest.fixture(autouse=True)
def no_variable(monkeypatch):
    """The models that the tests name, whatever the user's environment says."""
    monkeypatch.delenv(models.MODEL_VARIABLE, raising=False)


def test_engine_args_of_a_shipped_model(monkeypatch):
    monkeypatch.setattr(models, "_device", lambda: "cpu")
    assert engine_args() == {
        "model": os.path.relpath(paths.models() / BASE),
        "dtype": "float32",
        "max_model_len": -1,
        "kv_cache_memory_bytes": 256 * MIB,
        "enforce_eager": True,
        "max_logprobs": -1,
        "enable_chunked_prefill": False,
    }


@pytest.mark.parametrize(
    ("device", "model", "overrides"),
    [("gpu", BASE, {}), ("cpu", "facebook/opt-125m", {}), ("cpu", BASE, {"max_num_batched_tokens": 256})],
)
def test_prompts_are_cut_into_chunks_where_a_prompt_may_be_longer_than_a_batch(monkeypatch, device, model, overrides):
    monkeypatch.setattr(models, "_device", lambda: device)
    assert "enable_chunked_prefill" not in engine_args(model, **overrides)


@pytest.mark.parametrize(
    ("device", "model", "dtype", "kv_cache"),
    [
        ("cpu", MINI, "float32", 256),
        ("gpu", MINI, "auto", 256),
        ("cpu", "facebook/opt-125m", "auto", 1024),
        ("gpu", "facebook/opt-125m", "auto", 4096),
    ],
)
def test_engine_args_follow_device_and_model(monkeypatch, device, model, dtype, kv_cache):
    monkeypatch.setattr(models, "_device", lambda: device)
    args = engine_args(model)
    assert (args["dtype"], args["kv_cache_memory_bytes"]) == (dtype, kv_cache * MIB)


def test_overrides_replace_and_complete():
    args = engine_args(MINI, dtype="bfloat16", seed=7)
    assert (args["dtype"], args["seed"], args["enforce_eager"]) == ("bfloat16", 7, True)


def test_the_argument_beats_the_variable_and_the_variable_the_default(monkeypatch):
    assert Path(engine_args()["model"]).name == BASE
    monkeypatch.setenv(models.MODEL_VARIABLE, MINI)
    assert Path(engine_args()["model"]).name == MINI
    assert engine_args("facebook/opt-125m")["model"] == "facebook/opt-125m"
    monkeypatch.setenv(models.MODEL_VARIABLE, "")
    assert Path(engine_args()["model"]).name == BASE


def test_a_folder_is_taken_as_it_is(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    assert engine_args(tmp_path)["model"] == str(tmp_path)
    assert engine_args(tmp_path)["kv_cache_memory_bytes"] != engine_args(MINI)["kv_cache_memory_bytes"]


@pytest.mark.parametrize("name", ["./nothing", "../nothing", "a/b/c", "/nothing/here", "~/nothing"])
def test_a_folder_without_a_model_is_no_hub_id(name):
    with pytest.raises(CourseError, match="a folder with a config.json"):
        engine_args(name)


def test_a_home_is_expanded(monkeypatch, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "config.json").write_text("{}")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv(models.MODEL_VARIABLE, "~/mine")
    assert engine_args()["model"] == engine_args("~/mine")["model"] == str(tmp_path / "mine")


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("models/pocket-base", "Did you mean 'pocket-base'?"),
        ("models/pocket-bse", "Did you mean 'pocket-base'?"),
        ("models/zzz", "Check the path: the course has models, without zzz."),
        ("lessons/zzz", "Check the path: the course has lessons, without zzz."),
        ("some/zzz", "Check the path: some is here, without zzz; for an id of the Hub start in another folder."),
        ("some/pocket-base", "Did you mean 'pocket-base'?"),
        ("a.txt/zzz", "Check the path: a.txt is here, without zzz; for an id of the Hub start in another folder."),
        ("above/it", "Check the path: it is at ../../above/it."),
        ("/nothing/zzz", "Check the path: there is no such folder."),
        ("~/zzz", "Check the path: there is no such folder."),
        ("some/folder", "Check the path: that folder has no config.json."),
        ("folder", "Check the path: that folder has no config.json."),
        ("zzz", "Check the spelling."),
    ],
)
def test_a_path_without_a_model_is_no_hub_id_and_is_said_to_be_one(monkeypatch, tmp_path, name, remedy):
    here = tmp_path / "inside" / "here"
    for folder in (here / "some/folder", here / "folder", tmp_path / "above" / "it"):
        folder.mkdir(parents=True)
    (here / "a.txt").touch()
    monkeypatch.chdir(here)
    with pytest.raises(CourseError) as caught:
        engine_args(name)
    assert str(caught.value).endswith(f"got {name!r}. {remedy}")


@pytest.mark.parametrize("name", ["facebook/opt-125m", "Qwen/Qwen3-0.6B", "01-ai/Yi-6B", "someone/pocket-base"])
def test_a_hub_id_stays_one(name):
    assert engine_args(name)["model"] == name


def test_a_working_folder_that_was_deleted_is_said(monkeypatch, tmp_path):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(CourseError, match="the working folder must be there, got one that was deleted. Go to another"):
        engine_args(BASE)


@pytest.mark.parametrize("variable", models.MODEL_VARIABLES)
def test_a_typo_in_a_variable_names_the_variable_and_the_nearest_model(monkeypatch, variable):
    monkeypatch.setenv(variable, "pocket-bse")
    with pytest.raises(CourseError) as caught:
        models.find_model(os.environ[variable])
    said = str(caught.value)
    assert said.startswith(f"{variable} must be one of ") and said.endswith(
        "got 'pocket-bse'. Did you mean 'pocket-base'?"
    )
    with pytest.raises(CourseError, match="^model must be one of"):
        models.find_model("pocket-bas")


@pytest.mark.parametrize("available", [0, loading_errors.PROCESS_MEMORY + 256 * MIB - 1])
def test_too_little_memory_is_said_before_it_kills_the_kernel(available):
    with pytest.raises(CourseError) as caught:
        loading_errors.require_memory(256 * MIB, available=available)
    assert str(caught.value).startswith("free memory must be at least 1.8 GiB to load this model, got ")
    assert "pass a smaller kv_cache_memory_bytes" in str(caught.value)


def test_enough_memory_passes():
    needed = int(loading_errors.PROCESS_MEMORY) + 256 * MIB
    loading_errors.require_memory(256 * MIB, available=needed)
    loading_errors.require_memory(None, available=needed)
    loading_errors.require_memory(0)
