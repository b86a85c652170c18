"""What a failed test leaves: the end of the logs in pytest's report, pictures and whole logs in .browser-report/."""

import re
import shutil

import pytest
from playwright.sync_api import Browser, Error

from tests.browser.server import LabServer
from vllm_course import paths

SERVER = pytest.StashKey[LabServer]()
BROWSER = pytest.StashKey[Browser]()
FOLDER = paths.root() / ".browser-report"  # git ignores it
TAIL = 6000  # characters of each log that are shown


def clear() -> None:
    """Remove what an earlier run left."""
    shutil.rmtree(FOLDER, ignore_errors=True)


def add_to(report: pytest.TestReport, stash: pytest.Stash) -> None:
    """Add logs and pictures, as far as server and browser were started."""
    FOLDER.mkdir(exist_ok=True)
    if server := stash.get(SERVER, None):
        for log in (server.log, server.console):
            kept = shutil.copy(log, FOLDER)
            report.sections.append((f"end of {kept}", log.read_text(encoding="utf-8")[-TAIL:]))
    if browser := stash.get(BROWSER, None):
        report.sections.append(("pictures", "\n".join(_pictures(browser, _file_name(report)))))


def _pictures(browser: Browser, name: str) -> list[str]:
    """Keep a picture of every open page; return the files, or why there is none."""
    lines = []
    for number, page in enumerate(page for context in browser.contexts for page in context.pages):
        file = FOLDER / f"{name}-{number}.png"
        try:
            page.screenshot(path=file)
            lines.append(str(file))
        except Error as error:  # a page that crashed must not hide why the test failed
            lines.append(f"no picture of page {number}: {error}")
    return lines


def _file_name(report: pytest.TestReport) -> str:
    test = report.nodeid.rpartition("::")[2]
    return re.sub(r"[^\w-]+", "-", f"{test}-{report.when}")
