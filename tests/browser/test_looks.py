"""How the course's own elements look: nothing that axe-core calls serious, nothing cut off, in both themes and widths.

With --screenshots DIR each of them also leaves a picture there.
"""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.accessibility import grave_violations
from tests.browser.lab import NARROW, THEMES, WIDE, Lab, Notebook
from tests.browser.scratch import write

CARDS = [
    "from vllm_course import check, checklist, hint",
    'check("1.7", ...)',
    'check("1.7", lambda candidates, top_p: 1)',
    'hint("1.7")',
    'checklist("01", ["load a model", "say why a list of prompts is faster than a loop over them, and by how much"])',
]
# The elements that stick out of a part of the page to the left or right by more than ipywidgets' own margins do. The
# origin of a slider draws nothing, and lies left of it; the handle in it is looked at.
OVERHANGING = """part => {
  const margins = 8;
  const { left, right } = part.getBoundingClientRect();
  const shown = [...part.querySelectorAll(":not(.noUi-origin)")].filter((element) => element.checkVisibility());
  const outside = ({ left: from, right: to }) => to > from && (from < left - margins || to > right + margins);
  return shown.filter((element) => outside(element.getBoundingClientRect())).map((element) => element.outerHTML);
}"""
# The cells of tables whose text does not fit. JavaScript rounds widths to whole pixels.
CUT_OFF = """part => [...part.querySelectorAll("th, td, td *")]
  .filter((cell) => cell.scrollWidth > cell.clientWidth + 1 && cell.clientWidth > 0).map((cell) => cell.outerHTML)"""


@pytest.fixture(scope="module")
def cards(lab: Lab) -> Iterator[Notebook]:
    """A notebook with results of checks, a hint and a checklist."""
    notebook = write(lab, "cards.ipynb", CARDS)
    notebook.run_all()
    yield notebook
    notebook.shut_down()


@pytest.fixture(scope="module")
def quiz(lab: Lab) -> Iterator[Locator]:
    """The quiz of lesson 01."""
    notebook = write(lab, "looks-quiz.ipynb", ['from vllm_course import quiz\n\nquiz("01")'])
    notebook.run_all()
    yield notebook.panel.locator(".vc-quiz")
    notebook.shut_down()


@pytest.fixture(params=[(theme, width) for width in (WIDE, NARROW) for theme in THEMES], ids=lambda p: f"{p[0]}-{p[1]}")
def look(lab: Lab, request: pytest.FixtureRequest) -> Iterator[str]:
    """One theme and width after the other; the name of it."""
    theme, width = request.param
    with lab.look(theme=theme, width=width):
        yield f"{theme}-{width}"


@pytest.fixture
def keep(look: str, lab: Lab, pytestconfig: pytest.Config) -> Callable[[str], None]:
    """A function that keeps a picture of the page when pictures are asked for."""

    def kept(name: str) -> None:
        if folder := pytestconfig.getoption("--screenshots"):
            lab.page.screenshot(path=folder / f"{name}-{look}.png")

    return kept


def examine(part: Locator) -> None:
    """Expect that a part of the page is there, that all of it can be used, and that its width suffices."""
    expect(part).to_be_visible()
    assert grave_violations(part) == ""
    assert part.evaluate(OVERHANGING) == []


def test_playground(playground: Locator, keep: Callable[[str], None]) -> None:
    playground.scroll_into_view_if_needed()
    keep("playground")
    examine(playground)


def test_chat_box(chat: Locator, keep: Callable[[str], None]) -> None:
    chat.scroll_into_view_if_needed()
    keep("chat-box")
    examine(chat)
    chat.get_by_label("message").fill("word " * 2000)
    chat.get_by_label("message").press("Enter")
    expect(chat.get_by_role("alert")).to_be_visible()
    keep("chat-box-error")
    examine(chat)


def test_chat_box_while_it_answers(long_chat: Locator, keep: Callable[[str], None]) -> None:
    long_chat.scroll_into_view_if_needed()
    keep("chat-box-empty")
    examine(long_chat)
    long_chat.get_by_label("message").fill("Tell me a story about a fox.")
    long_chat.get_by_label("message").press("Enter")
    expect(long_chat.locator(".vc-assistant .vc-said")).not_to_be_empty()
    keep("chat-box-answering")
    examine(long_chat)
    long_chat.get_by_role("button", name="Stop").click()


def test_film(film: Locator, keep: Callable[[str], None]) -> None:
    film.get_by_role("slider", name="step").press("End")
    film.get_by_role("slider", name="step").press("Home")
    for step in range(1, 5):
        film.scroll_into_view_if_needed()
        keep(f"film-{step}")
        examine(film)
        assert film.evaluate(CUT_OFF) == []
        film.get_by_role("slider", name="step").press("ArrowRight")
        expect(film).to_contain_text(f"Step {step + 1} of")


def test_results_of_checks_and_checklist(cards: Notebook, keep: Callable[[str], None]) -> None:
    cards.show()
    keep("cards")
    for cell in cards.code_cells()[1:]:
        examine(cards.cell(cell["index"]).locator(".jp-Cell-outputArea"))


def test_quiz(quiz: Locator, keep: Callable[[str], None]) -> None:
    first = quiz.get_by_role("group").first
    first.locator("input").first.check()
    first.get_by_role("button", name="Check").click()
    expect(first.get_by_role("status")).not_to_be_empty()
    quiz.scroll_into_view_if_needed()
    keep("quiz")
    examine(quiz)


def test_course_page(lab: Lab, keep: Callable[[str], None]) -> None:
    lab.command("vllm-course:open")
    page_tab = lab.page.locator(".vc-page")
    expect(page_tab.locator(".vc-lesson").first).to_be_visible()
    keep("course-page")
    examine(page_tab)
    page_tab.get_by_role("tab", name="Review").click()
    expect(page_tab.get_by_role("tabpanel")).not_to_be_empty()
    keep("review")
    examine(page_tab)
    page_tab.get_by_role("tab", name="Lessons").click()
