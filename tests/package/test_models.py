"""`load_model`: what it passes to vLLM, one engine at a time, and mistakes found before it gives up the running one."""

import os
import shutil
from pathlib import Path

import psutil
import pytest

from vllm_course import CourseError, chat_box, engine_args, generate, load_model, models, paths
from vllm_course.errors import get_again
from vllm_course.models import MIB, free_engine

BASE, MINI = "pocket-base", "pocket-base-mini"


@pytest.fixture(autouse=True)
def no_variable(monkeypatch):
    """The models that the tests name, whatever the user's environment says."""
    monkeypatch.delenv(models.MODEL_VARIABLE, raising=False)


@pytest.fixture(scope="module", autouse=True)
def freed():
    """Free the last engine after the module."""
    yield
    free_engine()


@pytest.fixture
def mini():
    """The small shipped model, loaded, or still there from the test before."""
    return load_model(MINI)


@pytest.fixture
def copied_models(tmp_path, monkeypatch) -> Path:
    """A folder of shipped models that a test may damage."""
    folder = tmp_path / "models"
    shutil.copytree(paths.models() / MINI, folder / MINI)
    monkeypatch.setattr(paths, "models", lambda: folder)
    return folder


def answers(llm) -> bool:
    """Return whether an engine generates."""
    from vllm import SamplingParams

    return len(llm.generate("Hello", SamplingParams(max_tokens=1))[0].outputs[0].token_ids) == 1


def memory() -> float:
    """Return the memory that this process has in use, in MiB."""
    return psutil.Process().memory_info().rss / MIB


@pytest.mark.parametrize(
    ("name", "remedy"), [("pocket-bse", "Did you mean 'pocket-base'?"), ("zzz", "Check the spelling.")]
)
def test_a_missing_model(name, remedy):
    with pytest.raises(CourseError) as caught:
        load_model(name)
    message = str(caught.value)
    assert message.startswith(f"model must be one of {BASE}, {MINI}")
    assert f"got {name!r}. {remedy}" in message


def test_the_same_call_returns_the_same_engine(mini, tmp_path, monkeypatch):
    assert load_model(MINI) is mini
    assert load_model(MINI, dtype=engine_args(MINI)["dtype"]) is mini
    monkeypatch.chdir(tmp_path)
    assert load_model(MINI) is mini


@pytest.mark.parametrize("name", ["pocket-chat", "models/pocket-chat", "copy"])
def test_an_engine_works_from_any_folder(monkeypatch, tmp_path, name):
    from vllm import SamplingParams

    if name == "copy":
        shutil.copytree(paths.models() / "pocket-chat", tmp_path / name)
        monkeypatch.chdir(tmp_path)
    llm = load_model(name, dtype="float32")
    assert not os.path.isabs(engine_args(name)["model"])
    monkeypatch.chdir("/")
    own = llm.get_default_sampling_params()
    assert own.temperature != SamplingParams().temperature, "pocket-chat brings parameters of its own"
    assert len(generate(llm, "Hello")) == len(llm.chat([{"role": "user", "content": "Hello!"}])) == 1
    assert chat_box(llm, say=["Hello!"]).messages[-1]["role"] == "assistant"
    free_engine()


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"model": "pocket-bse"}, CourseError, "Did you mean"),
        ({"model": MINI, "swap_space": 4}, TypeError, "unexpected keyword argument 'swap_space'"),
        ({"model": MINI, "kv_cache_memory_bytes": 10**15}, CourseError, "free memory must be at least"),
    ],
)
def test_the_running_engine_survives_a_mistake(mini, arguments, error, message):
    with pytest.raises(error, match=message):
        load_model(**arguments)
    assert load_model(MINI) is mini
    assert answers(mini)


def test_a_damaged_file_is_named_with_its_remedy(mini, copied_models):
    weights = copied_models / MINI / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[len(content) // 2] ^= 0xFF
    weights.write_bytes(content)
    with pytest.raises(CourseError) as caught:
        load_model(MINI)
    assert "damaged or missing model.safetensors. " in str(caught.value)
    assert str(caught.value).endswith(f"Delete the folder. {get_again(f'models/{MINI}')}")
    assert answers(mini)


def test_a_missing_file_is_named(copied_models):
    (copied_models / MINI / "tokenizer.json").unlink()
    with pytest.raises(CourseError, match="damaged or missing tokenizer.json"):
        load_model(MINI)


def test_another_model_frees_the_first(mini):
    large = load_model(MINI, kv_cache_memory_bytes=1024 * MIB)
    held = memory()
    other = load_model(BASE)
    assert held - memory() > 500, "the KV cache of the first engine is still in memory"
    assert answers(other)
    for freed in (mini, large):
        with pytest.raises(CourseError, match=r"one that load_model\(\) freed .* Call load_model\(\) for this model"):
            answers(freed)
    assert load_model(MINI) is not mini


def test_free_engine_frees_and_may_be_called_twice(mini):
    free_engine()
    free_engine()
    with pytest.raises(CourseError, match="freed"):
        answers(mini)


def test_generate_shows_no_progress_bar_unless_asked(mini, capsys):
    answers(mini)
    assert capsys.readouterr().err == ""
    assert mini.generate.__wrapped__.__name__ == "generate"
    assert mini.generate.__doc__ == type(mini).generate.__doc__
