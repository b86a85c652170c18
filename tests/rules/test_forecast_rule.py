"""The rule for forecasts accepts pairs in order, and refuses what would be scored wrongly or not at all."""

import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tests.rules import forecast_rule, lesson_rules
from tests.rules.notebooks import lesson_notebook, lessons, read

FIRST = ('predict("3.1", ...)', 'compare("3.1", x)')


def lesson(*codes: str) -> NotebookNode:
    """Return lesson 03 with these cells."""
    return new_notebook(cells=[new_markdown_cell("# Lesson 03: x"), *map(new_code_cell, codes)])


@pytest.mark.parametrize(
    "codes",
    [
        (),
        ("x = 1", "frame.predict(x)", "a == b"),
        FIRST,
        ("from vllm_course import predict\n\npredict('3.1', ...)", "x = 1\ncompare('3.1', x.count + 1)"),
        ('predict("3.1", ...)', 'predict("3.2", ...)', 'compare("3.2", y)', 'compare("3.1", x)'),
        (*FIRST, 'predict("3.2", ...)', "%matplotlib inline", 'compare("3.2", y)'),
    ],
)
def test_good(codes):
    assert forecast_rule.forecasts(lesson(*codes)) == []


@pytest.mark.parametrize(
    ("codes", "message"),
    [
        (('predict("2.1", ...)', 'compare("2.1", x)'), "of lesson 3 must be ['3.1'], in this order, got ['2.1']"),
        (('predict("03.1", ...)', 'compare("03.1", x)'), "must be ['3.1']"),
        (('predict("3.2", ...)', 'compare("3.2", x)'), "got ['3.2']"),
        (('predict("3.2", ...)', 'compare("3.2", x)', *FIRST), "got ['3.2', '3.1']"),
        (FIRST[:1], "forecast 3.1 must be one predict, then one compare, got ['predict']"),
        (FIRST[::-1], "got ['compare', 'predict']"),
        ((*FIRST, FIRST[1]), "got ['predict', 'compare', 'compare']"),
        ((*FIRST, *FIRST), "got ['predict', 'compare', 'predict', 'compare']"),
        ((*FIRST, 'compare("3.2", x)'), "forecast 3.2 must be one predict, then one compare, got ['compare']"),
        (('predict("3.1", 40)', FIRST[1]), "left open, with ... for the number, got predict('3.1', 40)"),
        (('predict("3.1")', FIRST[1]), "two arguments"),
        (("predict(key, ...)", FIRST[1]), "a key in quotes first, got predict(key, ...)"),
        ((FIRST[0], 'compare("3.1", ...)'), "hold what was measured"),
        (('predict("3.1", ...)\nx = 1', FIRST[1]), "cell 2: a forecast must be the last line of its cell"),
        ((FIRST[0], 'card = compare("3.1", x)'), "cell 3: a forecast must be the last line"),
        ((FIRST[0], 'for x in y:\n    compare("3.1", x)'), "the last line"),
    ],
)
def test_refused(codes, message):
    assert message in "\n".join(forecast_rule.forecasts(lesson(*codes)))


def test_it_is_one_of_the_rules_and_the_lessons_have_forecasts():
    assert forecast_rule.forecasts in lesson_rules.RULES
    counts = [len(forecast_rule.calls(read(lesson_notebook(folder)))) for folder in lessons()]
    assert all(3 <= count / 2 <= 6 for count in counts[:3])
