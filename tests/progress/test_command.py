"""`vllm-course progress` for one learner: table, JSON, CSV, file."""

import csv
import io
import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.progress.cases import course, questions, run_progress
from vllm_course import paths, progress


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A course of two lessons, one exercise of three passed, and a folder for the progress."""
    monkeypatch.setenv("VLLM_COURSE_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("JUPYTERHUB_USER", raising=False)
    monkeypatch.setenv("LOGNAME", "ada")
    monkeypatch.setattr(paths, "root", lambda: tmp_path)
    course(tmp_path, "01-a", exercises={"1.1": "One, two", "1.2": "Two"}, items=['say "why"'])
    course(tmp_path, "02-b", exercises={"2.1": "Größe 模型"}, items=[], title="模型")
    progress.record_attempt("1.1", "not yet", "closer", "a")
    progress.record_attempt("1.1", "passed", "", "b")
    progress.record_attempt("1.2", "not yet", "closer", "b")
    progress.record_hint("1.2", 2)
    progress.set_tick("01", 'say "why"', ticked=True)
    questions(tmp_path / "lessons" / "01-a", "length", "blocks")
    progress.record_answer("01", "length", ["wrong"], right=False)
    progress.record_answer("01", "length", ["right"], right=True)
    return tmp_path


def test_the_table_ends_with_what_to_do_next(capsys):
    assert run_progress() == 0
    assert capsys.readouterr().out.splitlines() == [
        "lesson  title     exercises passed  quiz right  checklist ticked",
        "01      A lesson  1 of 2            1 of 2      1 of 1",
        "02      模型      0 of 1            0 of 0      0 of 0",
        "",
        "Next: exercise 1.2, Two (exercises/01-a/exercises.ipynb)",
    ]


def test_the_table_tells_how_well_the_learner_forecasts(capsys):
    progress.record_forecast("1.4", 7.0)
    assert run_progress() == 0 and "orecast" not in capsys.readouterr().out
    for number, guess in enumerate([40.0, 8.0, 32.0, 320.0], 1):
        progress.record_forecast(f"1.{number}", guess, 32.0)
    assert run_progress() == 0
    assert capsys.readouterr().out.splitlines()[3:] == [
        "",
        "Forecasts: 4 compared, median factor 2.62 (1 is exact).",
        "Largest surprises:",
        "  1.4  forecast 320, measured 32: 10 times too high",
        "  1.2  forecast 8, measured 32: 4 times too low",
        "  1.1  forecast 40, measured 32: 1.25 times too high",
        "",
        "Next: exercise 1.2, Two (exercises/01-a/exercises.ipynb)",
    ]


def test_exact_forecasts_are_no_surprises(capsys):
    progress.record_forecast("1.1", 8.0, 8.0)
    assert run_progress() == 0
    assert capsys.readouterr().out.splitlines()[3:6] == ["", "Forecasts: 1 compared, median factor 1 (1 is exact).", ""]


def test_exports_hold_every_forecast_and_what_they_say_together(capsys):
    for key, numbers in {"1.10": (40.0, 32.0), "1.2": (8.0,), "2.1": (8.0, 32.0), "9.1": (7.0, 7.0)}.items():
        progress.record_forecast(key, *numbers)
    assert run_progress("--json") == 0
    export = json.loads(capsys.readouterr().out)
    assert export["calibration"] == {"compared": 3, "median_factor": 1.25, "surprises": ["2.1", "1.10"]}
    first, second = (lesson["forecasts"] for lesson in export["lessons"])
    assert [(one["key"], one["guess"], one["measured"], one["factor"]) for one in first + second] == [
        ("1.2", 8, None, None),
        ("1.10", 40, 32, 1.25),
        ("2.1", 8, 32, 4),
    ]
    assert first[0]["compared_at"] is None and datetime.fromisoformat(first[1]["compared_at"])
    assert run_progress("--csv", "--learner", "ada") == 0
    assert [line for line in capsys.readouterr().out.splitlines() if ",forecast," in line] == [
        "ada,01,forecast,1.2,,not compared,,,,8.0,,",
        "ada,01,forecast,1.10,,compared,,,,40.0,32.0,1.25",
        "ada,02,forecast,2.1,,compared,,,,8.0,32.0,4.0",
    ]


def test_json_holds_everything(capsys):
    assert run_progress("--json") == 0
    export = json.loads(capsys.readouterr().out)
    exported_at = datetime.fromisoformat(export.pop("exported_at"))
    assert exported_at.utcoffset() == timedelta(0)
    assert datetime.now(UTC) - exported_at < timedelta(minutes=1)
    first, second = export.pop("lessons")
    none = {"compared": 0, "median_factor": None, "surprises": []}
    assert export == {"format": "vllm-course progress", "schema": 4, "learner": "ada", "calibration": none}
    assert first["forecasts"] == second["forecasts"] == []
    one, two = first["exercises"]
    assert datetime.fromisoformat(one["passed_at"]) <= exported_at
    times = [made.pop("at") for made in one["tries"]]
    assert datetime.fromisoformat(times[0]) <= datetime.fromisoformat(times[1]) and times[1] == one.pop("passed_at")
    assert one.pop("tries") == [{"status": "not yet", "message": "closer"}, {"status": "passed", "message": ""}]
    assert one == {"number": "1.1", "title": "One, two", "status": "passed", "attempts": 2, "hints": 0}
    assert (two["status"], two["attempts"], two["hints"], two["passed_at"]) == ("not yet", 1, 2, None)
    assert first["checklist"] == [{"item": 'say "why"', "ticked": True}]
    length, blocks = first["quiz"]
    assert [(one["right"], one["given"]) for one in length.pop("answers")] == [(False, ["wrong"]), (True, ["right"])]
    assert length == {"question": "length", "status": "right", "attempts": 2}
    assert blocks == {"question": "blocks", "status": "not attempted", "attempts": 0, "answers": []}
    assert (second["lesson"], second["title"], second["exercises"][0]["status"]) == ("02", "模型", "not attempted")


def test_an_export_holds_the_tries_up_to_the_first_pass(capsys):
    progress.record_attempt("1.1", "not yet", "broken again", "c")
    assert run_progress("--json") == 0
    one = json.loads(capsys.readouterr().out)["lessons"][0]["exercises"][0]
    assert (one["attempts"], [made["message"] for made in one["tries"]]) == (3, ["closer", ""])


def test_csv_has_one_row_an_exercise_or_item(capsys):
    assert run_progress("--csv", "--learner", "Zoë, class B") == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert {row["learner"] for row in rows} == {"Zoë, class B"}
    passed_at = rows[0].pop("passed_at")
    assert datetime.fromisoformat(passed_at)
    assert {(row.pop("guess"), row.pop("measured"), row.pop("factor")) for row in rows} == {("", "", "")}
    assert [[*row.values()][1:] for row in rows] == [
        ["01", "exercise", "1.1", "One, two", "passed", "2", "0"],
        ["01", "exercise", "1.2", "Two", "not yet", "1", "2", ""],
        ["01", "question", "", "length", "right", "2", "", ""],
        ["01", "question", "", "blocks", "not attempted", "0", "", ""],
        ["01", "item", "", 'say "why"', "ticked", "", "", ""],
        ["02", "exercise", "2.1", "Größe 模型", "not attempted", "0", "0", ""],
    ]


def test_on_a_hub_the_learner_is_the_hubs(capsys, monkeypatch):
    monkeypatch.setenv("JUPYTERHUB_USER", "grace")
    assert run_progress("--json") == 0
    assert json.loads(capsys.readouterr().out)["learner"] == "grace"


def test_a_user_without_a_name_must_give_one(capsys, monkeypatch):
    for variable in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(os, "getuid", lambda: 2_000_000_001)
    assert run_progress("--json") == 1
    assert capsys.readouterr().err == "learner must have a name, got a user without one. Give it: --learner NAME.\n"


@pytest.mark.parametrize("name", ["", "  ", "=1+1", "@x", "-1", "a\nb", "\x1b[31mred", "x" * 101])
def test_a_name_that_is_none(capsys, name):
    assert run_progress("--json", f"--learner={name}") == 1
    error = capsys.readouterr().err
    assert error.startswith("learner must be 1 to 100 printable characters and not begin with = + - or @, got ")
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--output", "nowhere/a.json"],
            "--output must be in a folder that is there, got nowhere/a.json. Make the folder",
        ),
        (["--output", "/"], "--output must be a file, got /, which is something else. Choose another name."),
        (["--json", "--csv"], "argument --csv: not allowed with argument --json"),
        (["--learner", "ada"], "--learner must come with --json or --csv"),
        (["--merge", ".", "--json", "--learner", "ada"], "--learner must stand without --merge"),
        (["--yes"], "--yes must come with reset"),
        (["reset"], "reset must be confirmed, got no terminal to ask on. Add --yes."),
        (["reset", "--yes", "--csv"], "reset must stand without other options than --yes."),
        (["restart"], "argument reset: invalid choice: 'restart'"),
    ],
)
def test_usage_errors_are_one_line_and_2(arguments, message, capsys, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("yes\n"))
    before = progress.read()
    assert run_progress(*arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"vllm-course progress: {message}")
    assert error.count("\n") == 1
    assert progress.read() == before


@pytest.mark.parametrize("form", ["--json", "--csv"])
def test_what_the_output_cannot_encode_is_an_escape(form, monkeypatch):
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", out)
    assert run_progress(form, "--learner", "Zoë 日本 🌶") == 0
    out.seek(0)
    printed = out.read()
    assert "Zo\\u00eb \\u65e5\\u672c \\ud83c\\udf36" in printed
    assert form == "--csv" or json.loads(printed)["learner"] == "Zoë 日本 🌶"


def test_a_working_folder_that_was_deleted(tmp_path, capsys, monkeypatch):
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert run_progress() == 2
    assert capsys.readouterr().err.startswith("the working folder must be there, got a deleted one.")


def test_ctrl_c_while_it_is_imported_ends_with_130_and_one_line():
    hook = "lambda event, found: event == 'import' and found[0] == 'argparse' and signal.raise_signal(signal.SIGINT)"
    code = f"import runpy, signal, sys; sys.argv[0] = '-m'; sys.addaudithook({hook})"
    code += "; runpy.run_module('vllm_course.cli', run_name='__main__')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (130, "interrupted\n")


def test_it_imports_nothing_heavy():
    heavy = "{'vllm', 'torch', 'numpy', 'pandas', 'matplotlib', 'ipywidgets', 'IPython'}"
    code = f"import sys; from vllm_course import cli; cli.main(['progress']); print({heavy} & {{*sys.modules}})"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).endswith("\nset()\n")
