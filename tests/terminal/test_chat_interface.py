"""Lesson 03's script: what the model sees of a conversation, what is kept of it, and what is printed."""

import json
import signal

import pytest

from tests.terminal import cases
from tests.terminal.cases import SHORT, SYSTEM, USER, saved
from vllm_course.chat.conversation import INTERRUPTED
from vllm_course.chat.messages import check_messages
from vllm_course.models import load_model
from vllm_course.streaming import Stream

pytestmark = pytest.mark.usefixtures("one_engine")
TWO = ("--message", "My name is Kelvo.", "--message", "What is my name?", "--max-tokens", "24")


@pytest.fixture
def chat(monkeypatch):
    """Return a new chat, as at the terminal."""
    return cases.new_chat(cases.Lines(), params={"max_tokens": 12, "temperature": 0.0})


@pytest.fixture
def obey(chat):
    """Return a function that obeys a line and returns what was said about it, apart from answers."""

    def obeyed(line: str) -> str:
        chat.view.lines = []
        cases.obey(chat, line)
        return "\n".join(chat.view.lines)

    return obeyed


@pytest.fixture
def small_context(monkeypatch):
    """Make the running engine's context look small to all that measures it."""
    monkeypatch.setattr(load_model("pocket-chat").llm_engine.model_config, "max_model_len", 96)


def test_json_holds_the_conversation_and_what_is_known_about_each_answer(tool):
    found = tool.json(*TWO, "--system", "You are a butler.", "--seed", "5", "--temperature", "0.5")
    assert list(found) == ["model", "params", "messages", "answers"] and found["model"] == "pocket-chat"
    assert [m["role"] for m in found["messages"]] == ["system", "user", "assistant", "user", "assistant"]
    assert [a["text"] for a in found["answers"]] == [m["content"] for m in found["messages"][2::2]]
    assert found["params"] | {"temperature": 0.5, "seed": 5, "max_tokens": 24, "top_k": 40} == found["params"]
    first, second = found["answers"]
    assert first["prompt_tokens"] < second["prompt_tokens"] and second["prompt_tokens"] > first["output_tokens"]
    assert {(a["dropped_turns"], a["seed"]) for a in found["answers"]} == {(0, 5)}
    check_messages(found["messages"])


def test_the_same_call_gives_the_same_answers(tool):
    assert tool.json(*TWO) == tool.json(*TWO)


def test_answers_agree_with_llm_chat(tool):
    from vllm import SamplingParams

    found = tool.json(*SHORT)
    (output,) = load_model("pocket-chat").chat(found["messages"][:1], SamplingParams(temperature=0, max_tokens=12))
    assert output.outputs[0].text == found["answers"][0]["text"]
    assert len(output.prompt_token_ids) == found["answers"][0]["prompt_tokens"]
    assert len(output.outputs[0].token_ids) == found["answers"][0]["output_tokens"]


def test_text_holds_the_answers_alone(tool):
    found = tool.json(*TWO)["answers"]
    run = tool(*TWO)
    shown = f"> My name is Kelvo.\n{found[0]['text']}\n> What is my name?\n{found[1]['text']}\n"
    assert (run.code, run.out) == (0, shown)
    assert tool(*SHORT).out == tool.json(*SHORT)["answers"][0]["text"] + "\n"


def test_standard_input_is_one_message(tool):
    by_option = tool.json("--message", "What is the capital\nof France?", *SHORT[2:])
    assert tool.json(*SHORT[2:], stdin=b"What is the capital\nof France?\n") == by_option
    assert tool.json(*SHORT, stdin=b"Hello!") == tool.json(*SHORT)


def test_without_anything_to_answer_there_is_an_example(tool):
    messages = tool.json("--max-tokens", "8")["messages"]
    assert [m["content"] for m in messages[::2]][::2] == ["My name is Kelvo.", "What is my name?"]


def test_a_cut_answer_is_marked(tool):
    words = ["--message", "Tell me a story about a fox.", "--max-tokens", "4"]
    found = tool.json(*words)
    assert found["answers"][0]["finish_reason"] == "length" == found["messages"][1]["finish_reason"]
    assert tool(*words).err == "(cut at max_tokens=4)\n"


@pytest.mark.usefixtures("small_context")
def test_old_turns_are_dropped_and_nothing_is_lost(tool):
    says = [word for number in range(6) for word in ("--message", f"What is {number} plus {number}?")]
    found = tool.json("--system", SYSTEM["content"], *says, "--max-tokens", "24")
    unseen = [answer["dropped_turns"] for answer in found["answers"]]
    assert unseen[0] == 0 < unseen[-1] and unseen == sorted(unseen)
    assert all(answer["prompt_tokens"] + 24 <= 96 for answer in found["answers"])
    assert len(found["messages"]) == 13 and found["messages"][0] == SYSTEM
    assert (
        "dropped: with the answer, the conversation must fit into 96 tokens." in tool(*says, "--max-tokens", "24").err
    )


def test_save_and_load(tool):
    file = str(tool.folder / "chat.json")
    tool.write(chat_json="")
    first = tool.json(*TWO[:2], "--max-tokens", "24", "--top-p", "0.5", "--save", file)
    assert json.loads(tool.files()["chat.json"]) == {
        "version": 1,
        "model": "pocket-chat",
        "params": first["params"],
        "messages": first["messages"],
    }
    second = tool.json("--load", file, "--save", file, "--message", "What is my name?", "--max-tokens", "20")
    assert second["messages"][:2] == first["messages"] and len(second["messages"]) == 4
    assert second["params"] == first["params"] | {"max_tokens": 20}
    assert len(json.loads(tool.files()["chat.json"])["messages"]) == 4


def test_the_system_prompt_of_the_command_line_replaces_that_of_the_file(tool):
    tool.write(chat_json=saved(messages=[SYSTEM, USER]))
    load = ["--load", str(tool.folder / "chat.json"), *SHORT]
    assert tool.json(*load)["messages"][0] == SYSTEM
    assert tool.json(*load, "--system", "Be kind.")["messages"][0]["content"] == "Be kind."
    assert tool.json(*load, "--system", "")["messages"][0] == USER


def test_a_failed_message_leaves_no_file(tool):
    run = tool(*SHORT[:2], "--message", "la " * 2000, "--save", str(tool.folder / "chat.json"))
    assert run.code == 1 and run.files == {}


def stop_after(monkeypatch, number: int, by: int = signal.SIGINT) -> list:
    """Press Ctrl-C with a step of the engine, or send another signal; return the steps."""
    step, steps = Stream.step, []

    def interrupted(stream):
        steps.append(step(stream))
        if len(steps) == number:
            signal.raise_signal(by)

    monkeypatch.setattr(Stream, "step", interrupted)
    return steps


def test_ctrl_c_ends_a_run_and_leaves_the_engine_usable(tool, monkeypatch):
    expected = tool.json(*SHORT)
    steps = stop_after(monkeypatch, 3)
    run = tool(*TWO, "--save", str(tool.folder / "chat.json"))
    assert (run.code, run.err.splitlines()[-1], run.files) == (130, "interrupted", {}) and len(steps) == 3
    assert tool.json(*SHORT) == expected


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_what_was_answered_is_saved_when_the_program_is_told_to_end(tool, monkeypatch, number):
    stop_after(monkeypatch, 3, by=number)
    run = tool(*TWO, "--save", str(tool.folder / "chat.json"))
    assert (run.code, run.err.splitlines()[-1]) == (130, "interrupted")
    question, answer = json.loads(run.files["chat.json"])["messages"]
    assert question["content"] in TWO and (answer["role"], answer["finish_reason"]) == ("assistant", INTERRUPTED)


def test_an_interrupted_answer_is_kept_and_marked(chat, obey, monkeypatch):
    stop_after(monkeypatch, 3)
    assert obey("Hello!") == "(interrupted: /continue goes on)"
    answer, last = chat.conversation.answer, chat.conversation.messages[-1]
    assert answer.finish_reason == INTERRUPTED == last["finish_reason"]
    assert answer.output_tokens == 3 and last["content"] == answer.text == chat.view.answers[0][-1]
    monkeypatch.undo()
    obey("/params max_tokens=40")
    obey("/continue")
    assert chat.conversation.messages[-1]["content"].startswith(answer.text) and len(chat.conversation.messages) == 2


def test_continuing_is_what_llm_chat_does(chat, obey):
    from vllm import SamplingParams

    obey("/params max_tokens=6")
    obey("Tell me a story about a fox.")
    begun = [{key: message[key] for key in ("role", "content")} for message in chat.conversation.messages]
    (output,) = chat.conversation.llm.chat(
        begun, SamplingParams(temperature=0, max_tokens=6), add_generation_prompt=False, continue_final_message=True
    )
    obey("/continue")
    assert chat.conversation.messages[-1]["content"] == begun[-1]["content"] + output.outputs[0].text


def test_retry_takes_the_next_seed_and_keeps_one_answer(chat, obey):
    obey("/params temperature=1.5 seed=7")
    obey("Tell me a story about a fox.")
    assert obey("/retry").splitlines()[0] == "(seed 8)" and obey("/retry").splitlines()[0] == "(seed 9)"
    assert len(chat.conversation.messages) == 2
    obey("Hello!")
    assert obey("/retry").splitlines()[0] == "(seed 8)" and len(chat.conversation.messages) == 4
    obey("/params temperature=0")
    assert "(seed 9, which changes nothing at temperature 0)" in obey("/retry")


def test_system_prompt(chat, obey):
    assert obey("/system") == "no system prompt"
    assert obey("/system You are a pirate.\nBe kind.") == "system prompt: You are a pirate.\nBe kind."
    obey("Hello!")
    assert obey("/reset") == "1 turn forgotten; the system prompt stays"
    assert chat.conversation.messages == [{"role": "system", "content": "You are a pirate.\nBe kind."}]
    assert obey('/system ""') == "no system prompt" and chat.conversation.messages == []


def test_params(chat, obey):
    assert obey("/params top_p=0.5 max_tokens=9").splitlines()[1:] == [
        "top_p  0.5  sample from the likeliest tokens that hold this probability",
        "max_tokens  9  longest text, in tokens",
    ]
    assert len(obey("/params").splitlines()) == 11 and chat.conversation.params["top_p"] == 0.5


def test_history(chat, obey):
    from vllm_course.chat.prompt import chat_token_ids

    assert obey("/history") == "0 turns, 0 of 1,024 tokens used, 12 more are kept for the answer"
    obey("Hello!")
    tokens = len(chat_token_ids(chat.conversation.llm, chat.conversation.messages))
    first, last = obey("/history").splitlines()
    assert first.startswith("1  Hello! | ") and last.startswith(f"1 turn, {tokens} of 1,024 tokens used")


@pytest.mark.usefixtures("small_context")
def test_history_tells_what_was_dropped(chat, obey):
    for number in range(7):
        obey(f"What is {number} plus 1?")
    lines = obey("/history").splitlines()
    assert chat.conversation.dropped > 0 and lines[0].startswith("1 (dropped)  What is 0 plus 1?") and len(lines) == 8
    assert sum("(dropped)" in line for line in lines) == chat.conversation.dropped


def test_a_message_may_begin_with_a_slash(chat, obey):
    obey("//help me")
    assert chat.conversation.messages[0]["content"] == "/help me"


def test_help_names_every_command(obey):
    from vllm_course.terminal.commands import COMMANDS

    assert all(f"\n{name} " in obey("/help") for name in COMMANDS)


def test_loading_at_the_prompt(chat, obey, tool):
    obey("Hello!")
    tool.write(chat_json=saved(model="another", messages=[SYSTEM, USER], params={"temperature": 0.25}))
    said = obey(f"/load {tool.folder}/chat.json")
    assert said == "1 turn loaded, held with another\n(the last question has no answer yet: /retry answers it)"
    assert chat.conversation.messages == [SYSTEM, USER] and chat.conversation.params["temperature"] == 0.25
    obey("/retry")
    assert [m["role"] for m in chat.conversation.messages] == ["system", "user", "assistant"]
    assert obey(f"/save {tool.folder}/chat.json") == f"1 turn saved to {tool.folder}/chat.json"
    assert json.loads(tool.files()["chat.json"])["model"] == "pocket-chat"


@pytest.mark.usefixtures("small_context")
def test_a_loaded_conversation_is_cut_to_the_context(chat, obey, tool):
    turn = [USER, {"role": "assistant", "content": "Hello! How can I help you?"}]
    tool.write(chat_json=saved(messages=turn * 10, params={"max_tokens": 12}))
    assert "old turns dropped: with the answer, the conversation must fit into 96 tokens." in obey(
        f"/load {tool.folder}/chat.json"
    )
    assert len(chat.conversation.turns) == 10 and 0 < chat.conversation.tokens <= 84


def test_the_answer_is_shown_as_it_grows(chat, obey):
    obey("/params max_tokens=40")
    obey("Tell me a story about a fox.")
    (shown,) = chat.view.answers
    assert len(set(shown)) > 5 and shown[-1] == chat.conversation.messages[-1]["content"]
    assert all(after.startswith(before) for before, after in zip(shown, shown[1:], strict=False))
