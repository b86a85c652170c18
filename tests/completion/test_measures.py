"""The helper modules beside the notebook of lesson 02: numbers for texts, the table of arguments, vLLM's log."""

import doctest
import math
import sys

import pandas as pd
import pytest

from vllm_course import measures
from vllm_course.completion import arguments
from vllm_course.runtime import quiet


@pytest.mark.parametrize("loaded", [measures, arguments, quiet], ids=lambda loaded: loaded.__name__)
def test_doctests(loaded):
    result = doctest.testmod(loaded)
    assert result.attempted and not result.failed


@pytest.mark.parametrize(
    ("texts", "n", "expected"),
    [
        ("one two three", 1, 1.0),
        ("one One ONE!", 1, 1 / 3),
        (["a b", "a b"], 2, 0.5),
        (["a b", "b a"], 2, 1.0),  # no pair reaches from one text into the next
        (("a b c" for _ in range(4)), 3, 0.25),
        ("don't don't", 1, 0.5),
        ("snake_case", 1, 1.0),
    ],
)
def test_distinct_n(texts, n, expected):
    assert measures.distinct_n(texts, n) == pytest.approx(expected)


@pytest.mark.parametrize("texts", ["", [], "...", ["one", "two"]])
def test_nothing_to_count(texts):
    assert math.isnan(measures.distinct_n(texts, 2))


def test_distinct_n_refuses():
    with pytest.raises(ValueError, match=r"n must be >= 1, got 0\. Use 2 for pairs of words\."):
        measures.distinct_n("a b", 0)


def test_summarize_counts_each_setting_alone():
    rows = [(t, p, "a b c", 2, -1.0, "stop") for t in (0.0, 1.0) for p in (0.5, 1.0)] * 2
    frame = pd.DataFrame(rows, columns=["temperature", "top_p", "text", "tokens", "logprob", "finish_reason"])
    table = measures.summarize(frame, ["temperature", "top_p"])
    assert list(table.columns[:2]) == ["temperature", "top_p"] and len(table) == 4
    assert set(table["diversity"]) == {0.5} and set(table["mean_logprob"]) == {-0.5} and set(table["ended"]) == {1.0}


def test_argument_table_is_that_of_the_installed_vllm():
    from vllm import EngineArgs

    table = arguments.argument_table()
    assert table.index.is_unique and len(table) > 200
    assert set(table.index) <= set(EngineArgs.__dataclass_fields__)
    for name in ("gpu_memory_utilization", "max_model_len", "enforce_eager", "seed"):
        assert table.loc[name, "default"] == getattr(EngineArgs(model="x"), name)
    assert "GiB to offload" in table.loc["cpu_offload_gb", "meaning"]  # documented one class further down
    assert (table["meaning"] == "").mean() < 0.1


def test_tried_leaves_the_parser_alone(capsys):
    from vllm.utils.argparse_utils import FlexibleArgumentParser

    parser = FlexibleArgumentParser(prog="tool")
    parser.add_argument("--top-k", type=int, default=40)
    assert arguments.tried(parser, "--top_k 'x y'") == "error: argument --top-k: invalid int value: 'x y'"
    assert arguments.tried(parser, "--top_k 3") == {"top_k": 3}
    assert arguments.tried(parser, "") == {}
    assert capsys.readouterr() == ("", "") and "tool" not in sys.argv


@pytest.mark.parametrize(
    ("printed", "lines"),
    [
        ("(EngineCore pid=7) INFO 11-20 23:40:24 [core.py:133] Init: a=1", ["INFO core.py: Init: a=1"]),
        ("\x1b[32mINFO\x1b[0m \x1b[90m11-21 12:41:45\x1b[0m \x1b[90m[a_b.py:6]\x1b[0m hi\r\n", ["INFO a_b.py: hi"]),
        ("WARNING 01-02 03:04:05 [x.py:1] one\nPrompt: 'INFO'\nERROR: two", ["WARNING x.py: one"]),
        ("", []),
    ],
)
def test_log_lines(printed, lines):
    assert quiet.log_lines(printed) == lines
