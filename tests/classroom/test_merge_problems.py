"""What `vllm-course progress --merge DIR` says of files that it cannot use."""

from pathlib import Path

import pytest

from tests.classroom.cases import with_tries
from tests.progress.cases import course_of_two, export, run_progress


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A course of two lessons and a folder for exports."""
    course_of_two(tmp_path, monkeypatch)
    (tmp_path / "exports").mkdir()
    return tmp_path / "exports"


WHOLE = {"lesson": "01", "exercises": [], "checklist": []}
WHOLE_3 = WHOLE | {"forecasts": []}
BAD = [
    ("", "bad.json: it must be valid JSON, got: Expecting value"),
    ('{"format": "vllm-course prog', "bad.json: it must be valid JSON, got: Unterminated"),
    ("\udcff", "bad.json: it must be text in UTF-8, got other bytes."),
    ("[" * 100_000, "bad.json: it must be valid JSON, got: maximum recursion"),
    ("[]", "bad.json: it must be a JSON object, got list."),
    ({"format": "something else"}, "format must be 'vllm-course progress', got 'something else'."),
    ({"schema": 5}, "schema must be 4 or older, got 5. Update this copy of the course."),
    ({"schema": 3}, "lessons[0].forecasts must be of type list, got None. Ask for it again."),
    (
        {"schema": 3, "lessons": [WHOLE_3 | {"exercises": [{"number": "1.1", "status": "passed"}]}]},
        "lessons[0].exercises[0].tries must be of type list, got None. Ask for it again.",
    ),
    (
        with_tries({"number": "1.1", "status": "passed", "tries": [{"at": 1}]}),
        "tries[0].at must be of type str, got 1.",
    ),
    (
        with_tries({"number": "1.1", "status": "", "tries": [{"at": "now", "status": "", "message": ""}]}),
        "at of a try at exercise 1.1 must be a time like 2026-01-02T03:04:05+00:00, got 'now'. Ask for it again.",
    ),
    (
        with_tries(
            {"number": "1.1", "status": "", "tries": [{"at": "0001-01-01T00:00+23:00", "status": "", "message": ""}]}
        ),
        "at of a try at exercise 1.1 must be a time like 2026-01-02T03:04:05+00:00, got '0001-01-01T00:00+23:00'.",
    ),
    ({"schema": 2}, "lessons[0].forecasts must be of type list, got None. Ask for it again."),
    ({"schema": 2, "lessons": [WHOLE | {"forecasts": {}}]}, "lessons[0].forecasts must be of type list, got {}."),
    ({"schema": 2, "lessons": [WHOLE | {"forecasts": [7]}]}, "forecasts[0] must be of type dict, got 7."),
    (
        {"schema": 2, "lessons": [WHOLE | {"forecasts": [{"key": "1.1", "guess": "4", "at": ""}]}]},
        "guess of forecast 1.1 must be a number above 0, got '4'. Ask for it again.",
    ),
    ({"schema": "1"}, "schema must be of type int, got '1'. Ask for it again."),
    ({"schema": True}, "schema must be of type int, got True. Ask for it again."),
    ({"learner": None}, "learner must be of type str, got None. Ask for it again."),
    ({"learner": "=1+1"}, "learner must be 1 to 100 printable characters"),
    ({"lessons": {}}, "lessons must be of type list, got {}. Ask for it again."),
    ({"lessons": [1]}, "lessons[0] must be of type dict, got 1. Ask for it again."),
    ({"lessons": [WHOLE, {}]}, "lessons[1].lesson must be of type str, got None. Ask for it again."),
    (
        {"lessons": [WHOLE | {"exercises": [{"number": 1}]}]},
        "exercises[0].number must be of type str, got 1.",
    ),
    (
        {"lessons": [WHOLE | {"checklist": [{"item": "a", "ticked": 1}]}]},
        "lessons[0].checklist[0].ticked must be of type bool, got 1.",
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
    place = "bad.json must be an export (vllm-course progress --json), got "
    assert captured.err.startswith(f"vllm-course progress: {place}")
    assert message in captured.err
    assert captured.err.count("\n") == 1
    assert captured.out.splitlines()[1] == "ada      1+1/2 0/2  ."
    assert "bob" not in captured.out


def test_a_file_that_cannot_be_read_is_named(folder, capsys):
    (folder / "a.json").mkdir()
    (folder / "b.json").symlink_to("nowhere")
    assert run_progress("--merge", str(folder)) == 1
    captured = capsys.readouterr()
    assert captured.err.splitlines() == [
        f"vllm-course progress: a.json must be a file, got {folder}/a.json, which is something else. Check the path.",
        "vllm-course progress: b.json must be a readable file, got No such file or directory: "
        f"{folder}/b.json. Check the path.",
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
