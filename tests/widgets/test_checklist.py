"""The checklist: boxes whose ticks are kept and come back, and a plain list where there are no widgets."""

import sqlite3

import ipywidgets as widgets
import pytest
from IPython.core.interactiveshell import InteractiveShell

from vllm_course import CourseError, progress
from vllm_course.widgets.checklist import checklist
from vllm_course.widgets.checklist_text import as_html

ITEMS = ["load a model", "complete a batch of prompts & explain why", "say what <b>stop</b> means"]
VIEW = "application/vnd.jupyter.widget-view+json"
FULL = "the disk must have room, got none. Make some."


def refuse(*args, **kwargs):
    raise progress.ProgressError(FULL)


def line(shown) -> str:
    """Return the text of the line below the boxes."""
    return shown.children[-1].value


def test_it_begins_without_ticks():
    shown = checklist("01", ITEMS)
    assert isinstance(shown, widgets.VBox)
    assert [box.value for box in shown.boxes] == [False] * 3 and line(shown) == "0 of 3 ticked"


def test_every_change_is_kept_and_counted_at_once():
    shown = checklist("01", ITEMS)
    shown.boxes[0].value = shown.boxes[2].value = True
    assert progress.ticks("01") == {ITEMS[0], ITEMS[2]} and line(shown) == "2 of 3 ticked"
    shown.boxes[0].value = False
    assert progress.ticks("01") == {ITEMS[2]} and line(shown) == "1 of 3 ticked"


def test_ticks_come_back():
    checklist("01", ITEMS).boxes[1].value = True
    again = checklist("01", ITEMS)
    assert [box.value for box in again.boxes] == [False, True, False] and line(again) == "1 of 3 ticked"


def test_a_tick_belongs_to_a_text_not_to_a_place():
    checklist("01", ITEMS).boxes[0].value = True
    assert [box.value for box in checklist("01", ["something new", *ITEMS]).boxes] == [False, True, False, False]


def test_every_box_is_named_by_its_whole_item():
    """ipywidgets puts a checkbox and its description into one label, which names it for a screen reader."""
    boxes = checklist("01", ITEMS).boxes
    assert [box.description for box in boxes] == ITEMS
    assert not any(box.description_allow_html or box.disabled for box in boxes)
    assert {box.tabbable for box in boxes} <= {None, True}


def test_long_items_wrap():
    shown = checklist("01", ITEMS)
    style = shown.children[0].value
    assert "vllm-course-checklist" in shown._dom_classes and ".vllm-course-checklist" in style
    assert "white-space: normal" in style and "text-overflow: clip" in style


def test_a_plain_list_where_there_are_no_widgets():
    shown = checklist("01", ITEMS)
    shown.boxes[0].value = True
    data, _ = InteractiveShell().display_formatter.format(shown)
    assert data["text/plain"] == repr(shown) == f"- [x] {ITEMS[0]}\n- [ ] {ITEMS[1]}\n- [ ] {ITEMS[2]}"
    assert data["text/html"] == (
        "<ul><li>☑ load a model</li><li>☐ complete a batch of prompts &amp; explain why</li>"
        "<li>☐ say what &lt;b&gt;stop&lt;/b&gt; means</li></ul>"
    )
    assert set(data) == {"text/plain", "text/html", VIEW}


def test_the_plain_list_is_complete_however_long():
    """ipywidgets itself cuts the text of a widget at 110 characters."""
    items = [f"{n}: " + "long " * 50 for n in range(20)]
    assert checklist("01", items)._repr_mimebundle_()["text/plain"].splitlines() == [f"- [ ] {item}" for item in items]


@pytest.mark.parametrize("lesson", ["98", "1", "001", "", "one", 1, None, "01 ", "../01", "٠١"])
def test_a_lesson_that_is_not_there(lesson):
    with pytest.raises(CourseError, match=r"^lesson must be .*, got .*\. (See lessons|Give it as a text)"):
        checklist(lesson, ITEMS)


@pytest.mark.parametrize(
    ("items", "message"),
    [
        ([], "items must be a list that holds at least one text, got []. Give"),
        ("load a model", "items must be a list that holds at least one text, got 'load a model'. Give"),
        (None, "items must be a list that holds at least one text, got None. Give"),
        ({"a": 1}, "items must be a list that holds at least one text, got {'a': 1}. Give"),
        (["a", 7], "items must be texts, got 7. Give"),
        (["a", " "], "items must be texts, got ' '. Give"),
        (["a", "b", "a"], "items must differ, got 'a' twice. Remove one"),
    ],
)
def test_bad_items(items, message):
    with pytest.raises(CourseError) as caught:
        checklist("01", items)
    assert str(caught.value).startswith(message)
    assert progress.ticks("01") == set()


def test_ticks_that_cannot_be_read_leave_working_boxes(monkeypatch):
    monkeypatch.setattr(progress, "ticks", refuse)
    monkeypatch.setattr(progress, "set_tick", refuse)
    shown = checklist("01", ITEMS)
    shown.boxes[0].value = True
    assert line(shown) == f"1 of 3 ticked<br>Not kept: {FULL}"
    assert repr(shown).splitlines()[0] == f"- [x] {ITEMS[0]}" and repr(shown).splitlines()[-1] == f"Not kept: {FULL}"
    assert shown._repr_mimebundle_()["text/html"].endswith(f"<p>Not kept: {FULL}</p>")


def test_ticks_that_could_not_be_kept_are_kept_with_the_next(monkeypatch):
    shown = checklist("01", ITEMS)
    with monkeypatch.context() as patch:
        patch.setattr(progress, "set_tick", refuse)
        shown.boxes[0].value = shown.boxes[1].value = True
        shown.boxes[1].value = False
        assert "Not kept" in line(shown)
    shown.boxes[2].value = True
    assert progress.ticks("01") == {ITEMS[0], ITEMS[2]} and line(shown) == "2 of 3 ticked"


def test_a_file_that_is_no_database_stays_as_it_is(empty_progress):
    file = empty_progress / "progress.sqlite3"
    file.write_text("my own notes, no database at all " * 100)
    shown = checklist("01", ITEMS)
    shown.boxes[0].value = True
    assert "1 of 3 ticked<br>Not kept: " in line(shown) and file.read_text().startswith("my own notes")


def test_trouble_is_escaped():
    assert as_html(["a"], set(), "<b>") == "<ul><li>☐ a</li></ul><p>&lt;b&gt;</p>"


def test_it_reads_what_is_kept_at_each_call(empty_progress):
    """What another kernel ticked is there at the next call."""
    checklist("01", ITEMS).boxes[0].value = True
    with sqlite3.connect(empty_progress / "progress.sqlite3") as connection:
        connection.execute("DELETE FROM ticks")
    assert checklist("01", ITEMS).ticked == set()
