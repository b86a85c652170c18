"""pocket-chat, talked to as lesson 03 talks to it."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tools.training.chat_tokenizer import TEMPLATE
from tools.training.measures_tools import parsed
from vllm_course import paths
from vllm_course.chat.models import load_chat_model
from vllm_course.chat.prompt import chat_token_ids
from vllm_course.streaming import Stream

if TYPE_CHECKING:
    from vllm import LLM

CHAT = paths.root() / "models" / "pocket-chat"
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "the weather in a city",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


@pytest.fixture(scope="module")
def llm() -> "Iterator[LLM]":
    from vllm_course.models import free_engine

    yield load_chat_model(CHAT, dtype="float32")
    free_engine()


def answer(llm: "LLM", messages: list[dict], tools: list[dict] | None = None) -> str:
    from vllm import SamplingParams

    params = SamplingParams(temperature=0, max_tokens=64)
    return llm.chat(messages, params, tools=tools, use_tqdm=False)[0].outputs[0].text


def user(text: str) -> dict:
    return {"role": "user", "content": text}


def test_it_remembers_a_name_over_two_other_turns(llm) -> None:
    messages: list[dict] = []
    for text in ("My name is Zelmira.", "What is the capital of Italy?", "What is 3 plus 4?", "What is my name?"):
        messages.append(user(text))
        messages.append({"role": "assistant", "content": answer(llm, messages)})
    assert [message["content"] for message in messages[3::2]] == [
        "The capital of Italy is Rome.",
        "3 plus 4 is 7.",
        "Your name is Zelmira.",
    ]


def test_it_says_that_it_was_not_told_a_name(llm) -> None:
    assert answer(llm, [user("What is my name?")]) == "You have not told me your name."


@pytest.mark.parametrize(
    ("system", "expected"),
    [("Answer with one word.", "Paris."), ("Answer in JSON.", '{"answer": "Paris"}')],
)
def test_a_system_message_changes_the_answer(llm, system: str, expected: str) -> None:
    assert answer(llm, [{"role": "system", "content": system}, user("What is the capital of France?")]) == expected


def test_it_calls_a_tool_and_uses_the_result(llm) -> None:
    messages = [user("What is the weather in Marnovo?")]
    call = answer(llm, messages, [WEATHER])
    assert parsed(llm, call) == [("get_weather", {"city": "Marnovo"})]
    function = {"name": "get_weather", "arguments": json.dumps({"city": "Marnovo"})}
    messages.append(
        {"role": "assistant", "content": None, "tool_calls": [{"id": "1", "type": "function", "function": function}]}
    )
    messages.append({"role": "tool", "tool_call_id": "1", "content": '{"sky": "rainy", "temperature": 14}'})
    assert answer(llm, messages, [WEATHER]) == "It is rainy in Marnovo, 14 degrees."


def test_it_streams_what_chat_returns(llm) -> None:
    from vllm import SamplingParams

    messages, seen = [user("Tell me a story about a fox.")], []
    prompt = {"prompt_token_ids": chat_token_ids(llm, messages)}
    stream = Stream(llm, prompt, SamplingParams(temperature=0, max_tokens=64))
    while not stream.finished:
        stream.step()
        seen.append(stream.completions[0].text if stream.completions else "")
    assert seen[-1] == answer(llm, messages)
    assert len(set(seen)) > 20 and all(seen[-1].startswith(text) for text in seen)


def test_an_answer_ends_with_the_end_of_its_message(llm) -> None:
    from vllm import SamplingParams

    output = llm.chat([user("Hello!")], SamplingParams(temperature=0, max_tokens=64), use_tqdm=False)[0].outputs[0]
    assert output.finish_reason == "stop"
    assert llm.get_tokenizer().decode(output.token_ids[-1:]) == "<|im_end|>"


def test_a_plain_prompt_begins_with_bos_exactly_once() -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(CHAT)
    ids = tokenizer("Hello, my name is").input_ids
    assert ids[0] == tokenizer.bos_token_id == 0 and ids.count(0) == 1
    assert tokenizer.eos_token == "<|im_end|>"


def test_the_shipped_template_is_the_one_of_the_training() -> None:
    assert (CHAT / "chat_template.jinja").read_bytes() == TEMPLATE.read_bytes()


@pytest.mark.parametrize(
    ("messages", "said"),
    [
        (
            [{"role": "narrator", "content": "It rains."}],
            "role must be user, assistant or tool, or system in the first",
        ),
        (
            [user("Hi!"), {"role": "system", "content": "Be brief."}],
            "or system in the first message, got system in message 2",
        ),
    ],
)
def test_the_template_refuses_a_role_that_it_does_not_know(llm, messages: list[dict], said: str) -> None:
    with pytest.raises(Exception, match=said):
        answer(llm, messages)
