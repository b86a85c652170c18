"""Files that are read and written as a whole, and what is said of those that are not as they should be."""

import doctest
import json
import os
import stat
from pathlib import Path

import pytest

from tests.progress.cases import run_progress
from vllm_course import CourseError, files
from vllm_course.errors import UsageError

WHAT = "a saved thing"
WRONG_TEXTS = {
    "another encoding": "Größe".encode("latin-1"),
    "zero bytes": b"The moon\0",
    "UTF-16": "The moon".encode("utf-16"),
}
WRONG_JSON = {
    "empty": (b"", "it must be valid JSON, got: Expecting value"),
    "truncated": (b'{"a": ', "it must be valid JSON, got: Expecting value"),
    "nested": (b"[" * 100_000, "it must be valid JSON, got: maximum recursion depth"),
    "binary": (b"\x89PNG\xff\x00", "it must be text in UTF-8, got other bytes."),
    "zero bytes": (b'{"a": "\0"}', "it must be text in UTF-8, got other bytes."),
    "half a character": (b'{"a": ["b\\ud83d"]}', "it must be valid JSON, got: half a character in a text, '\\ud83d'."),
    "half a character in a key": (b'{"\\udce9": 1}', "it must be valid JSON, got: half a character in a text"),
    "a list": (b"[]", "it must be a JSON object, got list."),
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "file.txt"


def test_text_may_have_a_mark_and_any_line_ends(file):
    file.write_bytes(b"\xef\xbb\xbfone\r\ntwo\n")
    assert files.read_text(file, name="--config") == "one\ntwo\n"


@pytest.mark.parametrize("content", WRONG_TEXTS.values(), ids=WRONG_TEXTS)
def test_other_bytes_than_text(file, content):
    file.write_bytes(content)
    with pytest.raises(UsageError) as caught:
        files.read_text(file, name="--config")
    assert str(caught.value) == f"--config must be text in UTF-8, got other bytes in {file}. Save it as UTF-8."


@pytest.mark.parametrize(("content", "reason"), WRONG_JSON.values(), ids=WRONG_JSON)
def test_other_things_than_a_json_object(file, content, reason):
    file.write_bytes(content)
    with pytest.raises(UsageError) as caught:
        files.read_json(file, name="/load", what=WHAT)
    message = str(caught.value)
    assert message.startswith(f"/load must be {WHAT}, got {file}: {reason}")
    assert message.endswith("Mend it or take another file.") and "\n" not in message


def test_a_file_that_is_not_there(file):
    said = f"--load must be a readable file, got No such file or directory: {file}. Check the path."
    for read in (lambda: files.read_text(file, name="--load"), lambda: files.read_json(file, name="--load", what=WHAT)):
        with pytest.raises(UsageError) as caught:
            read()
        assert str(caught.value) == said


@pytest.mark.parametrize("place", ["/dev/zero", "/"])
def test_what_is_no_file_is_not_read_for_ever(place):
    with pytest.raises(UsageError, match=f"^--load must be a file, got {place}, which is something else. Check the pa"):
        files.read_json(Path(place), name="--load", what=WHAT)


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("none/a.json", "--save must be in a folder that is there, got "),
        ("folder", "--save must be a file, got "),
        ("ü" * 128, "--save must be a name for a file, got File name too long: "),
        ("circle", "--save must be a name for a file, got Too many levels of symbolic links: "),
        ("zero\0byte", "--save must be a name for a file, got embedded null byte: "),
    ],
)
def test_a_place_where_no_file_can_be_written(tmp_path, place, message):
    (tmp_path / "folder").mkdir()
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    with pytest.raises(UsageError, match=message):
        files.check_place(tmp_path / place, name="--save")
    files.check_place(tmp_path / "new", name="--save")


@pytest.mark.parametrize("name", ["", "old"])
def test_a_read_only_place(tmp_path, monkeypatch, name):
    (tmp_path / "old").touch()
    monkeypatch.setattr(os, "access", lambda place, mode: place != tmp_path / name)
    with pytest.raises(UsageError, match=f"--output must be in a place that can be written, got .* {tmp_path / name}."):
        files.check_place(tmp_path / "old", name="--output")


@pytest.mark.parametrize("length", [249, 255])
def test_a_name_may_be_as_long_as_the_disk_takes(tmp_path, length):
    file = tmp_path / ("x" * length)
    files.check_place(file, name="--output")
    files.write(file, "text")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("x" * length, "text\n")]


def test_the_name_of_a_file_in_another_encoding_is_written_as_escapes(file):
    files.write(file, json.dumps({"from": "caf\udce9.yaml"}, ensure_ascii=False))
    assert json.loads(file.read_text("utf-8")) == {"from": "caf\udce9.yaml"}


def test_a_zero_byte_in_a_name_to_read():
    with pytest.raises(UsageError, match="--load must be a readable file, got embedded null byte: "):
        files.read_json(Path("a\0b"), name="--load", what=WHAT)


@pytest.fixture
def learner(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name for an export."""
    monkeypatch.delenv("JUPYTERHUB_USER", raising=False)
    monkeypatch.setenv("LOGNAME", "ada")


def test_output_is_written_as_a_whole(learner, tmp_path, capsys):
    file = tmp_path / "ada.json"
    old = os.umask(0o027)
    try:
        assert run_progress("--json", "--output", str(file)) == 0
    finally:
        os.umask(old)
    assert capsys.readouterr().out == ""
    assert json.loads(file.read_text(encoding="utf-8"))["learner"] == "ada"
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert run_progress("--csv", "--output", str(file)) == 0
    assert file.read_text(encoding="utf-8").startswith("learner,lesson,kind")
    assert not [path for path in tmp_path.iterdir() if path.name.endswith(".tmp")]


def test_a_write_that_fails_leaves_the_old_file(learner, tmp_path, monkeypatch, capsys):
    file = tmp_path / "ada.json"
    file.write_text("old")
    monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    assert run_progress("--json", "--output", str(file)) == 1
    assert capsys.readouterr().err == (
        f"--output must be a file that can be written, got No space left on device: {file}.\n"
    )
    assert file.read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == ["ada.json"]


def test_an_error_names_the_option(file):
    with pytest.raises(
        CourseError, match=r"^/save must be a file that can be written, got No such file or directory: "
    ):
        files.write(file / "none", "text", name="/save")


def test_what_is_no_file_is_refused_and_stays(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(CourseError, match="--output must be a file, got .*pipe, which is something else."):
        files.write(pipe, "text")
    assert pipe.is_fifo()


def test_docstring_examples():
    result = doctest.testmod(files)
    assert result.attempted and not result.failed
