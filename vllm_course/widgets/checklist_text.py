"""A checklist for where there are no widgets: GitHub, nbconvert, a terminal."""

from html import escape


def as_text(items: list[str], ticked: set[str], trouble: str = "") -> str:
    r"""Return a checklist as a list in Markdown.

    Example:
        >>> print(as_text(["load a model", "complete a batch"], {"load a model"}))
        - [x] load a model
        - [ ] complete a batch
    """
    lines = [f"- [{'x' if item in ticked else ' '}] {item}" for item in items]
    return "\n".join([*lines, trouble] if trouble else lines)


def as_html(items: list[str], ticked: set[str], trouble: str = "") -> str:
    """Return a checklist as a list in HTML that needs neither widgets nor styles."""
    entries = "".join(f"<li>{'☑' if item in ticked else '☐'} {escape(item)}</li>" for item in items)
    return f"<ul>{entries}</ul>" + (f"<p>{escape(trouble)}</p>" if trouble else "")
