"""The charts: right numbers, labelled axes, drawn where they are told to, and never shown by themselves."""

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import same_color, to_rgba

from vllm_course import plot_next_token, plot_sweep
from vllm_course.plots import DROPPED, KEPT

PROBABILITIES = np.array([0.5, 0.25, 0.125, 0.0625, 0.0625])
SWEEP = pd.DataFrame(
    {
        "temperature": [0.0, 0.0, 1.0, 1.0] * 2,
        "top_p": [0.5] * 4 + [1.0] * 4,
        "prompt": ["a"] * 4 + ["b"] * 4,
        "tokens": [2, 4, 6, 8, 10, 12, 14, 16],
    }
)


@pytest.fixture(autouse=True)
def no_show(monkeypatch):
    """A chart that shows itself fails; figures are closed afterwards."""
    monkeypatch.setattr(plt, "show", lambda *_, **__: pytest.fail("a chart called plt.show()"))
    yield
    plt.close("all")


@pytest.fixture
def candidates() -> pd.DataFrame:
    """What `next_token` returns, for a vocabulary of five."""
    tokens = [" a", "b", "\n", "'", "e"]
    return pd.DataFrame({"token": tokens, "logprob": np.log(PROBABILITIES), "probability": PROBABILITIES})


def heights(ax: Axes) -> list[float]:
    """Return the lengths of the bars, from the top."""
    return [bar.get_width() for bar in ax.patches]


def test_bars_are_the_probabilities(candidates):
    ax = plot_next_token(candidates)
    assert isinstance(ax, Axes)
    assert heights(ax) == pytest.approx(PROBABILITIES)


def test_bars_follow_the_temperature(candidates):
    squared = PROBABILITIES**2
    assert heights(plot_next_token(candidates, temperature=0.5)) == pytest.approx(squared / squared.sum())
    assert heights(plot_next_token(candidates, temperature=0)) == pytest.approx([1, 0.25, 0.125, 0.0625, 0.0625])


def test_top_p_greys_the_removed_and_shares_their_probability(candidates):
    ax = plot_next_token(candidates, top_p=0.7)
    assert heights(ax) == pytest.approx([2 / 3, 1 / 3, 0.125, 0.0625, 0.0625])
    kept = [same_color(bar.get_facecolor(), to_rgba(KEPT)) for bar in ax.patches]
    dropped = [same_color(bar.get_facecolor(), to_rgba(DROPPED)) for bar in ax.patches]
    assert kept == [True, True, False, False, False]
    assert dropped == [False, False, True, True, True]


def test_the_likeliest_is_on_top_whatever_the_order_of_the_rows(candidates):
    ax = plot_next_token(candidates.iloc[::-1], top=3)
    assert heights(ax) == pytest.approx([0.5, 0.25, 0.125])
    assert ax.yaxis_inverted()
    assert [label.get_text() for label in ax.get_yticklabels()] == ["' a'", "'b'", r"'\n'"]


def test_next_token_axes_are_labelled(candidates):
    ax = plot_next_token(candidates, temperature=0.5, top_p=1)
    assert ax.get_xlabel() == "probability (0 to 1)"
    assert ax.get_ylabel() == "next token"
    assert ax.get_xlim() == (0, 1)


def test_the_title_states_the_setting_and_the_entropy(candidates):
    assert plot_next_token(candidates).get_title() == "temperature=1, top_p=1: 1.9 bits"
    assert plot_next_token(candidates, top_p=0.5).get_title() == "temperature=1, top_p=0.5: 0.0 bits"


@pytest.mark.parametrize(
    ("setting", "message"), [({"temperature": -1}, "temperature must be >= 0"), ({"top_p": 0}, "top_p must be in")]
)
def test_next_token_refuses_what_is_out_of_range(candidates, setting, message):
    with pytest.raises(ValueError, match=message):
        plot_next_token(candidates, **setting)


def test_ax_is_used_and_no_figure_made(candidates):
    _, (left, right) = plt.subplots(1, 2)
    assert plot_next_token(candidates, ax=left) is left
    assert plot_sweep(SWEEP, x="temperature", y="tokens", ax=right) is right
    assert len(left.patches) == 5
    assert len(right.lines) == 1
    assert plt.get_fignums() == [1]


def test_without_ax_a_new_figure_is_made(candidates):
    first = plot_next_token(candidates)
    assert plot_sweep(SWEEP, x="temperature", y="tokens").figure is not first.figure


def test_a_sweep_is_drawn_as_means():
    ax = plot_sweep(SWEEP, x="temperature", y="tokens")
    (line,) = ax.lines
    assert list(line.get_xdata()) == [0.0, 1.0]
    assert list(line.get_ydata()) == [7.0, 11.0]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("temperature", "tokens (mean)")
    assert ax.get_legend() is None


@pytest.mark.parametrize(("hue", "labels"), [("top_p", ["top_p=0.5", "top_p=1"]), ("prompt", ["prompt=a", "prompt=b"])])
def test_hue_draws_a_line_for_each_value(hue, labels):
    ax = plot_sweep(SWEEP, x="temperature", y="tokens", hue=hue)
    assert [list(line.get_ydata()) for line in ax.lines] == [[3.0, 7.0], [11.0, 15.0]]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == labels


@pytest.mark.parametrize("name", ["x", "y", "hue"])
def test_a_column_that_is_not_there(name):
    columns = {"x": "temperature", "y": "tokens"} | {name: "top_k"}
    with pytest.raises(ValueError, match=f"{name} must be a column of the sweep, got 'top_k'. Columns: temperature, "):
        plot_sweep(SWEEP, **columns)
