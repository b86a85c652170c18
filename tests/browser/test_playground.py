"""The playground answers to sliders, keys and buttons."""

import re

from playwright.sync_api import Locator, expect

from tests.browser.controls import button, missed_by_tab


def slider(playground: Locator, name: str) -> Locator:
    """Return a slider's handle by the name that a screen reader says."""
    return playground.get_by_role("slider", name=name, exact=True)


def tokens(playground: Locator) -> int:
    """Return the number of tokens that the first sample is said to have."""
    return int(re.search(r"(\d+) tokens", playground.locator(".vc-text").inner_text()).group(1))


def test_a_slider_that_a_key_moves_changes_the_chart(playground: Locator) -> None:
    chart, entropy = playground.locator(".vc-chart"), playground.locator(".vc-entropy")
    before, bits = chart.inner_html(), entropy.inner_text()
    slider(playground, "temperature").press("ArrowLeft")
    expect(entropy).not_to_have_text(bits)
    assert chart.inner_html() != before
    slider(playground, "temperature").press("ArrowRight")
    expect(entropy).to_have_text(bits)


def test_what_a_filter_cuts_is_said_in_words(playground: Locator) -> None:
    cut = playground.locator(".vc-chart tbody tr", has_text="top_k")
    expect(cut).to_have_count(0)
    for _ in range(3):
        slider(playground, "top_k").press("ArrowRight")
    expect(cut).to_have_count(playground.locator(".vc-chart tbody tr").count() - 3)


def test_a_value_that_vllm_refuses_shows_its_rule_until_it_is_mended(playground: Locator) -> None:
    slider(playground, "top_p").press("Home")
    expect(playground.get_by_role("alert")).to_contain_text(re.compile(r"top_p must be in \(0, 1\]"))
    slider(playground, "top_p").press("End")
    expect(playground.get_by_role("alert")).to_have_count(0)


def test_generate_draws_a_text_with_the_settings(playground: Locator) -> None:
    text, seed = playground.locator(".vc-text"), playground.get_by_label("seed")
    expect(text).to_contain_text("tokens")  # a playground begins with a text
    before = text.inner_text()
    seed.fill("7")
    seed.press("Enter")
    button(playground, "Generate").press("Enter")
    expect(playground.locator(".vc-state")).to_contain_text("seed=7")
    expect(text).not_to_contain_text("not finished")
    assert text.inner_text() != before
    assert tokens(playground) > 0
    expect(button(playground, "Stop")).to_be_disabled()


def test_stop_ends_a_long_text_and_the_next_one_can_begin(playground: Locator) -> None:
    prompt = playground.get_by_label("prompt")
    prompt.fill("Once upon a time")
    prompt.press("Tab")
    expect(playground.locator(".vc-text")).not_to_contain_text("tokens")
    slider(playground, "temperature").press("Home")
    slider(playground, "max_tokens").press("End")
    button(playground, "Generate").click()
    expect(playground.locator(".vc-text")).to_contain_text("tokens")
    button(playground, "Stop").press("Enter")
    expect(button(playground, "Generate")).to_be_focused()  # a disabled button would take the focus with it
    assert 0 < tokens(playground) < 300
    slider(playground, "max_tokens").press("Home")
    button(playground, "Generate").click()
    expect(playground.locator(".vc-text")).to_contain_text(re.compile(r"\b1 tokens?\b"))


def test_tab_reaches_every_control_and_leaves_again(playground: Locator) -> None:
    assert missed_by_tab(playground, playground.locator("textarea")) == []
