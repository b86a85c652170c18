"""Every lesson's script is a tool: it helps, prints text or JSON, answers a mistake with one line, ends on Ctrl-C.

A start of vLLM takes seconds, so `main` is called in this process where that shows the same; real processes run for the
defaults and for Ctrl-C.
"""

import json

import pytest

from tests.rules.notebooks import label, lessons, stem
from tests.rules.scripts import DEADLINE, call, interrupted, one_line, shape, start

SCRIPTS = [folder / f"{stem(folder)}.py" for folder in lessons()]
# A script without the option is not asked.
MISTAKES = [("--temperature", "-1"), ("--top-p", "0"), ("--max-tokens", "0"), ("--model", "no-such-model")]


@pytest.mark.parametrize("script", SCRIPTS, ids=label)
def test_shape(script):
    assert shape(script.read_text("utf-8")) == []


@pytest.mark.parametrize("script", SCRIPTS, ids=label)
def test_help_shows_an_example(script, capsys):
    assert call(script, "--help") == 0
    assert f"python {label(script)}" in capsys.readouterr().out


@pytest.mark.parametrize("script", SCRIPTS, ids=label)
@pytest.mark.parametrize(("option", "value"), MISTAKES)
def test_mistake_is_answered_with_one_line(script, option, value, capsys):
    call(script, "--help")
    if option not in capsys.readouterr().out:
        pytest.skip(f"{script.name} has no {option}")
    assert call(script, option, value) == 2
    assert one_line(capsys.readouterr().err, option, value) == []


@pytest.mark.parametrize("script", SCRIPTS, ids=label)
def test_unknown_option_is_answered_with_one_line(script, capsys):
    assert call(script, "--no-such-option") == 2
    line = capsys.readouterr().err.strip()
    assert "\n" not in line and "--no-such-option" in line and "--help" in line


@pytest.mark.parametrize("script", SCRIPTS, ids=label)
def test_defaults_print_json_and_nothing_else(script):
    process = start(str(script), "--json")
    stdout, stderr = process.communicate(timeout=DEADLINE)
    assert (process.returncode, stderr) == (0, "") and json.loads(stdout)


@pytest.mark.parametrize("script", SCRIPTS, ids=label)
@pytest.mark.usefixtures("one_engine")
def test_defaults_print_text(script, capsys):
    assert call(script) == 0
    printed = capsys.readouterr()
    assert len(printed.out.split()) > 10 and printed.err == ""
    with pytest.raises(json.JSONDecodeError):
        json.loads(printed.out)


@pytest.mark.parametrize("script", SCRIPTS, ids=label)
def test_ctrl_c_ends_with_130(script):
    assert interrupted(start(str(script), cold=True)) == []


def test_there_are_scripts():
    assert SCRIPTS and all(script.is_file() for script in SCRIPTS)
