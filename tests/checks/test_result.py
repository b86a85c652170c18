"""How a result looks: one line of text for a first try, a card in a notebook, readable on light and dark pages."""

import re

import pytest

from tests.checks.reading import words
from vllm_course.checks.result import BADGE, BADGES, MARKS, MOST_TRIES, Result

FIRST = Result("1.3", "not yet", "Take <b>0</b> & go on.", tries=("not yet",))
LATER = Result("1.3", "passed", tries=("not yet", "not yet", "passed"), advice='Stuck? hint("1.3")', trouble="Not kept")


def luminance(colour: str) -> float:
    """Return the relative luminance of #rrggbb, as WCAG 2 defines it."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, 1 to 21."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_a_first_try_takes_one_line():
    assert repr(FIRST) == "✘ 1.3 not yet: Take <b>0</b> & go on."


def test_a_later_try_shows_history_advice_and_trouble():
    assert repr(LATER) == '✔ 1.3 passed\n  tries: ✘ ✘ ✔\n  Stuck? hint("1.3")\n  Not kept'


def test_a_long_history_shows_the_last_tries_and_their_number():
    tries = ("passed", *["not yet"] * MOST_TRIES)
    assert Result("1.3", "not yet", tries=tries).history == f"tries (9): … {' '.join('✘' * MOST_TRIES)}"
    assert Result("1.3", "not yet", tries=tries[:-1]).history == f"tries: ✔ {' '.join('✘' * (MOST_TRIES - 1))}"


def test_the_card_says_what_the_text_says():
    assert words(LATER._repr_html_()) == '✔ passed 1.3 tries: ✘ ✘ ✔ Stuck? hint("1.3") Not kept'


def test_the_card_escapes_everything():
    hostile = "<script>alert(1)</script>"
    html = Result(hostile, "not yet", hostile, advice=hostile, trouble=hostile)._repr_html_()
    assert "<script" not in html and html.count("&lt;script&gt;") == 4
    assert words(FIRST._repr_html_()) == "✘ not yet 1.3 Take <b>0</b> & go on."


@pytest.mark.parametrize("status", MARKS)
def test_every_status_has_a_mark_and_a_word_and_a_colour_of_its_own(status):
    html = Result("1.3", status)._repr_html_()
    assert words(html) == f"{MARKS[status]} {status} 1.3" and BADGES[status] in html
    assert len(set(MARKS.values())) == len(set(BADGES.values())) == len(MARKS)


@pytest.mark.parametrize("colour", BADGES.values())
def test_a_badge_reads_on_any_page(colour):
    """Text and background are both its own, so the page's theme does not matter."""
    text = re.search(r"[; ]color: (#\w{6})", BADGE).group(1)
    assert contrast(text, colour) >= 4.5


def test_all_other_text_takes_the_colours_of_the_page():
    colours = re.findall(r"(?<![\w-])color: ([^;\"]+)", LATER._repr_html_())
    assert sorted(colours) == ["#ffffff", "var(--jp-content-font-color1, inherit)"]


def test_contrast_is_that_of_wcag():
    assert contrast("#000000", "#ffffff") == pytest.approx(21) and contrast("#777777", "#ffffff") == pytest.approx(
        4.48, abs=0.01
    )
