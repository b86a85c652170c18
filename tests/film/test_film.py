"""What a film shows: tables, timeline, and the player with its text for viewers without widgets."""

import re
from xml.etree import ElementTree as ET

import pytest

from tests.film.cases import made_up
from vllm_course import CourseError
from vllm_course.film.drawing import LABELS, LANES, Bar, bars, svg
from vllm_course.film.engine import Seen, Step
from vllm_course.film.player import ROWS, table
from vllm_course.film.recording import Film

TEXT = """\
Film of 5 steps and 2 requests
request 0: prefill step 1, decode steps 2 to 4
request 1: waiting step 1, prefill step 2, preempted steps 3 to 4, prefill step 5"""


def test_a_film_is_a_table_of_steps_and_requests():
    frame = made_up().frame()
    assert list(frame)[:4] == ["step", "request_id", "status", "phase"]
    assert len(frame) == 9 and list(frame.loc[frame["request_id"] == "1", "step"]) == [1, 2, 3, 4, 5]


def test_steps_are_added_up():
    steps = made_up().steps()
    assert steps.loc[2].to_dict() == {
        **{"running": 2, "waiting": 0, "preempted": 0, "finished": 0, "prefill": 2, "decode": 1},
        **{"cached_tokens": 32, "blocks_used": 2, "blocks_cached": 1, "blocks": 4},
    }
    assert list(steps["finished"]) == [0, 0, 0, 1, 1] and list(steps.index) == [1, 2, 3, 4, 5]


def test_rows_of_one_state_are_one_bar():
    assert bars(made_up().frame())[:3] == [
        Bar("0", "prefill", 1, 1),
        Bar("0", "decode", 2, 3),
        Bar("1", "waiting", 1, 1),
    ]


def test_the_timeline_has_a_lane_per_request_and_a_column_per_step():
    ax = made_up().timeline()
    assert [label.get_text() for label in ax.get_yticklabels()] == ["0", "1"]
    assert ax.get_xlim() == (0.5, 5.5) and ax.get_xlabel() == "step"
    drawn = {handle[0].get_facecolor() for handle in ax.get_legend_handles_labels()[0]}
    assert len(drawn) == 4  # each state has a colour of its own
    assert made_up().timeline(ax) is ax


def test_a_tall_timeline_names_as_many_lanes_as_there_is_room_for():
    film = Film()
    film.steps_seen.append(Step([Seen(str(n), "running", "decode", 1, 2, 0, 1) for n in range(2 * LABELS)], 9, 0, 9))
    ax = film.timeline()
    assert [label.get_text() for label in ax.get_yticklabels()] == [str(n) for n in range(0, 2 * LABELS, 2)]
    assert ax.get_ylim() == (2 * LABELS - 0.5, -0.5)
    assert all(place == int(place) for place in ax.get_xticks())  # there is no half step
    ax.figure.draw_without_rendering()
    legend, frame = ax.get_legend().get_window_extent(), ax.get_window_extent()
    assert 0 <= legend.y0 - frame.y1 < legend.height  # right above it, however tall


def test_an_empty_film_says_what_to_do():
    for show in (Film().timeline, Film().show, Film().svg):
        with pytest.raises(CourseError, match=r"a film must have at least one step, got none\. Call the engine inside"):
            show()
    assert len(Film().frame()) == len(Film().steps()) == 0
    assert repr(Film()) == "Film of 0 steps and 0 requests"


def test_the_player_steps_back_and_forth_and_stays_within_the_film():
    player = made_up().show()
    back, on = player._back, player._on
    assert "Step 1 of 5." in player._said.value
    back.click()
    assert player.position.value == 1
    for _ in range(9):
        on.click()
    assert "Step 5 of 5." in player._said.value
    player.position.value = 2
    assert "2 running. Tokens: 2 prefill, 1 decode, 32 from the prefix cache." in player._said.value


def test_without_widgets_a_film_is_a_figure_with_a_text():
    bundle = made_up().show()._repr_mimebundle_()
    assert bundle["text/plain"] == TEXT
    assert bundle["image/svg+xml"] == made_up().svg()
    image = ET.fromstring(bundle["image/svg+xml"])
    assert image.findtext("{*}desc") == TEXT and len(image.findall("{*}rect")) == 1 + 4 + 6  # ground, legend, bars


def test_what_is_left_out_is_said():
    step = Step([Seen(str(n), "running", "decode", 1, 2, 0, 1) for n in range(LANES + 5)], LANES + 5, 0, 99)
    film = Film()
    film.steps_seen.append(step)
    assert f"{LANES + 5 - ROWS} more requests are left out" in table(step)
    assert re.search("5 more requests are left out", svg(film.frame(), title="t", alternative="a"))


def test_names_of_requests_are_no_html():
    step = Step([Seen("<b>", "running", "decode", 1, 2, 0, 1)], 1, 0, 9)
    assert "&lt;b&gt;" in table(step) and "<b>" not in table(step)
