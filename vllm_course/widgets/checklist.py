"""The self-assessment that ends a lesson: `checklist("01", [...])`."""

from typing import TYPE_CHECKING, Any

from vllm_course import catalogue
from vllm_course.errors import CourseError

if TYPE_CHECKING:
    from vllm_course.widgets.checklist_boxes import Checklist

NOTHING = 'Give the items as a list of texts: checklist("01", ["load a model", "complete a batch"]).'


def checklist(lesson: str, items: list[str]) -> "Checklist":
    """Show what a learner should be able to do as boxes to tick, and keep the ticks.

    Every change is kept at once and is there again after a restart of the kernel. Where there are no widgets (GitHub,
    nbconvert, a terminal) it is a plain list.

    Args:
        lesson: The lesson's number with two digits, for example `"01"`.
        items: What to tick, each a text of its own. A text that is changed later begins without its tick.

    Returns:
        A widget. A notebook shows it when the call is the last line of a cell.

    Raises:
        CourseError: There is no such lesson, or the items are not a list of different texts.
    """
    catalogue.folder_of(lesson)
    _refuse_items(items)
    from vllm_course.widgets.checklist_boxes import Checklist  # takes ipywidgets along, which no terminal needs

    return Checklist(lesson, items)


def _refuse_items(items: Any) -> None:
    if not isinstance(items, list | tuple) or not items:
        raise CourseError(f"items must be a list that holds at least one text, got {items!r}. {NOTHING}")
    if wrong := [item for item in items if not isinstance(item, str) or not item.strip()]:
        raise CourseError(f"items must be texts, got {wrong[0]!r}. {NOTHING}")
    if twice := [item for n, item in enumerate(items) if item in items[:n]]:
        raise CourseError(f"items must differ, got {twice[0]!r} twice. Remove one, or say how they differ.")
