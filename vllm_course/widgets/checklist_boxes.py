"""The widget behind `checklist`: one checkbox an item, the ticks in the store, and a line that counts them."""

from html import escape
from typing import Any

import ipywidgets as widgets

from vllm_course import progress
from vllm_course.checks.keeping import not_kept
from vllm_course.widgets.checklist_text import as_html, as_text

# ipywidgets cuts a long text with an ellipsis; a checklist's items are sentences, so they wrap beside their box.
STYLE = """<style>
.vllm-course-checklist .widget-checkbox { width: auto; height: auto; margin: 0; }
.vllm-course-checklist .widget-checkbox label { display: flex; gap: 8px; width: 100%; height: auto; padding: 3px 2px;
  overflow: visible; white-space: normal; text-overflow: clip; line-height: 1.5; cursor: pointer; }
.vllm-course-checklist .widget-checkbox input { flex: none; align-self: flex-start; margin: 0.22em 0 0; }
.vllm-course-checklist .widget-checkbox span { flex: 1; white-space: normal; overflow-wrap: anywhere; }
.vllm-course-checklist .widget-html-content { line-height: 1.5; }
</style>"""


class Checklist(widgets.VBox):
    """The boxes of one lesson.

    Attributes:
        lesson: The lesson's number, for example `"01"`.
        items: What can be ticked.
        boxes: One checkbox an item, in the same order.
        trouble: Why the ticks are not kept, "" when they are.
    """

    def __init__(self, lesson: str, items: list[str]) -> None:
        """Restore the ticks and show the boxes."""
        self.lesson, self.items, self.trouble = lesson, list(items), ""
        self._unkept: set[str] = set()
        kept = self._restore()
        self.boxes = [self._box(item, ticked=item in kept) for item in self.items]
        self._line = widgets.HTML()
        super().__init__([widgets.HTML(STYLE, layout={"display": "none"}), *self.boxes, self._line])
        self.add_class("vllm-course-checklist")
        self._count()

    @property
    def ticked(self) -> set[str]:
        """The items whose box is ticked now."""
        return {item for item, box in zip(self.items, self.boxes, strict=True) if box.value}

    def __repr__(self) -> str:
        """Show the plain list where there are no widgets."""
        return as_text(self.items, self.ticked, self.trouble)

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        """Offer the widget, and for pages without one the list as text and as HTML."""
        plain = {"text/plain": repr(self), "text/html": as_html(self.items, self.ticked, self.trouble)}
        return super()._repr_mimebundle_(**kwargs) | plain

    def _restore(self) -> set[str]:
        try:
            return progress.ticks(self.lesson)
        except progress.ProgressError as error:
            self.trouble = not_kept(error)
            return set()

    def _box(self, item: str, *, ticked: bool) -> widgets.Checkbox:
        box = widgets.Checkbox(value=ticked, description=item, indent=False)
        box.observe(lambda change: self._keep(item), names="value")
        return box

    def _keep(self, item: str) -> None:
        """Store a change, and with it those that could not be stored before."""
        self._unkept.add(item)
        try:
            for waiting in sorted(self._unkept):
                progress.set_tick(self.lesson, waiting, ticked=waiting in self.ticked)
            self._unkept.clear()
            self.trouble = ""
        except progress.ProgressError as error:
            self.trouble = not_kept(error)
        self._count()

    def _count(self) -> None:
        lines = [f"{len(self.ticked)} of {len(self.items)} ticked", self.trouble]
        self._line.value = "<br>".join(escape(line) for line in lines if line)
