"""What widgets have in common for a test: buttons by their label, and where the keyboard's focus has been."""

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
