"""What goes wrong while a model loads reaches the learner as one message: rule, value, remedy."""

import shutil

import pytest

from vllm_course import CourseError, load_model, loading_errors, paths
from vllm_course.loading_errors import KNOWN, clear_errors
from vllm_course.models import free_engine

MINI = "pocket-base-mini"


@pytest.fixture(scope="module", autouse=True)
def freed():
    """Free the last engine after the module."""
    yield
    free_engine()


def test_a_truncated_weight_file_outside_the_shipped_models(tmp_path):
    folder = tmp_path / "mine"
    shutil.copytree(paths.models() / MINI, folder)
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(CourseError) as caught:
        load_model(folder, kv_cache_memory_bytes=2**28)
    message = str(caught.value)
    assert message.startswith(f"the weights of {folder} must be readable safetensors files, got a damaged one (")
    assert message.endswith("Delete the file and get it again.")
    assert type(caught.value.__cause__).__name__ == "SafetensorError"


@pytest.mark.parametrize("size", [1, 1000])
def test_a_kv_cache_that_holds_nothing(size):
    with pytest.raises(CourseError, match=rf"kv_cache_memory_bytes must hold at least one .*{MINI}, got less"):
        load_model(MINI, kv_cache_memory_bytes=size)


def test_gpu_memory_that_does_not_suffice():
    import torch

    message = r"GPU memory must hold .* of m, got too little of it \(CUDA out of memory"
    with pytest.raises(CourseError, match=message), clear_errors("m"):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB.\nmore")


def test_an_engine_process_that_linux_killed():
    said = "Engine core initialization failed. See root cause above. Failed core proc(s): {'EngineCore': -9}"
    message = "memory must hold .* of m, got an engine that was killed, as Linux does where memory runs out"
    with pytest.raises(CourseError, match=message), clear_errors("m"):
        raise RuntimeError(said)


def test_the_cause_is_kept_and_only_its_first_line_shown():
    text = "less than requested memory for kv (100.0 GiB).\nsecond line"
    with pytest.raises(CourseError) as caught, clear_errors("m"):
        raise ValueError(text)
    assert str(caught.value.__cause__) == text
    assert "second line" not in str(caught.value)


@pytest.mark.parametrize(
    "error", [ValueError("something else"), KeyError("x"), CourseError("said already: requested memory for kv")]
)
def test_other_errors_pass_as_they_are(error):
    with pytest.raises(type(error)) as caught, clear_errors("m"):
        raise error
    assert caught.value is error


@pytest.mark.parametrize("known", KNOWN, ids=lambda known: known.text or known.kind)
def test_every_message_names_the_model_or_the_argument_and_a_remedy(known):
    message = known.message.format(model="m", error="e")
    assert "must" in message and "got" in message
    assert len(message.split(". ")) >= 2, "a rule and a remedy"
    assert "{" not in message


def test_an_error_without_a_message():
    class SafetensorError(Exception):
        """As the library names it."""

    with pytest.raises(CourseError, match="must be readable"), clear_errors("m"):
        raise SafetensorError


def test_the_needed_memory_is_about_what_a_process_uses():
    assert loading_errors.GIB <= loading_errors.PROCESS_MEMORY <= 2 * loading_errors.GIB
