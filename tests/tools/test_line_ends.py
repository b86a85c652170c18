"""Files arrive as they were committed, also where git is set to write the line ends of Windows."""

import subprocess
from pathlib import Path

import pytest

from vllm_course import errors, paths, shipped

WINDOWS = ("-c", "core.autocrlf=true")


def git(folder: Path, *words: str) -> str:
    """Run git with Windows' setting in a folder and return what it prints."""
    return subprocess.run(["git", *WINDOWS, *words], cwd=folder, check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="module")
def clone(tmp_path_factory) -> Path:
    """A clone of the course."""
    if not (paths.root() / ".git").exists():
        pytest.skip("the course is no git clone here")
    folder = tmp_path_factory.mktemp("clone")
    git(folder, "clone", "--quiet", "--depth", "1", paths.root().as_uri(), ".")
    return folder


def test_no_line_end_changes(clone):
    ends = [line.split()[:2] for line in git(clone, "ls-files", "--eol").splitlines()]
    assert len(ends) > 300 and {end.removeprefix("i/") for end, _ in ends} == {"lf", "none", "-text"}
    assert [end for end in ends if end[0].removeprefix("i/") != end[1].removeprefix("w/")] == []


@pytest.mark.parametrize("name", shipped.names())
def test_models_are_whole_and_the_remedy_heals_a_damaged_one(clone, name):
    folder = clone / "models" / name
    assert shipped.damaged_files(folder) == []
    config = folder / "config.json"
    config.write_bytes(config.read_bytes().replace(b"\n", b"\r\n"))
    assert shipped.damaged_files(folder) == ["config.json"]
    remedy = errors.get_again(f"models/{name}")
    command = remedy.partition("in a git clone with git ")[2].partition(",")[0].split()
    for file in folder.iterdir():
        file.unlink()
    git(clone, *command)
    assert shipped.damaged_files(folder) == [] and "from the archive" in remedy
