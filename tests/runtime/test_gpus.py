"""The share of a GPU's memory that vLLM may ask for: what is free, whoever holds the rest."""

import pytest

from vllm_course import engine_args, models
from vllm_course.runtime import gpus

GIB = 1024  # MiB


@pytest.fixture
def smi(tmp_path, monkeypatch):
    """Put a command nvidia-smi in place that says what a test wants it to say."""

    def says(text: str, code: int = 0) -> None:
        command = tmp_path / "nvidia-smi"
        command.write_text(f"#!/bin/sh\nprintf '{text}'\nexit {code}\n")
        command.chmod(0o755)

    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setattr(models, "_device", lambda: "gpu")
    return says


@pytest.mark.parametrize(
    ("memory", "share"),
    [
        ([], None),
        ([(80 * GIB, 80 * GIB)], 0.92),
        ([(41 * GIB, 80 * GIB)], 0.5),
        ([(70 * GIB, 80 * GIB)], 0.86),
        ([(80 * GIB, 80 * GIB), (9 * GIB, 80 * GIB)], 0.1),
        ([(GIB, 80 * GIB)], 0.01),
        ([(0, 8 * GIB)], 0.01),
    ],
)
def test_the_share_fits_what_is_free(memory, share):
    assert gpus.share_that_fits(memory) == share
    if share and share > 0.01:
        assert all(share * total <= free - gpus.CONTEXT for free, total in memory) or share == gpus.VLLMS_SHARE


def test_the_driver_is_asked(smi):
    smi("41984, 81920\\n81000, 81920\\n")
    assert gpus.memory() == [(41984, 81920), (81000, 81920)]
    assert engine_args("pocket-base")["gpu_memory_utilization"] == 0.5


@pytest.mark.parametrize(("text", "code"), [("", 0), ("[N/A], [N/A]\\n", 0), ("9, 9\\n", 9), ("No devices\\n", 0)])
def test_a_driver_without_an_answer_leaves_vllms_own_share(smi, text, code):
    smi(text, code)
    assert gpus.memory() == []
    assert "gpu_memory_utilization" not in engine_args("pocket-base")


def test_no_driver_is_no_error(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert gpus.memory() == []


def test_what_the_user_passes_wins(smi):
    smi("41984, 81920\\n")
    assert engine_args("pocket-base", gpu_memory_utilization=0.3)["gpu_memory_utilization"] == 0.3
    assert "gpu_memory_utilization" not in engine_args("pocket-base", kv_cache_memory_bytes=None)


def test_a_cpu_gets_no_share(smi, monkeypatch):
    smi("41984, 81920\\n")
    monkeypatch.setattr(models, "_device", lambda: "cpu")
    assert "gpu_memory_utilization" not in engine_args("pocket-base")
