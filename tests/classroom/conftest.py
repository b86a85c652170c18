"""What tests of a class need: a made-up course and places of their own."""

from pathlib import Path

import pytest

from tests.progress.cases import course_of_two


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A course of two lessons, a folder for exports, and one for the instructor's own data."""
    course_of_two(tmp_path, monkeypatch)
    monkeypatch.setenv("VLLM_COURSE_HOME", str(tmp_path / "home"))
    (tmp_path / "exports").mkdir()
    return tmp_path / "exports"
