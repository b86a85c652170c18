"""The player of a film answers to keys, and says in words what it shows, in both themes."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.accessibility import grave_violations
from tests.browser.controls import CONTROLS, button, missed_by_tab
from tests.browser.lab import THEMES, WIDE, Lab

STEPS = 7
# Step: what it leaves, and each request's number and status. Two places, for texts of 3, 6 and 4 tokens.
SEEN = {
    1: ("2 running, 1 waiting.", ["0 running", "1 running", "2 waiting"]),
    2: ("2 running, 1 waiting.", ["0 running", "1 running", "2 waiting"]),
    3: ("1 running, 1 waiting, 1 finished.", ["0 finished", "1 running", "2 waiting"]),
    4: ("2 running.", ["1 running", "2 running"]),
    6: ("1 running, 1 finished.", ["1 finished", "2 running"]),
    7: ("1 finished.", ["2 finished"]),
}
KEYS = [("ArrowRight", 2), ("ArrowUp", 3), ("ArrowRight", 4), ("ArrowDown", 3), ("ArrowLeft", 2)]
KEYS += [("End", 7), ("ArrowRight", 7), ("ArrowLeft", 6), ("Home", 1), ("ArrowLeft", 1)]


@pytest.fixture(params=THEMES)
def themed(film: Locator, lab: Lab, request: pytest.FixtureRequest) -> Iterator[Locator]:
    """The player in one theme after the other."""
    with lab.look(theme=request.param, width=WIDE):
        yield film


def position(film: Locator) -> Locator:
    """Return the slider by the name that a screen reader says."""
    return film.get_by_role("slider", name="step", exact=True)


def expect_step(film: Locator, step: int) -> None:
    """Expect that slider, text and table all show a step."""
    left, states = SEEN[step]
    expect(film.locator("[aria-live=polite]")).to_contain_text(f"Step {step} of {STEPS}. {left}")
    expect(position(film)).to_have_attribute("aria-valuetext", str(step))
    begins = [re.compile(state.replace(" ", r"\s+")) for state in states]
    expect(film.locator("tbody tr")).to_have_text(begins, use_inner_text=True)


def test_keys_step_through_it(themed: Locator) -> None:
    expect_step(themed, 1)
    position(themed).focus()
    for key, step in KEYS:
        themed.page.keyboard.press(key)
        expect_step(themed, step)
        expect(position(themed)).to_be_focused()  # JupyterLab has keys of its own
        assert grave_violations(themed) == ""


def test_what_changes_is_read_out(film: Locator) -> None:
    said = film.locator("[aria-live=polite]")
    said.evaluate("part => { part.dataset.first = '' }")
    position(film).press("End")
    expect(said).to_contain_text(f"Step {STEPS} of {STEPS}.")
    expect(said).to_have_attribute("data-first", "")  # a part that is replaced is not read


def test_a_prefill_and_a_hit_of_the_prefix_cache_are_told_in_words(film: Locator) -> None:
    position(film).press("Home")
    for _ in range(3):
        position(film).press("ArrowRight")
    expect(film.get_by_role("row").last).to_contain_text("prefill, 32 from the prefix cache")
    expect(film.locator("[aria-live=polite]")).to_contain_text("1 decode, 32 from the prefix cache.")


def test_buttons_step_and_keep_the_focus_at_both_ends(film: Locator) -> None:
    for name, end in {"Forward": STEPS, "Back": 1}.items():
        for _ in range(STEPS + 1):
            button(film, name).press("Enter")
        expect(film).to_contain_text(f"Step {end} of")
        expect(button(film, name)).to_be_focused()


def test_tab_reaches_every_control_and_leaves_again(film: Locator) -> None:
    assert missed_by_tab(film, position(film), controls=f"{CONTROLS}, [role=textbox]") == []
