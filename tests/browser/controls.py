"""What widgets have in common for a test: buttons by their label, and which controls the Tab key reaches."""

from playwright.sync_api import Locator

CONTROLS = "button:not([disabled]), [role=slider], textarea, input"
WATCH_FOCUS = """() => {
  window.focused = new Set();
  addEventListener("focusin", (event) => focused.add(event.target));
}"""
NOT_FOCUSED = """(part, controls) => [...part.querySelectorAll(controls)]
  .filter((control) => control.checkVisibility() && !focused.has(control)).map((control) => control.outerHTML)"""
HAS_FOCUS = "part => part.contains(document.activeElement)"
MOST_CONTROLS = 60


def button(widget: Locator, name: str) -> Locator:
    """Return a button by its label."""
    return widget.get_by_role("button", name=name)


def missed_by_tab(widget: Locator, first: Locator, *, controls: str = CONTROLS) -> list[str]:
    """Press Tab from a widget's first control until the focus has left, and return the controls that never had it.

    Raises:
        AssertionError: The focus does not leave.
    """
    widget.page.evaluate(WATCH_FOCUS)
    first.focus()
    for _ in range(MOST_CONTROLS):
        widget.page.keyboard.press("Tab")
        if not widget.evaluate(HAS_FOCUS):
            return widget.evaluate(NOT_FOCUSED, controls)
    raise AssertionError(f"Tab must leave the widget, it did not in {MOST_CONTROLS} steps")
