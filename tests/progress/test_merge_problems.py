"""What `vllm-course progress --merge DIR` says of files that it cannot use."""

from pathlib import Path

import pytest

from tests.progress.cases import course_of_two, export, run_progress


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A course of two lessons and a folder for exports."""
    course_of_two(tmp_path, monkeypatch)
    (tmp_path / "exports").mkdir()
    return tmp_path / "exports"


WHOLE = {"lesson": "01", "exercises": [], "checklist": []}
BAD = [
    ("", "must be an export (vllm-course progress --json), got no JSON (Expecting value"),
    ('{"format": "vllm-course prog', "must be an export (vllm-course progress --json), got no JSON (Unterminated"),
    ("\udcff", "must be an export (vllm-course progress --json), got no JSON ('utf-8' codec"),
    ("[" * 100_000, "must be an export (vllm-course progress --json), got no JSON (maximum recursion"),
    ("[]", "must be an export (vllm-course progress --json), got other JSON."),
    ({"format": "something else"}, "must be an export (vllm-course progress --json), got other JSON."),
    ({"schema": 2}, "must have format 1 or older, got 2. Update this copy of the course."),
    ({"schema": "1"}, "must be a whole export, got a damaged one (schema must be int)"),
    ({"schema": True}, "must be a whole export, got a damaged one (schema must be int)"),
    ({"learner": None}, "must be a whole export, got a damaged one (learner must be str)"),
    ({"learner": "=1+1"}, "learner must be 1 to 100 printable characters"),
    ({"lessons": {}}, "must be a whole export, got a damaged one (lessons must be list)"),
    ({"lessons": [1]}, "must be a whole export, got a damaged one (lessons[0] must be dict)"),
    ({"lessons": [WHOLE, {}]}, "must be a whole export, got a damaged one (lessons[1].lesson must be str)"),
    ({"lessons": [WHOLE | {"exercises": [{"number": 1}]}]}, "(lessons[0].exercises[0].number must be str)"),
    (
        {"lessons": [WHOLE | {"checklist": [{"item": "a", "ticked": 1}]}]},
        "(lessons[0].checklist[0].ticked must be bool)",
    ),
]


@pytest.mark.parametrize(("text", "message"), BAD)
def test_a_file_that_is_no_whole_export_is_named_and_the_rest_is_shown(folder, text, message, capsys):
    export(folder, "good.json", "ada", {"1.2"})
    if isinstance(text, dict):
        export(folder, "bad.json", "bob", {"1.1"}, changes=text)
    else:
        (folder / "bad.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    assert run_progress("--merge", str(folder)) == 1
    captured = capsys.readouterr()
    assert captured.err.startswith("vllm-course progress: bad.json ")
    assert message in captured.err
    assert captured.err.count("\n") == 1
    assert captured.out.splitlines()[1] == "ada      1/2 0/2  0/1 0/1"
    assert "bob" not in captured.out


def test_a_file_that_cannot_be_read_is_named(folder, capsys):
    (folder / "a.json").mkdir()
    (folder / "b.json").symlink_to("nowhere")
    assert run_progress("--merge", str(folder)) == 1
    captured = capsys.readouterr()
    assert captured.err.splitlines() == [
        "vllm-course progress: a.json must be readable, got Is a directory.",
        "vllm-course progress: b.json must be readable, got No such file or directory.",
    ]
    assert captured.out == ""


def test_a_lesson_that_this_copy_of_the_course_lacks_is_named(folder, capsys):
    export(folder, "a.json", "ada", {"1.1"}, changes={"lessons": [WHOLE | {"lesson": "09"}]})
    assert run_progress("--merge", str(folder)) == 1
    error = capsys.readouterr().err
    assert error == (
        "vllm-course progress: ada's export must hold lessons of this copy of the course, got ['09']. Update it.\n"
    )


@pytest.mark.parametrize("there", [True, False])
def test_a_folder_that_is_empty_or_missing_is_a_usage_error(folder, there, capsys):
    if not there:
        folder.rmdir()
    assert run_progress("--merge", str(folder)) == 2
    error = capsys.readouterr().err
    found = "no such file in it" if there else "no such folder"
    assert f" --merge must be a folder with exports (*.json), got {found}: {folder}. Each learner makes one" in error
    assert error.count("\n") == 1
