"""What a chat with tools shows, keeps and gives up, against the stand-in for a server."""

import asyncio
import json

import pytest

from tests.terminal.cases import Lines
from tests.toolbox.cases import config, left, own, tagged
from tests.toolbox.small import small
from vllm_course.checks_http.server import StandIn
from vllm_course.errors import CourseError, UsageError
from vllm_course.remote.endpoint import Endpoint
from vllm_course.remote.reply import Call
from vllm_course.terminal.view import View
from vllm_course.tool_chat.files import check_save, read_talk
from vllm_course.tool_chat.talk import ToolChat
from vllm_course.toolbox.servers import Toolbox

CALLED = {"role": "assistant", "content": "", "tool_calls": [{"id": "1", "type": "function", "function": {}}]}
TALK = [
    {"role": "user", "content": "How is Oslo?"},
    CALLED,
    {"role": "tool", "tool_call_id": "1", "content": "{}"},
    {"role": "assistant", "content": "Snowy."},
]


def with_chat(use, *, view=None, tools=True, **options):
    """Use a chat with the stand-in and a server in this process."""

    async def opened():
        chat = await ToolChat.open(Endpoint(server.base_url), None, view or Lines(), [])
        chat.toolbox = await Toolbox({"small": small()}, trust_read_only=True).open() if tools else None
        try:
            return await use(chat)
        finally:
            await chat.aclose()

    with StandIn(**options) as server:
        return asyncio.run(opened())


def test_the_user_hears_which_tools_there_are_and_before_which_he_is_asked():
    async def use(chat):
        chat.greet()
        return chat.view.lines

    lines = with_chat(use)
    assert lines[0].startswith("stand-in at http://127.0.0.1:")
    assert lines[1:] == ["Tools: get_weather, add, much, mixed. You are asked before: add, much, mixed."]
    assert len(with_chat(use, tools=False)) == 1


@pytest.mark.parametrize(("context", "expected"), [(1024, (256, 256)), (100, (50, 25)), (100_000, (256, 1000))])
def test_answers_and_results_get_a_share_of_the_context(context, expected):
    async def use(chat):
        return chat.max_tokens, chat.result_tokens

    assert with_chat(use, context=context) == expected


@pytest.mark.parametrize(("model", "one_line"), [("pocket-chat", True), ("llama", False)])
def test_results_are_one_line_of_json_for_the_courses_models(model, one_line):
    async def use(chat):
        return chat.one_line

    assert with_chat(use, model=model) is one_line


def test_old_turns_that_go_are_said_once():
    async def use(chat):
        chat.messages = [{"role": "user", "content": "a b c"}, {"role": "assistant", "content": "d e f"}] * 3
        for _ in range(2):
            fitted = await chat.fit([{"role": "user", "content": "g"}])
        return fitted.dropped, chat.view.lines, len(chat.messages)

    assert with_chat(use, context=60) == (2, ["(2 turns dropped: it must fit into 60 tokens)"], 6)


def test_an_answer_that_only_calls_tools_shows_nothing(capsys):
    async def use(chat):
        for texts in (["", ""], ["", "Os", "Oslo"]):
            with chat.shown() as show:
                for text in texts:
                    show(text)

    with_chat(use, view=View(apart=True))
    assert capsys.readouterr().out == "Oslo\n"


def test_what_a_model_and_a_tool_write_stays_in_its_line(capsys):
    async def use(chat):
        chat.show_call(Call("1", "add\x1b[2J", '{"a":\n1}'), "\r" + "x" * 400 + "\u202e")

    with_chat(use, view=View(apart=True))
    (line,) = capsys.readouterr().err.splitlines()
    assert line.isprintable() and line.startswith('[add\\x1b[2J({"a":\\n1}) -> \\rx') and line.endswith(" ...]")


def test_a_conversation_with_calls_is_saved_and_read_again(tmp_path):
    file = tmp_path / "talk.json"

    async def use(chat):
        chat.messages = TALK
        for _ in range(2):  # the second one replaces the first
            chat.save(file, name="--save")

    with_chat(use, tools=False)
    assert read_talk(file, name="--load") == TALK
    assert json.loads(file.read_text())["model"] == "stand-in"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("no JSON", "must be valid JSON"),
        ({"version": 1, "model": "m"}, "messages must be of type list"),
        ({"version": 1, "model": "m", "messages": []}, "must hold at least one message"),
        ({"version": 1, "model": "m", "messages": [TALK[0] | {"odd": 1}]}, "got 'odd'"),
        ({"version": 1, "model": "m", "messages": [{"role": "fool", "content": "x"}]}, "got 'fool'"),
    ],
)
def test_another_file_is_refused_and_not_replaced(tmp_path, content, says):
    file = tmp_path / "talk.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    with pytest.raises(UsageError, match="--load must be a saved conversation") as caught:
        read_talk(file, name="--load")
    assert says in str(caught.value) and "\n" not in str(caught.value)
    with pytest.raises(UsageError, match="--save must be a saved conversation"):
        check_save(file, name="--save")


def test_a_chat_whose_tools_do_not_start_is_not_opened_and_leaves_nothing():
    tag, env = tagged()

    async def opened():
        servers = config(good=own(env=env), bad={"command": "true", "env": env})
        await ToolChat.open(Endpoint(server.base_url), servers, Lines(), [])

    with StandIn() as server, pytest.raises(CourseError, match="servers.bad must answer as an MCP server"):
        asyncio.run(opened())
    assert left(tag) == []
