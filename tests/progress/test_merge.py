"""`vllm-course progress --merge DIR`: many learners' exports as one table."""

import csv
import io
import json
from pathlib import Path

import pytest

from tests.progress.cases import course_of_two, export, run_progress
from vllm_course import cli

FORECASTS = ["forecasts_compared", "median_factor"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A course of two lessons and a folder for exports."""
    course_of_two(tmp_path, monkeypatch)
    (tmp_path / "exports").mkdir()
    return tmp_path / "exports"


def test_one_line_a_learner_one_column_a_lesson(folder, capsys):
    export(folder, "1.json", "grace", {"1.1", "1.2", "2.1", "load", "say why"})
    export(folder, "2.json", "ada", {"1.2", "say why"})
    assert run_progress("--merge", str(folder)) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    assert captured.out.splitlines() == [
        "learner  01       02",
        "ada      1/2 1/2  0/1 0/1",
        "grace    2/2 2/2  1/1 0/1",
        "",
        "Each lesson: exercises passed, checklist items ticked, median factor of the forecasts (1 is exact).",
    ]


def test_as_csv(folder, capsys):
    export(folder, "1.json", "ada, B", {"1.2", "load"})
    assert run_progress("--merge", str(folder), "--csv") == 0
    rows = list(csv.reader(io.StringIO(capsys.readouterr().out)))
    assert rows == [
        ["learner", "lesson", "exercises_passed", "exercises_total", "items_ticked", "items_total", *FORECASTS],
        ["ada, B", "01", "1", "2", "1", "2", "0", ""],
        ["ada, B", "02", "0", "1", "0", "1", "0", ""],
    ]


def forecast(key: str, guess: float, measured: float | None, compared_at: str | None = "2026-01-02") -> dict:
    """Return a forecast as an export holds it."""
    return {"key": key, "guess": guess, "at": "2026-01-01", "measured": measured, "compared_at": compared_at}


def with_forecasts(*forecasts: dict) -> dict:
    """Return the changes that give an export schema 2 and forecasts of lesson 01."""
    lesson = {"lesson": "01", "exercises": [], "checklist": [], "forecasts": list(forecasts)}
    return {"schema": 2, "lessons": [lesson]}


def test_forecasts_are_summed_up_beside_exports_that_have_none(folder, capsys):
    open_still = forecast("1.3", 5, None, None)
    changes = with_forecasts(forecast("1.1", 40, 32), forecast("1.2", 8.0, 32.0), open_still)
    export(folder, "1.json", "ada", set(), changes=changes)
    export(folder, "2.json", "grace", {"1.1"})
    assert run_progress("--merge", str(folder)) == 0
    assert capsys.readouterr().out.splitlines()[:3] == [
        "learner  01             02",
        "ada      0/2 0/2 2.62x  0/1 0/1",
        "grace    1/2 0/2        0/1 0/1",
    ]
    assert run_progress("--merge", str(folder), "--csv") == 0
    assert [row.split(",")[-2:] for row in capsys.readouterr().out.splitlines()[1:]] == [
        ["2", "2.625"],
        ["0", ""],
        ["0", ""],
        ["0", ""],
    ]


def test_of_one_learners_exports_the_earlier_comparison_counts(folder, capsys):
    export(folder, "1.json", "ada", set(), changes=with_forecasts(forecast("1.1", 32, 32, "2026-01-03")))
    export(folder, "2.json", "ada", set(), changes=with_forecasts(forecast("1.1", 64, 32, "2026-01-02")))
    export(folder, "3.json", "ada", set(), changes=with_forecasts(forecast("1.1", 96, 32, "2026-01-04")))
    assert run_progress("--merge", str(folder), "--csv") == 0
    assert capsys.readouterr().out.splitlines()[1].split(",")[-2:] == ["1", "2.0"]


def test_as_json_into_a_file(folder, tmp_path, capsys):
    export(folder, "1.json", "ada", {"1.2", "load"})
    assert run_progress("--merge", str(folder), "--json", "--output", str(tmp_path / "class.json")) == 0
    assert capsys.readouterr().out == ""
    assert json.loads((tmp_path / "class.json").read_text()) == {
        "format": "vllm-course progress of a group",
        "schema": 2,
        "learners": [
            {
                "learner": "ada",
                "lessons": [
                    {
                        "lesson": "01",
                        "exercises": {"passed": 1, "total": 2},
                        "checklist": {"ticked": 1, "total": 2},
                        "forecasts": {"compared": 0, "median_factor": None},
                    },
                    {
                        "lesson": "02",
                        "exercises": {"passed": 0, "total": 1},
                        "checklist": {"ticked": 0, "total": 1},
                        "forecasts": {"compared": 0, "median_factor": None},
                    },
                ],
            }
        ],
    }


def test_exports_of_one_learner_are_united_and_that_is_said(folder, capsys):
    export(folder, "laptop.json", "ada", {"1.1", "load"})
    export(folder, "lab.json", " ada ", {"1.2", "load"})
    export(folder, "other.json", "Ada", {"2.1"})
    assert run_progress("--merge", str(folder)) == 0
    captured = capsys.readouterr()
    assert captured.out.splitlines()[1:3] == ["Ada      0/2 0/2  1/1 0/1", "ada      2/2 1/2  0/1 0/1"]
    assert captured.err == "vllm-course progress: 2 exports of ada were united. Two people? Use --learner.\n"


def test_what_the_command_exports_can_be_merged(folder, capsys):
    from vllm_course import progress

    progress.record_attempt("1.2", "passed", "", "a")
    progress.set_tick("01", "load", ticked=True)
    progress.record_forecast("1.1", 40.0, 32.0)
    progress.record_forecast("2.1", 40.0)
    assert cli.main(["progress", "--json", "--learner", "Zoë", "--output", str(folder / "zoe.json")]) == 0
    with_mark = "\ufeff" + (folder / "zoe.json").read_text(encoding="utf-8")  # as Windows' editor saves it
    (folder / "zoe.json").write_text(with_mark, encoding="utf-8")
    assert run_progress("--merge", str(folder)) == 0
    assert capsys.readouterr().out.splitlines()[1] == "Zoë      1/2 1/2 1.25x  0/1 0/1"
