"""Every lesson's script is a tool: it helps, prints text or JSON, answers a mistake with one line, ends on Ctrl-C.

A start of vLLM takes seconds, so `main` is called in this process where that shows the same; real processes run for the
defaults and for Ctrl-C.
"""

import io
import json
import sys

import pytest

from tests.rules.notebooks import label, lessons
from tests.rules.scripts import (
    ASKS_A_SERVER,
    DEADLINE,
    NO_ENGINE,
    call,
    interrupted,
    module_of,
    needed,
    one_line,
    shape,
    start,
)
from vllm_course.catalogue import script_of
from vllm_course.checks_http.server import StandIn
from vllm_course.tool_chat.asked import URL_VARIABLE

SCRIPTS = [script_of(folder) for folder in lessons()]
# Ctrl-C at the moment when a module is imported.
INTERRUPTED_AT = """
import runpy, signal, sys
script, module = sys.argv[1:3]
sys.argv[1:3] = []
sys.addaudithook(lambda event, found: event == "import" and found[0] == module and signal.raise_signal(signal.SIGINT))
runpy.run_path(script, run_name="__main__")
"""
IN_A_DELETED_FOLDER = """
import os, sys
os.chdir(sys.argv[2])
os.rmdir(sys.argv[2])
os.execv(sys.executable, [sys.executable, sys.argv[1]])
"""
# A script without the option is not asked.
MISTAKES = [("--temperature", "-1"), ("--top-p", "0"), ("--max-tokens", "0"), ("--model", "no-such-model")]
MISTAKES += [("--prompt", "")]
MISTAKES += [("--memory", "0"), ("--memory", "24 apples"), ("--tensor-parallel-size", "0")]


@pytest.fixture(autouse=True)
def a_server_for_those_that_ask_one(request, monkeypatch):
    """Have a server where a script looks for one when no option names it."""
    if getattr(request.node, "callspec", None) and request.node.callspec.params["script"].name in ASKS_A_SERVER:
        server = request.getfixturevalue("stand_in")
        monkeypatch.setenv(URL_VARIABLE, server.base_url)


@pytest.fixture
def stand_in():
    """A server that says some words."""
    with StandIn("These are the words of a server that stands in.") as server:
        yield server


def options(script) -> dict:
    """Return a script's options by name."""
    return module_of(script).build_parser()._option_string_actions


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
@pytest.mark.parametrize("option", ["--prompt", "--message", "--system", "--stop"])
def test_text_in_another_encoding_is_answered_with_one_line(script, option, capsys):
    if option not in options(script):
        pytest.skip(f"{script.name} has no {option}")
    assert call(script, option, "caf\udce9") == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and option in said and "must be text in UTF-8, got " in said


@pytest.mark.parametrize("script", SCRIPTS, ids=label)
def test_unknown_option_is_answered_with_one_line(script, capsys, tmp_path):
    assert call(script, *needed(script, tmp_path), "--no-such-option") == 2
    line = capsys.readouterr().err.strip()
    assert "\n" not in line and "--no-such-option" in line and "--help" in line


@pytest.mark.parametrize("script", SCRIPTS, ids=label)
def test_defaults_print_json_and_nothing_else(script, tmp_path):
    process = start(str(script), *needed(script, tmp_path), "--json")
    stdout, stderr = process.communicate(timeout=DEADLINE)
    assert (process.returncode, stderr) == (0, "") and json.loads(stdout)


@pytest.mark.parametrize("script", SCRIPTS, ids=label)
@pytest.mark.usefixtures("one_engine")
def test_defaults_print_text(script, capsys, tmp_path):
    assert call(script, *needed(script, tmp_path)) == 0
    printed = capsys.readouterr()
    assert len(printed.out.split()) > 10 and printed.err == ""
    with pytest.raises(json.JSONDecodeError):
        json.loads(printed.out)


@pytest.mark.parametrize("script", SCRIPTS, ids=label)
def test_ctrl_c_ends_with_130(script, tmp_path):
    if script.name in NO_ENGINE:
        pytest.skip(f"{script.name} loads nothing that takes a while")
    assert interrupted(start(str(script), *needed(script, tmp_path), cold=True)) == []


@pytest.mark.parametrize("script", SCRIPTS, ids=label)
@pytest.mark.parametrize("module", ["vllm_course.errors", "vllm_course.tool", "torch"])
def test_ctrl_c_while_something_is_imported_ends_with_130_and_one_line(script, module, tmp_path):
    if module == "torch":
        module = NO_ENGINE.get(script.name, module)
    process = start("-c", INTERRUPTED_AT, str(script), module, *needed(script, tmp_path), cold=True)
    assert (process.communicate(timeout=DEADLINE), process.returncode) == (("", "interrupted\n"), 130)


def test_a_program_that_is_no_script_of_the_course_keeps_its_own_ctrl_c():
    code = "import signal, vllm_course; print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)"
    assert start("-c", code, cold=True).communicate(timeout=DEADLINE)[0] == "True\n"


@pytest.mark.parametrize("script", SCRIPTS, ids=label)
def test_a_working_folder_that_was_deleted_is_named_at_once(script, tmp_path):
    process = start("-c", IN_A_DELETED_FOLDER, str(script), str(tmp_path), cold=True)
    stdout, stderr = process.communicate(timeout=DEADLINE)
    said = "the working folder must be there, got a deleted one. Change into another with cd.\n"
    assert (process.returncode, stdout, stderr) == (2, "", said)


@pytest.mark.parametrize("script", SCRIPTS, ids=label)
@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
@pytest.mark.usefixtures("one_engine")
def test_what_the_output_cannot_encode_is_printed_as_an_escape(script, encoding, monkeypatch):
    if not {"--message", "--prompt"}.intersection(options(script)):
        pytest.skip(f"{script.name} prints no text of its user")
    says = ("--message" if "--message" in options(script) else "--prompt", "日本 é 🌶")
    printed = []
    for form in ((), ("--json",)):
        out = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
        monkeypatch.setattr(sys, "stdout", out)
        assert call(script, *says, *says, "--max-tokens", "2", *form) == 0
        out.seek(0)
        printed.append(out.read())
    assert ("\\u65e5\\u672c" in printed[0]) == (encoding != "utf-8")
    assert "日本 é 🌶" in json.dumps(json.loads(printed[1]), ensure_ascii=False)


def test_there_are_scripts():
    assert SCRIPTS and all(script.is_file() for script in SCRIPTS)
