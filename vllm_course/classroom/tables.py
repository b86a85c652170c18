"""A class report for a terminal, for a spreadsheet and for a program."""

import dataclasses
from typing import Any

from vllm_course.classroom.report import SURPRISE, Exercise, Missed, Place, Report, last_try
from vllm_course.forecasts import shown
from vllm_course.output import as_csv, table
from vllm_course.progress.exporting import SCHEMA

FORMAT = "vllm-course progress of a group"
COLUMNS = ["learner", "lesson", "kind", "number", "title", "exercises_passed", "exercises_tried", "exercises_total"]
COLUMNS += ["items_ticked", "items_total", "forecasts_compared", "median_factor", "last_try"]
COLUMNS += ["learners_tried", "learners_passed", "median_tries", "median_minutes", "hint", "learners_hinted"]
COLUMNS += ["learners_compared", "too_high", "too_low"]
COLUMNS += ["learners_answered", "learners_missed", "chosen", "learners_chose"]
LEGEND = """Each lesson: exercises passed (+ tried, not passed yet) of all, checklist items ticked of all, and the
median factor of the forecasts (1 is exact). A dot: not begun."""
MOST = 10  # rows of a table in a terminal
LONGEST = 100  # characters of a hint in a terminal
LONGEST_NAME = 40  # and of a name
FORMULA = ("=", "+", "-", "@")  # a spreadsheet would compute what begins so


def as_text(report: Report) -> str:
    """Lay a report out for a terminal: who is where, what was hard, what surprised."""
    parts = [
        f"{table(*_who_is_where(report))}\n\n{LEGEND}",
        _hard(report),
        _missed(report),
        _forecasts(report),
        missing(report),
    ]
    return "\n\n".join(filter(None, parts))


def as_rows(report: Report) -> str:
    """Write a report as CSV: rows of the kinds lesson (of a learner), and of the class exercise, question, forecast."""
    last = {learner.name: last_try(learner) for learner in report.learners}
    rows = [_flat(place) | {"last_try": last[place.learner]} for place in report.places]
    rows += [_exercise(one) | {"kind": "exercise", "hint": _no_formula(one.hint)} for one in report.exercises]
    rows += [
        {"kind": "question", "lesson": one.lesson, "title": one.name, "learners_answered": one.answered}
        | {"learners_missed": one.missed, "chosen": _no_formula(one.chosen), "learners_chose": one.by}
        for one in report.missed
    ]
    rows += [{"kind": "forecast", **one} for one in _surprises(report)]
    return as_csv(COLUMNS, rows)


def as_document(report: Report) -> dict[str, Any]:
    """Return a report as JSON-able values."""
    return {
        "format": FORMAT,
        "schema": SCHEMA,
        "learners": [
            {
                "learner": learner.name,
                "last_try": last_try(learner),
                "lessons": [_nested(place) for place in report.places if place.learner == learner.name],
            }
            for learner in report.learners
        ],
        "exercises": [_exercise(one) for one in report.exercises],
        "questions": [dataclasses.asdict(one) for one in report.missed],
        "forecasts": {
            "compared": report.forecasts.compared,
            "median_factor": report.forecasts.median_factor,
            "surprises": _surprises(report),
        },
    }


def missing(report: Report) -> str:
    """Say whose tries are not known; "" where all are."""
    if not report.incomplete:
        return ""
    names = ", ".join(report.incomplete)
    return f"Tries, times and hints are not complete, because an older course made the exports of: {names}."


def time(minutes: float | None) -> str:
    """Write a time as people read it.

    Example:
        >>> time(0.4), time(35), time(150), time(4000), time(None)
        ('under 1 min', '35 min', '2.5 h', '2.8 days', '')
    """
    if minutes is None:
        return ""
    if minutes < 1:
        return "under 1 min"
    if minutes < 90:
        return f"{minutes:.0f} min"
    return f"{minutes / 60:.2g} h" if minutes < 48 * 60 else f"{shown(float(f'{minutes / 1440:.2g}'))} days"


def number(value: float | None) -> str:
    """Write a median as people read it; "" for none."""
    return "" if value is None else shown(value)


def _who_is_where(report: Report) -> tuple[list[str], list[list[str]]]:
    lessons = list(dict.fromkeys(place.lesson.number for place in report.places))
    cells: dict[str, list[str]] = {}
    for place in report.places:
        cells.setdefault(place.learner, []).append(_cell(place))
    return ["learner", *lessons], [[_short(name, LONGEST_NAME), *row] for name, row in cells.items()]


def _cell(place: Place) -> str:
    if not place.begun:
        return "."
    tried = f"+{len(place.open)}" if place.open else ""
    cell = f"{len(place.passed)}{tried}/{len(place.lesson.exercises)} {place.ticked}/{len(place.lesson.checklist)}"
    return cell + (f" {shown(factor)}x" if (factor := place.forecasts.median_factor) else "")


def _hard(report: Report) -> str:
    if not (hardest := report.hardest[:MOST]):
        return ""
    header = ["exercise", "", "passed", "tries", "time", "the hint that fitted most of them"]
    rows = [
        [
            one.number,
            one.title,
            f"{one.passed} of {one.tried}",
            number(one.tries),
            time(one.minutes),
            f"{_short(one.hint, LONGEST)} ({one.hinted})" if one.hint else "",
        ]
        for one in hardest
    ]
    legend = "Passed: of those who tried. Tries and time: medians, up to the first pass; time counts breaks too."
    return f"Exercises that were hard, the hardest first\n\n{table(header, rows)}\n\n{legend}"


def _missed(report: Report) -> str:
    if not report.missed:
        return ""
    rows = [
        [one.lesson, _short(one.ask, LONGEST), f"{one.missed} of {one.answered}", _chosen(one)]
        for one in report.missed[:MOST]
    ]
    header = ["lesson", "question", "missed", "what most of those chose"]
    return f"Questions of the quizzes that were missed at first\n\n{table(header, rows)}"


def _chosen(one: Missed) -> str:
    return f"{_short(one.chosen, LONGEST)} ({one.by})" if one.chosen else ""


def _forecasts(report: Report) -> str:
    if not report.forecasts.compared:
        return ""
    said = f"Forecasts of the class: {report.forecasts}"
    header = ["forecast", f"off {SURPRISE} times or more", "too high", "too low", "median factor"]
    rows = [
        [one.key, f"{one.high + one.low} of {one.compared}", str(one.high), str(one.low), shown(one.factor)]
        for one in report.surprises[:MOST]
    ]
    return said + (f" Surprises that most share:\n\n{table(header, rows)}" if rows else "")


def _short(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"


def _nested(place: Place) -> dict[str, Any]:
    passed, tried = len(place.passed), len(place.passed) + len(place.open)
    return {
        "lesson": place.lesson.number,
        "exercises": {"passed": passed, "tried": tried, "total": len(place.lesson.exercises), "open": place.open},
        "checklist": {"ticked": place.ticked, "total": len(place.lesson.checklist)},
        "forecasts": {"compared": place.forecasts.compared, "median_factor": place.forecasts.median_factor},
    }


def _flat(place: Place) -> dict[str, Any]:
    return {
        "learner": place.learner,
        "lesson": place.lesson.number,
        "kind": "lesson",
        "title": _no_formula(place.lesson.title),
        "exercises_passed": len(place.passed),
        "exercises_tried": len(place.passed) + len(place.open),
        "exercises_total": len(place.lesson.exercises),
        "items_ticked": place.ticked,
        "items_total": len(place.lesson.checklist),
        "forecasts_compared": place.forecasts.compared,
        "median_factor": place.forecasts.median_factor,
    }


def _exercise(one: Exercise) -> dict[str, Any]:
    return {
        "lesson": one.lesson,
        "number": one.number,
        "title": one.title,
        "learners_tried": one.tried,
        "learners_passed": one.passed,
        "median_tries": one.tries,
        "median_minutes": None if one.minutes is None else round(one.minutes, 1),
        "hint": one.hint,
        "learners_hinted": one.hinted,
    }


def _surprises(report: Report) -> list[dict[str, Any]]:
    return [
        {
            "lesson": one.key.split(".")[0].zfill(2),
            "number": one.key,
            "learners_compared": one.compared,
            "too_high": one.high,
            "too_low": one.low,
            "median_factor": one.factor,
        }
        for one in report.surprises
    ]


def _no_formula(text: str) -> str:
    return f"'{text}" if text.startswith(FORMULA) else text
