"""A class report as one HTML page: it needs no network and no script, and it prints well."""

from datetime import date
from pathlib import Path
from typing import Any

from vllm_course.catalogue import Lesson
from vllm_course.classroom import tables
from vllm_course.classroom.report import SURPRISE, Place, Report, last_try
from vllm_course.files import write
from vllm_course.forecasts import shown


def write_page(report: Report, file: Path) -> None:
    """Write a report as a page.

    Raises:
        CourseError: The file cannot be written.
    """
    write(file, render("report.html.jinja", **_values(report)), name="--html")


def render(template: str, /, **values: Any) -> str:
    """Fill a template of this folder. All that is filled in is escaped, so that a name like `<b>` is read as it is."""
    import jinja2

    options = {"autoescape": True, "trim_blocks": True, "lstrip_blocks": True, "undefined": jinja2.StrictUndefined}
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(Path(__file__).parent), **options)
    environment.filters |= {"time": tables.time, "number": tables.number, "shown": shown}
    return environment.get_template(template).render(**values)


def _values(report: Report) -> dict[str, Any]:
    begun = _lessons([place for place in report.places if place.begun])
    return {
        "report": report,
        "day": f"{date.today():%d %B %Y}".lstrip("0"),
        "surprise": SURPRISE,
        "begun": begun,
        "not_begun": [lesson for lesson in _lessons(report.places) if lesson not in begun],
        "rows": [(learner, last_try(learner), _of(report, learner.name)) for learner in report.learners],
        "by_number": {one.number: one for one in report.exercises},
        "missing": tables.missing(report),
    }


def _lessons(places: list[Place]) -> list[Lesson]:
    """Return the lessons of some places, each once, in order."""
    by_number = {place.lesson.number: place.lesson for place in places}
    return [by_number[number] for number in sorted(by_number)]


def _of(report: Report, learner: str) -> list[Place]:
    return [place for place in report.places if place.learner == learner]
