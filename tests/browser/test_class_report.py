"""The class report and a certificate, as pages: nothing that axe-core calls serious, and nothing that sticks out.

With --screenshots DIR each of them also leaves pictures there: as it is seen, and as it is printed.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.accessibility import grave_violations
from tests.classroom.cases import LONG_NAMES, forecast, tries, with_tries
from tests.progress.cases import course, course_of_two, export, run_progress
from vllm_course import cli, progress

WIDTHS = (1400, 400)


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    """A report on learners with long names, and the certificate of one."""
    course_of_two(tmp_path, monkeypatch)
    monkeypatch.setenv("VLLM_COURSE_HOME", str(tmp_path / "home"))
    (tmp_path / "exports").mkdir()
    for number, name in enumerate(LONG_NAMES):
        changes = with_tries(tries("1.1", "no", "passed", minutes=90), tries("1.2", name), ticked={"load"})
        changes["lessons"][0]["forecasts"] = [forecast("1.1", 320, 32)]
        export(tmp_path / "exports", f"{number}.json", name, set(), changes=changes)
        progress.record_attempt("1.1", "passed", "", "a")
        progress.record_attempt("1.2", "passed", "", "a")
    made = {name: tmp_path / f"{name}.html" for name in ("report", "certificate")}
    assert run_progress("--merge", str(tmp_path / "exports"), "--html", str(made["report"])) == 0
    assert cli.main(["certificate", "--name", LONG_NAMES[0], "--output", str(made["certificate"])]) == 0
    return made


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A page of its own, beside JupyterLab's."""
    shown = chromium.new_page()
    yield shown
    shown.close()


@pytest.mark.parametrize("name", ["report", "certificate"])
def test_a_page_is_readable_for_all_and_asks_for_no_other_file(name, files, page, pytestconfig):
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(files[name].as_uri())
        assert grave_violations(page.locator("body")) == ""
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        if folder := pytestconfig.getoption("--screenshots"):
            page.screenshot(path=folder / f"{name}-{width}.png", full_page=True)
            page.pdf(path=folder / f"{name}.pdf", prefer_css_page_size=True)
    assert requests == [files[name].as_uri()] * len(WIDTHS)


def test_a_certificate_of_fifteen_lessons_is_printed_on_one_sheet(files, page, tmp_path):
    for number in range(3, 16):
        course(tmp_path, f"{number:02d}-a", exercises={f"{number}.1": "One"}, items=[], title="A lesson of the course")
        progress.record_attempt(f"{number}.1", "passed", "", "a")
    progress.record_attempt("2.1", "passed", "", "a")
    assert cli.main(["certificate", "--name", "W" * 100, "--output", str(files["certificate"])]) == 0
    page.goto(files["certificate"].as_uri())
    assert page.locator("tbody tr").count() == 15
    assert page.pdf(prefer_css_page_size=True).count(b"/Type /Page\n") == 1
