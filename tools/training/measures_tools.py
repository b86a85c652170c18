"""Figures of pocket-chat's tool calls, measured with vLLM's own `LLM.chat` and its hermes parser."""

import json
import random
from typing import TYPE_CHECKING

from tools.training.conversations import toolcalls
from tools.training.conversations.words import city
from tools.training.corpus.countries import CAPITALS
from tools.training.measures_chat import MANY, Messages, chat, said, share

if TYPE_CHECKING:
    from vllm import LLM

EACH = 40  # never-seen cities for each tool
KNOWN = ["population", "mayor"]
NEW = ["castle", "speed", "bakery", "rule", "winner"]
"""Properties of tools that no training conversation had."""


def measure_calls(llm: "LLM", *, new: bool = False) -> float:
    """Share of tool calls that vLLM's hermes parser reads, with the right name and the right never-seen argument.

    With ``new`` the tools themselves are ones that no training conversation had.
    """
    right = []
    for function, question, places in _cases(NEW) if new else _known_cases():
        answers = chat(llm, [said(question.format(place)) for place in places], tools=_tools(function))
        (argument,) = function["function"]["parameters"]["properties"]
        name = function["function"]["name"]
        right += [parsed(llm, text) == [(name, {argument: place})] for text, place in zip(answers, places, strict=True)]
    return share(right)


def measure_additions(llm: "LLM") -> float:
    """Share of right calls of ``add`` with two numbers of up to three digits."""
    rng = random.Random(5)
    pairs = [(rng.randint(0, 999), rng.randint(0, 999)) for _ in range(MANY)]
    tools = _tools(toolcalls.tool("add", "adds two numbers", {"a": "integer", "b": "integer"}))
    answers = chat(llm, [said(f"What is {one} plus {two}?") for one, two in pairs], tools=tools)
    calls = [[("add", {"a": one, "b": two})] for one, two in pairs]
    return share([parsed(llm, text) == call for text, call in zip(answers, calls, strict=True)])


def measure_results(llm: "LLM") -> float:
    """Share of answers that say what the tool returned: weather with two values, time, a property."""
    rng = random.Random(6)
    right = []
    for function, question, places in _known_cases():
        talks, values = [], []
        for place in places:
            talk, value = _answered(function, question.format(place), place, rng)
            talks.append(talk)
            values.append([*value, place])
        answers = chat(llm, talks, tools=_tools(function))
        right += [all(value in text for value in found) for text, found in zip(answers, values, strict=True)]
    return share(right)


def measure_restraint(llm: "LLM") -> float:
    """Share of questions about capitals that are answered without a call, though there are tools."""
    tools = _tools(toolcalls.tool("get_weather", "the weather in a city", {"city": "string"}))
    names = list(CAPITALS)[:MANY]
    answers = chat(llm, [said(f"What is the capital of {name}?") for name in names], tools=tools)
    return share(
        [CAPITALS[name] in text and "<tool_call>" not in text for text, name in zip(answers, names, strict=True)]
    )


def parsed(llm: "LLM", text: str) -> list[tuple[str, dict]]:
    """The calls that vLLM's hermes parser finds in an answer; arguments that are no JSON count as no call."""
    from vllm.entrypoints.openai.chat_completion.protocol import ChatCompletionRequest
    from vllm.tool_parsers import ToolParserManager

    parser = ToolParserManager.get_tool_parser("hermes")(llm.get_tokenizer())
    request = ChatCompletionRequest(messages=[], model="pocket-chat")
    calls = parser.extract_tool_calls(text, request).tool_calls
    return [(call.function.name, json.loads(call.function.arguments)) for call in calls]


def _cases(properties: list[str]) -> list[tuple[dict, str, list[str]]]:
    """Tool, question and never-seen cities, for the properties of a city."""
    rng = random.Random(4)
    cases = [(_property_tool(prop), f"What is the {prop} of {{}}?") for prop in properties]
    return [(function, question, [city(rng, held_out=True) for _ in range(EACH)]) for function, question in cases]


def _known_cases() -> list[tuple[dict, str, list[str]]]:
    rng = random.Random(7)
    weather = toolcalls.tool("get_weather", "the weather in a city", {"city": "string"})
    clock = toolcalls.tool("get_time", "the time in a city", {"city": "string"})
    cases = [(weather, "What is the weather in {}?"), (clock, "What time is it in {}?")]
    known = [(function, question, [city(rng, held_out=True) for _ in range(EACH)]) for function, question in cases]
    return known + _cases(KNOWN)


def _property_tool(prop: str) -> dict:
    return toolcalls.tool(f"get_{prop}", f"the {prop} of a city", {"city": "string"})


def _tools(function: dict) -> list[dict]:
    return [function, _property_tool("river")]


def _answered(function: dict, question: str, place: str, rng: random.Random) -> tuple[Messages, list[str]]:
    name = function["function"]["name"]
    results = {
        "get_weather": {"sky": rng.choice(toolcalls.SKIES), "temperature": rng.randint(0, 39)},
        "get_time": {"time": f"{rng.randint(0, 23)}:{rng.randint(0, 59):02}"},
    }
    result = results.get(name) or {name.removeprefix("get_"): rng.randint(100, 9999)}
    call = {"type": "function", "function": {"name": name, "arguments": {"city": place}}}
    talk = [
        {"role": "user", "content": question},
        {"role": "assistant", "content": "", "tool_calls": [call]},
        {"role": "tool", "content": json.dumps(result)},
    ]
    return talk, [str(value) for value in result.values()]
