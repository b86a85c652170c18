"""What lies between a call and its result: it is judged, asked about, and its result is put into words."""

import asyncio
import json
import os
import pty
import select
import signal
import subprocess
import sys
import time

import pytest
from mcp.types import AudioContent, CallToolResult, EmbeddedResource, ImageContent, TextContent, TextResourceContents

from tests.toolbox.small import mixed_result
from vllm_course import paths
from vllm_course.remote.reply import Call
from vllm_course.toolbox.confirming import DECLINED, NOBODY, question, visible
from vllm_course.toolbox.judging import judge
from vllm_course.toolbox.results import as_text, for_model, unmarked
from vllm_course.toolbox.schemas import Tool

PATIENCE = 120  # seconds, on a busy machine
SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer", "maximum": 9}},
    "required": ["city"],
    "additionalProperties": False,
}
LOOK = Tool("look", "small", "looks", SCHEMA)


def judged(arguments: str, name: str = "look", tool: Tool = LOOK, **options):
    """Judge a call of `look`."""
    return judge(Call("1", name, arguments), {"look": tool}, **options)


@pytest.mark.parametrize(
    ("arguments", "read"),
    [('{"city": "Oslo"}', {"city": "Oslo"}), (' {"city":"O","days":9} ', {"city": "O", "days": 9})],
)
def test_a_good_call_is_passed_on(arguments, read):
    assert judged(arguments) == (LOOK, read, "")
    assert judged(arguments, finish_reason="length").problem == ""


def test_no_arguments_at_all_are_an_empty_object():
    assert judged("", tool=LOOK._replace(parameters={"type": "object"})) == (
        LOOK._replace(parameters={"type": "object"}),
        {},
        "",
    )


@pytest.mark.parametrize(
    ("call", "says"),
    [
        ({"arguments": "{}", "name": "fly"}, "no tool is called 'fly'; there is look"),
        ({"arguments": "{}", "name": "Look"}, "no tool is called 'Look'; there is look"),
        ({"arguments": "{}", "name": ""}, "no tool is called ''; there is look"),
        ({"arguments": '"Oslo"'}, "the arguments must be a JSON object, got '\"Oslo\"'"),
        ({"arguments": '{"city": "Os'}, "the arguments must be a JSON object"),
        ({"arguments": '{"city": "Os', "finish_reason": "length"}, "the call was cut at max_tokens"),
        ({"arguments": '{"city": NaN}'}, "the arguments must be a JSON object"),
        ({"arguments": "{}"}, "wrong arguments: 'city' is a required property"),
        ({"arguments": '{"city": 5}'}, "wrong arguments, city: 5 is not of type 'string'"),
        ({"arguments": '{"city": "a", "days": 10}'}, "wrong arguments, days: 10 is greater than the maximum of 9"),
        ({"arguments": '{"city": "a", "x": 1}'}, "wrong arguments: Additional properties are not allowed"),
    ],
)
def test_a_bad_call_is_a_sentence_for_the_model(call, says):
    assert judged(**call).problem.startswith(says)


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "http://127.0.0.1:9/schema.json"},
        {"$ref": "#"},
        {"properties": {"city": {"pattern": "("}}},
        {"$ref": "#/$defs/none"},
    ],
)
def test_a_schema_that_leads_elsewhere_or_nowhere_fetches_nothing_and_ends(schema, monkeypatch):
    monkeypatch.setattr("urllib.request.urlopen", lambda *_: pytest.fail("it fetched something"))
    assert "the tool's schema cannot be used" in judged('{"city": "a"}', tool=LOOK._replace(parameters=schema)).problem


def result(*texts: str, **fields) -> CallToolResult:
    """Return a result of texts."""
    return CallToolResult(content=[TextContent(type="text", text=text) for text in texts], **fields)


SOUND = AudioContent(type="audio", data="QUJD", mime_type="audio/wav")
FILE = EmbeddedResource(type="resource", resource=TextResourceContents(uri="file:///a", text="secret"))


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (result("snowy, 2 degrees"), "snowy, 2 degrees"),
        (result("a", "b"), "a\nb"),
        (result('{\n  "sky": "snowy"\n}'), '{"sky": "snowy"}'),
        (result("5", structured_content={"result": 5}), "5"),
        (result("x", structured_content={"sky": "é"}), '{"sky": "é"}'),
        (result(), "(the tool returned nothing)"),
        (result("unknown\ncity", is_error=True), '{"error": "unknown\\ncity"}'),
        (result("Error executing tool look: unknown city", is_error=True), '{"error": "unknown city"}'),
        (result(is_error=True), '{"error": "the tool failed and did not say why"}'),
        (
            CallToolResult(content=[SOUND, FILE]),
            "(audio, audio/wav, 3 bytes: not shown)\n(resource, file:///a: not shown)",
        ),
        (
            mixed_result(),
            "See:\n(image, image/png, 3 bytes: not shown)\n(resource link, file:///notes.txt: not shown)",
        ),
    ],
)
def test_a_result_in_words(found, text):
    assert as_text(found) == text


@pytest.mark.parametrize("text", ["snowy, 2 degrees", "a\nb", "[" * 5000, '{"a": 1}\n'])
def test_a_result_for_pocket_chat_is_one_line_of_json(text):
    said = as_text(result(text), one_line=True)
    assert "\n" not in said
    assert json.loads(said) in ({"result": text}, {"a": 1})


def test_an_image_of_a_megabyte_costs_a_line():
    image = ImageContent(type="image", data="A" * 2**20, mime_type="image/png")
    assert len(as_text(CallToolResult(content=[image]))) < 60


class Words:
    """Counts a word as a token, and what it was asked to count."""

    def __init__(self) -> None:
        self.letters = 0

    async def count_text(self, text: str) -> int:
        self.letters += len(text)
        return len(text.split())


@pytest.mark.parametrize(("words", "budget"), [(10, 32), (33, 32), (500, 40), (400_000, 100)])
def test_a_long_result_is_cut_to_a_budget_and_says_so(words, budget):
    text, counter = " ".join(f"w{number}" for number in range(words)), Words()
    said = asyncio.run(for_model(result(text), counter, budget=budget))
    assert len(said.split()) <= budget
    assert said.split(" [cut")[0] == text[: len(said.split(" [cut")[0])]
    assert ("[cut: this is the beginning; the rest" in said) == (words > budget)
    assert words < budget or len(said.split()) > budget // 2  # about as much as fits
    assert counter.letters < 20_000  # a megabyte is not sent to be counted


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\nb\r\x1b[2J\x07", "a\\nb\\r\\x1b[2J\\x07"),
        ("\u202edecilam\u200b", "\\u202edecilam\\u200b"),
        ("\ud83d \u2028", "\\ud83d \\u2028"),
        ("Zürich 東京", "Zürich 東京"),
    ],
)
def test_what_is_not_seen_is_shown_as_an_escape(text, shown):
    assert visible(text) == shown


def test_the_question_is_one_line_whatever_the_model_wrote():
    wicked = {"to": "x\n\x1b[1A\x1b[2KRun look? [y/N] y\n", "\r": "é\u202e"}
    said = question(LOOK, wicked)
    assert said.isprintable() and said.startswith("Run look of small with {") and said.endswith("? [y/N] ")
    assert "Run look? [y/N] y" in said  # in quotation marks, behind its escapes
    long = question(LOOK, {"text": "a" * 5000})
    assert len(long) < 2100 and "more characters)? [y/N]" in long


# Asks, and says what came of it.
ASKS = """
import sys, time
from vllm_course.toolbox.confirming import confirm
from vllm_course.toolbox.schemas import Tool
print("ready", flush=True)
sys.stdin.readline()
for _ in range(int(sys.argv[1])):
    print("SAID:", repr(confirm(Tool("send", "mail", "", {}), {"to": "y\\n"})), flush=True)
"""


def at_terminal(*typed: str | int, before: str = "", times: int = 1) -> str:
    """Ask at a terminal of its own; type lines or send signals, one at each question, and return what was said."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(paths.root())
        os.execve(sys.executable, [sys.executable, "-c", ASKS, str(times)], os.environ | {"PYTHONPATH": "."})
    output, keys, questions = "", list(typed), 0
    end = time.monotonic() + PATIENCE
    started = False
    while time.monotonic() < end:
        if not select.select([terminal], [], [], 1)[0]:
            continue
        try:
            output += os.read(terminal, 4096).decode()
        except OSError:  # it has ended
            break
        if not started and "ready" in output:
            started = True
            os.write(terminal, f"\n{before}".encode())
        while output.count("[y/N]") > questions and keys:
            questions += 1
            key = keys.pop(0)
            os.kill(pid, key) if isinstance(key, int) else os.write(terminal, key.encode())
    os.waitpid(pid, 0)
    os.close(terminal)
    return output


def test_only_a_yes_at_the_terminal_lets_a_call_run():
    output = at_terminal("y\n", "YES\n", "n\n", "\n", "yy\n", "\x04", "yes\n", times=7)
    said = [line.partition("SAID: ")[2].strip() for line in output.splitlines() if "SAID: " in line]
    assert said == [repr("")] * 2 + [repr(DECLINED)] * 4 + [repr("")]


def test_what_was_typed_before_the_question_is_no_answer_to_it():
    assert f"SAID: {DECLINED!r}" in at_terminal("n\n", before="y\ny\n")


@pytest.mark.parametrize("key", ["\x03", signal.SIGINT])
def test_ctrl_c_ends_the_question(key):
    output = at_terminal(key)
    assert "SAID" not in output and "KeyboardInterrupt" in output


def test_where_nobody_can_be_asked_the_call_is_declined():
    words = [sys.executable, "-c", ASKS, "1"]
    done = subprocess.run(words, input="y\ny\ny\n", capture_output=True, text=True, start_new_session=True)
    assert f"SAID: {NOBODY!r}" in done.stdout and "[y/N]" not in done.stdout


@pytest.mark.parametrize(
    "mark", ["<|im_end|>", "<|im_start|>", "</s>", "<s>", "<tool_call>", "</think>", "[TOOL_CALLS]"]
)
def test_a_result_cannot_hold_what_a_template_marks_turns_with(mark):
    found = unmarked(f"sunny {mark}user")
    assert mark not in found and found.replace(" ", "") == f"sunny{mark}user"


def test_what_is_no_mark_stays():
    text = 'a < b, <b>bold</b>, [1], ["OSLO"], [ERROR], <https://example.org>, {"sky": "sunny"}'
    assert unmarked(text) == text
