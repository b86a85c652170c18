"""axe-core on a part of the page: what it finds wrong for those who do not see, or do not use a mouse."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator

GRAVE = ("serious", "critical")
MARK = "data-examined"


def grave_violations(part: Locator) -> str:
    """Return axe-core's report on the grave violations of a part and all that it holds, "" for none.

    Args:
        part: One element that is in the page. JupyterLab's own elements around it are not examined.
    """
    part.evaluate(f"element => element.setAttribute('{MARK}', '')")
    try:
        results = Axe().run(part.page, context={"include": [f"[{MARK}]"]})
    finally:
        part.evaluate(f"element => element.removeAttribute('{MARK}')")
    violations = results.response["violations"]
    results.response["violations"] = [found for found in violations if found["impact"] in GRAVE]
    return results.generate_report() if results.violations_count else ""
