"""axe-core on a part of the page: what it finds wrong for those who do not see, or do not use a mouse."""

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator

GRAVE = ("serious", "critical")
MARK = "data-examined"
# JupyterLab's body has no height and hides what overflows. It is all seen, but axe-core takes it for hidden.
FULL_HEIGHT = "document.body.style.height = '100vh'"


def grave_violations(part: Locator) -> str:
    """Return axe-core's report on the grave violations of a part and all that it holds, "" for none.

    Args:
        part: One element that is in the page. JupyterLab's own elements around it are not examined.

    Raises:
        AssertionError: axe-core examined no text, so it would find nothing whatever is wrong.
    """
    part.page.evaluate(FULL_HEIGHT)
    part.evaluate(f"element => element.setAttribute('{MARK}', '')")
    try:
        results = Axe().run(part.page, context={"include": [f"[{MARK}]"]})
    finally:
        part.evaluate(f"element => element.removeAttribute('{MARK}')")
    response = results.response
    examined = {rule["id"] for kind in ("violations", "passes") for rule in response[kind]}
    assert "color-contrast" in examined, f"axe-core must examine text, it examined {sorted(examined)}"
    response["violations"] += [found for found in response["incomplete"] if _is_invisible(found)]
    response["violations"] = [found for found in response["violations"] if found["impact"] in GRAVE]
    return results.generate_report() if results.violations_count else ""


def _is_invisible(found: dict[str, Any]) -> bool:
    """Whether a text has the colour of its ground, which axe-core takes for a question to a person."""
    checks = [check for node in found["nodes"] for check in node["any"]]
    return any((check.get("data") or {}).get("messageKey") == "equalRatio" for check in checks)
