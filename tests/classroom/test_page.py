"""The class report as one HTML page: whole, alone, and the same whatever a learner's name is."""

import re
from pathlib import Path

import pytest

from tests.classroom.cases import HTML, LONG_NAMES, Page, forecast, tries, with_tries
from tests.progress.cases import export, run_progress

pytestmark = pytest.mark.usefixtures("folder")


def page_of(folder: Path, *options: str) -> Page:
    """Write the page of a folder's exports and read it."""
    file = folder.parent / "class.html"
    assert run_progress("--merge", str(folder), "--html", str(file), *options) == 0
    return Page(file.read_text(encoding="utf-8"))


def test_it_says_who_is_where_what_was_hard_and_what_surprised(folder, capsys):
    changes = with_tries(tries("1.1", "got 3", "passed", minutes=150), tries("1.2", "no"), ticked={"load"})
    changes["lessons"][0]["forecasts"] = [forecast("1.1", 320, 32)]
    export(folder, "1.json", "ada", set(), changes=changes)
    export(folder, "2.json", "bob", {"1.1"})
    page = page_of(folder)
    text = re.sub(r"\s+", " ", " ".join(page.texts))
    assert "2 learners" in text and "Nobody has begun 02." in text
    assert "ada 2026-01-02 1 of 2 1 open checklist 1 of 2 forecasts 10×" in text
    assert "1.2 Two 0 of 2 1 not known no 1 learner 1.1 One 2 of 2 2 2.5 h got 3 1 learner" in text
    assert "✓ 2 passed, tries: 2 ○ 1 not passed yet, tries: 1" in text
    assert "passed of those who tried 2/2 0/2" in text
    assert "1.1 1 of 1 1 0 10" in text
    assert "an older course made the exports of: bob." in text
    assert page.open == []
    assert capsys.readouterr().out.startswith("learner  01")


def test_it_stands_alone_and_runs_nothing(folder):
    export(folder, "1.json", "ada", {"1.1"})
    page = page_of(folder)
    names = {name for name, _ in page.attributes}
    assert "script" not in page.tags and not names & {"src", "href", "onload", "onclick"}
    assert not re.search(r"url\(|@import|https?://", page.source)


def test_it_is_readable_by_a_screen_reader_and_in_print(folder):
    export(folder, "1.json", "ada", {"1.1"})
    page = page_of(folder)
    assert ("lang", "en") in page.attributes and page.tags.count("main") == page.tags.count("h1") == 1
    ids = [value for name, value in page.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    assert all(value in ids for name, value in page.attributes if name == "aria-labelledby")
    assert page.tags.count("th") == sum(name == "scope" for name, _ in page.attributes)
    assert "@media print" in page.source and "@page" in page.source


@pytest.mark.parametrize("name", LONG_NAMES)
def test_names_and_hints_are_shown_as_they_are(folder, name):
    export(folder, "1.json", name, set(), changes=with_tries(tries("1.1", name)))
    page = page_of(folder)
    export(folder, "1.json", "ada", set(), changes=with_tries(tries("1.1", "no")))
    plain = page_of(folder)
    assert page.texts.count(" ".join(name.split())) == plain.texts.count("ada") + plain.texts.count("no")
    assert page.tags == plain.tags and page.open == []


def test_a_class_that_has_done_nothing(folder):
    export(folder, "1.json", "ada", set(), changes=with_tries())
    text = " ".join(page_of(folder).texts)
    assert "1 learner," in text and "Nobody has tried one." in text
    assert "None: all who tried passed" not in text


def test_pseudonyms_leave_no_name_and_no_value(folder, capsys):
    export(folder, "1.json", HTML, set(), changes=with_tries(tries("1.1", f"not 'from {HTML[:8]}' but 17")))
    export(folder, "2.json", "ada", {"1.1"})
    page = page_of(folder, "--pseudonyms")
    for text in (page.source, capsys.readouterr().out):
        assert "ada" not in re.findall(r"\w+", text) and "alert" not in text and "17" not in text
        assert "not … but …" in text
