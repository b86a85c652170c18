"""What the tests of a class share: exports with tries and forecasts, and names that are hard to show."""

from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any

HTML = "<script>alert('x')</script> & \"Tables\" </td>/etc/../passwd"
EMOJI = "👩‍🚀 Zoë 日本 مريم"
LONG_NAMES = [HTML, EMOJI, "x" * 100, "{{ 7 * 7 }} {% if %}", "Checksum (SHA-256): " + "0" * 64]

VOID = {"meta", "rect"}


class Page(HTMLParser):
    """A page as a browser takes it: its elements, its texts, and whether each element is closed."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.source, self.tags, self.texts, self.attributes, self.open = source, [], [], [], []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.tags.append(tag)
        self.attributes += attrs
        self.open += [] if tag in VOID else [tag]

    def handle_endtag(self, tag: str) -> None:
        """Hold an end to the element that is open."""
        assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element without content."""
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        """Note a text as it is read."""
        self.texts.append(" ".join(data.split()))


def forecast(key: str, guess: float, measured: float | None, compared_at: str | None = "2026-01-02") -> dict[str, Any]:
    """Return a forecast as an export holds it."""
    return {"key": key, "guess": guess, "at": "2026-01-01", "measured": measured, "compared_at": compared_at}


def old_export_with(*forecasts: dict[str, Any]) -> dict[str, Any]:
    """Return lesson 01 of an export of schema 2."""
    return {"lesson": "01", "exercises": [], "checklist": [], "forecasts": list(forecasts)}


def tries(number: str, *messages: str, minutes: int = 0, day: int = 2) -> dict[str, Any]:
    """Return an exercise as an export holds it: a try for each message, "passed" for one that passed.

    Args:
        number: The exercise.
        messages: One a try, a minute apart.
        minutes: When the last was made, after the first; 0 for at once.
        day: Of January.
    """
    first = datetime(2026, 1, day, 9, tzinfo=UTC)
    times = [first + timedelta(seconds=place) for place in range(len(messages))]
    if minutes:
        times[-1] = first + timedelta(minutes=minutes)
    made = [
        {"at": at.isoformat(), "status": message, "message": ""}
        if message == "passed"
        else {"at": at.isoformat(), "status": "not yet", "message": message}
        for at, message in zip(times, messages, strict=True)
    ]
    return {"number": number, "status": made[-1]["status"], "tries": made}


def with_tries(*exercises: dict[str, Any], ticked: set[str] = frozenset()) -> dict[str, Any]:
    """Return the changes that give an export schema 3 and these exercises, each in its lesson."""
    checklist = [{"item": item, "ticked": True} for item in sorted(ticked)]
    lessons = [
        {
            "lesson": lesson,
            "exercises": [one for one in exercises if one["number"].startswith(lesson[1] + ".")],
            "checklist": checklist if lesson == "01" else [],
            "forecasts": [],
        }
        for lesson in ("01", "02")
    ]
    return {"schema": 3, "lessons": lessons}
