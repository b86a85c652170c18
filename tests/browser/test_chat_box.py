"""The chat box answers to keys and buttons, and shows what was said as text."""

import re

from playwright.sync_api import Locator, expect

from tests.browser.controls import CONTROLS, button, missed_by_tab
from tests.browser.lab import Notebook

MARKUP = '<b>bold</b> & <img src="x" onerror="window.broken = true">'


def field(chat: Locator) -> Locator:
    """Return the input field by the name that a screen reader says."""
    return chat.get_by_role("textbox", name="message", exact=True)


def turns(chat: Locator) -> Locator:
    """Return what was said, a message each."""
    return chat.get_by_role("log", name="conversation").locator(".vc-turn")


def send(chat: Locator, text: str) -> None:
    """Type a message and press Enter."""
    field(chat).fill(text)
    field(chat).press("Enter")


def begin(long_chat: Locator) -> None:
    """Send a message and wait until its answer grows."""
    send(long_chat, "Tell me a story about a fox.")
    expect(turns(long_chat)).to_have_count(2)
    expect(turns(long_chat).last.locator(".vc-said")).not_to_be_empty()
    expect(long_chat.get_by_role("log")).to_have_attribute("aria-busy", "true")


def test_enter_sends_and_the_answer_appears_below(chat: Locator) -> None:
    expect(turns(chat)).to_have_count(4)
    send(chat, "What is the capital of France?")
    expect(turns(chat)).to_have_count(6)
    expect(turns(chat).locator(".vc-role")).to_have_text(["user", "assistant"] * 3)
    expect(turns(chat).nth(4)).to_contain_text("What is the capital of France?")
    expect(chat.locator(".vc-state")).to_contain_text(re.compile("tokens; ended: (stop|length)"))
    expect(turns(chat).last.locator(".vc-said")).not_to_be_empty()
    expect(field(chat)).to_have_value("")
    expect(field(chat)).to_be_focused()


def test_shift_and_enter_begin_a_new_line(chat: Locator) -> None:
    field(chat).fill("Hello!")
    field(chat).press("Shift+Enter")
    field(chat).press_sequentially("Bye!")
    expect(field(chat)).to_have_value("Hello!\nBye!")
    button(chat, "Send").press("Enter")
    expect(turns(chat)).to_have_count(6)
    assert turns(chat).nth(4).locator(".vc-said").inner_text() == "Hello!\nBye!"
    expect(field(chat)).to_be_focused()


def test_an_empty_message_is_not_sent(chat: Locator) -> None:
    send(chat, "  ")
    button(chat, "Send").click()
    send(chat, "Hello!")
    expect(turns(chat)).to_have_count(6)
    expect(chat.get_by_role("alert")).to_have_count(0)


def test_markup_is_shown_and_not_obeyed(chat: Locator) -> None:
    send(chat, MARKUP)
    expect(turns(chat)).to_have_count(6)
    expect(turns(chat).nth(4).locator(".vc-said")).to_have_text(MARKUP)
    expect(chat.locator(".vc-log b, .vc-log img")).to_have_count(0)
    assert chat.page.evaluate("window.broken") is None


def test_roles_are_told_apart_by_word_place_and_colour(chat: Locator) -> None:
    user, assistant = turns(chat).nth(2), turns(chat).nth(3)
    expect(user.locator(".vc-role")).to_have_text("user")
    expect(assistant.locator(".vc-role")).to_have_text("assistant")
    assert user.bounding_box()["x"] > assistant.bounding_box()["x"]
    colours = [turn.evaluate("turn => getComputedStyle(turn).backgroundColor") for turn in (user, assistant)]
    assert colours[0] != colours[1]


def test_a_refused_message_is_explained_and_stays_in_the_field(chat: Locator) -> None:
    send(chat, "word " * 2000)
    expect(chat.get_by_role("alert")).to_contain_text("the last message must fit with the system message into")
    expect(field(chat)).to_have_value("word " * 2000)
    expect(turns(chat)).to_have_count(4)
    send(chat, "Hello!")
    expect(chat.get_by_role("alert")).to_have_count(0)
    expect(turns(chat)).to_have_count(6)


def test_an_answer_grows_until_stop(long_chat: Locator) -> None:
    expect(button(long_chat, "Stop")).to_be_disabled()
    begin(long_chat)
    said = turns(long_chat).last.locator(".vc-said")
    some = said.inner_text()
    expect(said).not_to_have_text(some)
    assert said.inner_text().startswith(some.rstrip())
    expect(button(long_chat, "Send")).to_be_disabled()
    send(long_chat, "Not now")
    button(long_chat, "Stop").press("Enter")
    expect(long_chat.locator(".vc-state")).to_contain_text("ended: abort")
    expect(long_chat.get_by_role("log")).to_have_attribute("aria-busy", "false")
    expect(turns(long_chat)).to_have_count(2)
    expect(field(long_chat)).to_have_value("Not now")
    expect(field(long_chat)).to_be_focused()


def test_continue_goes_on_with_an_answer_that_was_stopped(long_chat: Locator) -> None:
    expect(button(long_chat, "Continue")).to_be_disabled()
    begin(long_chat)
    expect(button(long_chat, "Continue")).to_be_disabled()
    button(long_chat, "Stop").press("Enter")
    expect(long_chat.locator(".vc-state")).to_contain_text("interrupted: Continue goes on")
    said = turns(long_chat).last.locator(".vc-said")
    some = said.inner_text()
    button(long_chat, "Continue").press("Enter")
    expect(said).not_to_have_text(some)
    button(long_chat, "Stop").press("Enter")
    expect(turns(long_chat)).to_have_count(2)
    assert said.inner_text().startswith(some.rstrip())


def test_the_newest_line_stays_in_sight(long_chat: Locator) -> None:
    log = long_chat.get_by_role("log")
    log.evaluate("log => { log.style.maxHeight = '80px' }")
    begin(long_chat)
    long_chat.page.wait_for_function("log => log.scrollHeight > log.clientHeight + 50", arg=log.element_handle())
    button(long_chat, "Stop").click()
    expect(log).to_have_attribute("aria-busy", "false")
    assert log.evaluate("log => log.scrollHeight - log.scrollTop - log.clientHeight") < 20


def test_a_cell_that_runs_ends_the_answer(long_chat: Locator, talks: Notebook) -> None:
    begin(long_chat)
    talks.run(3)
    expect(long_chat.locator(".vc-state")).to_contain_text("ended: abort")
    expect(button(long_chat, "Send")).to_be_enabled()
    assert talks.code_cells()[3]["outputs"][0]["data"]["text/plain"] == "2"


def test_buttons_are_heard_where_cells_run(heard_chat: Locator, talks: Notebook) -> None:
    send(heard_chat, "Hello!")
    expect(heard_chat.locator(".vc-state")).to_contain_text("ended")
    button(heard_chat, "Reset").click()
    expect(heard_chat.locator(".vc-state")).to_have_text("")
    talks.run(5)
    assert talks.code_cells()[5]["outputs"][0]["data"]["text/plain"] == "['MainThread', 'MainThread']"


def test_retry_answers_again_and_reset_clears(long_chat: Locator) -> None:
    begin(long_chat)
    button(long_chat, "Retry").press("Enter")
    expect(long_chat.locator(".vc-state")).to_contain_text("seed=1")
    expect(button(long_chat, "Retry")).to_be_focused()
    button(long_chat, "Reset").press("Enter")
    expect(turns(long_chat)).to_have_count(0)
    expect(long_chat.get_by_label("system")).to_have_value("You are a pirate.")
    for name in ("Stop", "Retry", "Continue", "Reset"):
        expect(button(long_chat, name)).to_be_disabled()


def test_a_system_prompt_typed_in_holds_for_the_next_question(chat: Locator) -> None:
    send(chat, "Hello!")
    expect(turns(chat)).to_have_count(6)
    expect(chat.locator(".vc-state")).to_contain_text("ended")
    button(chat, "Reset").click()
    expect(turns(chat)).to_have_count(0)
    tokens = []
    for system in ("", "Answer with one word. " * 5):
        chat.get_by_label("system").fill(system)
        send(chat, "What is the capital of France?")
        expect(chat.locator(".vc-state")).to_contain_text("ended")
        tokens.append(int(re.match(r"\d+", chat.locator(".vc-state").inner_text()).group()))
        button(chat, "Reset").click()
        expect(chat.locator(".vc-state")).to_have_text("")
    assert tokens[1] > tokens[0] + 20


def test_tab_reaches_every_control_and_leaves_again(chat: Locator) -> None:
    assert missed_by_tab(chat, chat.get_by_label("system"), controls=f"{CONTROLS}, [role=log]") == []
