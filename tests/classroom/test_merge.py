"""`vllm-course progress --merge DIR`: many learners' exports as one report."""

import csv
import io
import json
from pathlib import Path

import pytest

from tests.classroom.cases import LONG_NAMES, forecast, old_export_with, tries, with_tries
from tests.progress.cases import export, questions, run_progress
from vllm_course import cli, progress

pytestmark = pytest.mark.usefixtures("folder")


def merged(capsys: pytest.CaptureFixture, folder: Path, *options: str) -> str:
    """Merge a folder of whole exports, and return what is printed."""
    assert run_progress("--merge", str(folder), *options) == 0
    return capsys.readouterr().out


def test_one_line_a_learner_one_column_a_lesson(folder, capsys):
    export(folder, "1.json", "grace", {"1.1", "1.2", "2.1", "load", "say why"})
    export(folder, "2.json", "ada", {"1.2", "say why"})
    export(folder, "3.json", "bob", set(), changes=with_tries())
    assert merged(capsys, folder).splitlines()[:7] == [
        "learner  01         02",
        "ada      1+1/2 1/2  .",
        "bob      .          .",
        "grace    2/2 2/2    1/1 0/1",
        "",
        "Each lesson: exercises passed (+ tried, not passed yet) of all, checklist items ticked of all, and the",
        "median factor of the forecasts (1 is exact). A dot: not begun.",
    ]
    assert run_progress("--merge", str(folder)) == 0
    assert capsys.readouterr().err == ""


def test_what_is_hard_comes_with_tries_time_and_the_hint_of_most(folder, capsys):
    export(folder, "1.json", "ada", set(), changes=with_tries(tries("1.1", "no: 3", "no: 4", "passed", minutes=40)))
    export(folder, "2.json", "bob", set(), changes=with_tries(tries("1.1", "no: 5", "other", "other", "other")))
    export(folder, "3.json", "eve", set(), changes=with_tries(tries("1.1", "passed"), tries("1.2", "passed")))
    report = merged(capsys, folder)
    assert report.split("\n\n")[2:] == [
        "Exercises that were hard, the hardest first",
        "exercise       passed  tries  time    the hint that fitted most of them\n"
        "1.1       One  2 of 3  3      20 min  no: 3 (2)",
        "Passed: of those who tried. Tries and time: medians, up to the first pass; time counts breaks too.\n",
    ]


def test_the_hardest_comes_first_and_what_all_passed_at_once_is_not_hard(folder, capsys):
    for name, second in (("ada", "passed"), ("bob", "no")):
        changes = with_tries(tries("1.1", "no", "no", "passed"), tries("1.2", second), tries("2.1", "passed"))
        export(folder, f"{name}.json", name, set(), changes=changes)
    rows = merged(capsys, folder).split("\n\n")[3].splitlines()[1:]
    assert [row.split()[0] for row in rows] == ["1.2", "1.1"]


def test_exports_of_one_progress_made_twice_count_each_try_once(folder, capsys):
    early, late = tries("1.1", "no", "never"), tries("1.1", "no", "never", "passed", minutes=60)
    elsewhere = tries("1.1", "elsewhere", day=9)  # after the first pass: it took no further try
    for name, lesson in (("a", early), ("b", late), ("c", late), ("d", elsewhere)):
        export(folder, f"{name}.json", "ada", set(), changes=with_tries(lesson))
    assert run_progress("--merge", str(folder), "--json") == 0
    captured = capsys.readouterr()
    assert captured.err == "vllm-course progress: 4 exports of ada were united. Two people? Use --learner.\n"
    first = json.loads(captured.out)["exercises"][0]
    assert (first["median_tries"], first["median_minutes"], first["learners_passed"]) == (3, 60, 1)


def test_exports_of_an_older_course_say_what_they_lack(folder, capsys):
    export(folder, "1.json", "ada", {"1.1"})
    export(folder, "2.json", "grace", {"1.1"}, changes={"schema": 2, "lessons": [old_export_with()]})
    export(folder, "3.json", "zoe", set(), changes=with_tries(tries("1.1", "passed")))
    assert merged(capsys, folder).endswith(
        "\n\nTries, times and hints are not complete, because an older course made the exports of: ada, grace.\n"
    )


def test_as_csv(folder, capsys):
    export(folder, "1.json", "ada, B", set(), changes=with_tries(tries("1.2", "=1+1", "passed"), ticked={"load"}))
    rows = list(csv.DictReader(io.StringIO(merged(capsys, folder, "--csv"))))
    assert [*rows[0]][:5] == ["learner", "lesson", "kind", "number", "title"]
    filled = [{name: cell for name, cell in row.items() if cell} for row in rows]
    counts = {"exercises_passed": "0", "exercises_tried": "0", "items_ticked": "0", "forecasts_compared": "0"}
    shared = {"learner": "ada, B", "kind": "lesson", "title": "A lesson", "last_try": "2026-01-02"}
    first = {"lesson": "01", "exercises_total": "2", "exercises_passed": "1", "exercises_tried": "1"}
    assert filled == [
        {**shared, **counts, **first, "items_ticked": "1", "items_total": "2"},
        {**shared, **counts, "lesson": "02", "exercises_total": "1", "items_total": "1"},
        {
            **{"kind": "exercise", "lesson": "01", "number": "1.2", "title": "Two", "hint": "'=1+1"},
            **{"learners_tried": "1", "learners_passed": "1", "learners_hinted": "1"},
            **{"median_tries": "2", "median_minutes": "0.0"},
        },
    ]


def test_forecasts_are_summed_up_beside_exports_that_have_none(folder, capsys):
    open_still = forecast("1.3", 5, None, None)
    changes = {"schema": 2, "lessons": [old_export_with(forecast("1.1", 40, 32), forecast("1.2", 8, 32), open_still)]}
    export(folder, "1.json", "ada", set(), changes=changes)
    export(folder, "2.json", "grace", {"1.1"})
    assert merged(capsys, folder).splitlines()[:3] == [
        "learner  01             02",
        "ada      0/2 0/2 2.62x  .",
        "grace    1+1/2 0/2      .",
    ]
    rows = list(csv.DictReader(io.StringIO(merged(capsys, folder, "--csv"))))
    found = [(row["forecasts_compared"], row["median_factor"]) for row in rows if row["kind"] == "lesson"]
    assert found == [("2", "2.625"), ("0", ""), ("0", ""), ("0", "")]


def test_the_surprises_that_most_share_come_first(folder, capsys):
    for name, first, second in (("ada", 320, 8), ("bob", 33, 16), ("eve", 32, 64)):
        forecasts = (forecast("1.1", first, 32), forecast("1.2", second, 32), forecast("7.1", 1, 100))
        changes = {"schema": 2, "lessons": [old_export_with(*forecasts)]}
        export(folder, f"{name}.json", name, set(), changes=changes)
    assert "\n\n".join(merged(capsys, folder).split("\n\n")[2:4]) == (
        "Forecasts of the class: 6 compared, median factor 2 (1 is exact). Surprises that most share:\n\n"
        "forecast  off 2 times or more  too high  too low  median factor\n"
        "1.2       3 of 3               1         2        2\n"
        "1.1       1 of 3               1         0        1.03"
    )


def test_of_one_learners_exports_the_earlier_comparison_counts(folder, capsys):
    for name, guess, day in (("1", 32, "2026-01-03"), ("2", 64, "2026-01-02"), ("3", 96, "2026-01-04")):
        changes = {"schema": 2, "lessons": [old_export_with(forecast("1.1", guess, 32, day))]}
        export(folder, f"{name}.json", "ada", set(), changes=changes)
    rows = list(csv.DictReader(io.StringIO(merged(capsys, folder, "--csv"))))
    assert (rows[0]["forecasts_compared"], rows[0]["median_factor"]) == ("1", "2.0")


def test_as_json_into_a_file(folder, tmp_path, capsys):
    export(folder, "1.json", "ada", {"1.2", "load"}, changes=with_tries(tries("1.2", "no"), ticked={"load"}))
    assert merged(capsys, folder, "--json", "--output", str(tmp_path / "class.json")) == ""
    nothing = {"compared": 0, "median_factor": None}
    first = {"passed": 0, "tried": 1, "total": 2, "open": ["1.2"]}
    second = {"passed": 0, "tried": 0, "total": 1, "open": []}
    assert json.loads((tmp_path / "class.json").read_text()) == {
        "format": "vllm-course progress of a group",
        "schema": 4,
        "learners": [
            {
                "learner": "ada",
                "last_try": "2026-01-02",
                "lessons": [
                    {"lesson": "01", "exercises": first, "checklist": {"ticked": 1, "total": 2}, "forecasts": nothing},
                    {"lesson": "02", "exercises": second, "checklist": {"ticked": 0, "total": 1}, "forecasts": nothing},
                ],
            }
        ],
        "exercises": [
            {
                **{"lesson": "01", "number": "1.2", "title": "Two", "learners_tried": 1, "learners_passed": 0},
                **{"median_tries": 1, "median_minutes": None, "hint": "no", "learners_hinted": 1},
            }
        ],
        "questions": [],
        "forecasts": {**nothing, "surprises": []},
    }


def test_exports_of_one_learner_are_united_and_that_is_said(folder, capsys):
    export(folder, "laptop.json", "ada", {"1.1", "load"})
    export(folder, "lab.json", " ada ", {"1.2", "load"})
    export(folder, "other.json", "Ada", {"2.1"})
    assert run_progress("--merge", str(folder)) == 0
    captured = capsys.readouterr()
    assert captured.out.splitlines()[1:3] == ["Ada      0+2/2 0/2  1/1 0/1", "ada      2/2 1/2    ."]
    assert captured.err == "vllm-course progress: 2 exports of ada were united. Two people? Use --learner.\n"


@pytest.mark.parametrize("name", ["Zoë", *LONG_NAMES])
def test_what_the_command_exports_can_be_merged(name, folder, capsys):
    progress.record_attempt("1.2", "not yet", "a\nb \x1b[31m", "a")
    progress.record_attempt("1.2", "passed", "", "b")
    progress.set_tick("01", "load", ticked=True)
    progress.record_forecast("1.1", 40.0, 32.0)
    progress.record_forecast("2.1", 40.0)
    assert cli.main(["progress", "--json", "--learner", name, "--output", str(folder / "zoe.json")]) == 0
    with_mark = "\ufeff" + (folder / "zoe.json").read_text(encoding="utf-8")  # as Windows' editor saves it
    (folder / "zoe.json").write_text(with_mark, encoding="utf-8")
    document = json.loads(merged(capsys, folder, "--json"))
    assert document["learners"][0]["learner"] == name
    assert (document["exercises"][0]["median_tries"], document["exercises"][0]["hint"]) == (2, "a b [31m")
    assert merged(capsys, folder).splitlines()[1].endswith(" 1/2 1/2 1.25x  .")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--html", "a.html"], "--html must come with --merge DIR, got none."),
        (["--pseudonyms"], "--pseudonyms must come with --merge DIR, got none."),
        (["--merge", "exports", "--html", "a", "--output", "./a"], "--html and --output must be two files, got a for"),
        (["--merge", "exports", "--html", "nowhere/a"], "--html must be in a folder that is there, got nowhere/a."),
        (["--merge", "exports", "--yes"], "--yes must come with reset, got none."),
        (["--merge", "exports", "--learner", "ada"], "--learner must stand without --merge"),
        (["reset", "--yes", "--merge", "exports"], "reset must stand without other options than --yes."),
        (["reset", "--yes", "--pseudonyms"], "reset must stand without other options than --yes."),
    ],
)
def test_usage_errors_are_one_line_and_2(arguments, message, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run_progress(*arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"vllm-course progress: {message}") and error.count("\n") == 1


def answered(*given: object) -> dict:
    """Return the changes that give an export schema 4 and these answers to a question of lesson 01, oldest first."""
    answers = [{"at": f"2026-01-0{day}", "right": one == ["right"], "given": one} for day, one in enumerate(given, 1)]
    changes = with_tries()
    for lesson in changes["lessons"]:
        lesson["quiz"] = [{"question": "length", "answers": answers}] if lesson["lesson"] == "01" else []
    return changes | {"schema": 4}


def test_questions_that_were_missed_at_first(folder, tmp_path, capsys):
    questions(tmp_path / "lessons" / "01-a", "length", "blocks")
    for name, given in (("ada", (["wrong"], ["right"])), ("bob", (["wrong"],)), ("eve", (["right"], ["wrong"]))):
        export(folder, f"{name}.json", name, set(), changes=answered(*given))
    export(folder, "joe.json", "joe", set(), changes=answered(["<b>not an option</b>"]))
    export(folder, "kim.json", "kim", set(), changes=answered())
    report = merged(capsys, folder)
    assert (
        "lesson  question        missed  what most of those chose\n01      What is right?  3 of 4  wrong (2)" in report
    )
    (row,) = [one for one in csv.DictReader(io.StringIO(merged(capsys, folder, "--csv"))) if one["kind"] == "question"]
    assert (row["title"], row["learners_missed"], row["learners_answered"], row["chosen"]) == (
        "length",
        "3",
        "4",
        "wrong",
    )
    (question,) = json.loads(merged(capsys, folder, "--json"))["questions"]
    assert (question["name"], question["chosen"], question["by"]) == ("length", "wrong", 2)
    assert run_progress("--merge", str(folder), "--html", str(tmp_path / "class.html")) == 0
    page = (tmp_path / "class.html").read_text("utf-8")
    assert "01 What is right?" in page and "not an option" not in page


@pytest.mark.parametrize("given", [[7], 7, "x", None, {"a": 1}, [["right"]]])
def test_an_answer_that_the_course_does_not_know_is_missed_and_not_shown(folder, tmp_path, capsys, given):
    questions(tmp_path / "lessons" / "01-a", "length")
    export(folder, "ada.json", "ada", set(), changes=answered(given))
    (question,) = json.loads(merged(capsys, folder, "--json"))["questions"]
    assert (question["missed"], question["chosen"], question["by"]) == (1, "", 0)
