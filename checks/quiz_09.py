"""What the quiz of lesson 09 says, asked of vLLM: each function returns the figures that it found."""

from functools import cache

from openai.types.chat import ChatCompletionChunk
from transformers import AutoTokenizer
from vllm.entrypoints.openai.chat_completion.protocol import ChatCompletionRequest
from vllm.reasoning import ReasoningParserManager
from vllm.tool_parsers import ToolParserManager
from vllm.tool_parsers.utils import get_json_schema_from_tools

from vllm_course.models import find_model
from vllm_course.remote.reply import Call, Reply
from vllm_course.toolbox.judging import judge
from vllm_course.toolbox.schemas import Tool

QUESTION = [{"role": "user", "content": "What is the weather in Oslo?"}]
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
WEATHER = {"name": "get_weather", "description": "the weather in a city", "parameters": SCHEMA}
TOOLS = [{"type": "function", "function": WEATHER}]
WRITTEN = '<tool_call>{"name": "get_weather", "arguments": {"city": "Oslo"}}</tool_call>'


@cache
def _tokenizer(*more: str):
    found = AutoTokenizer.from_pretrained(find_model("pocket-chat"))
    found.add_tokens(list(more))
    return found


def _request(**more) -> ChatCompletionRequest:
    return ChatCompletionRequest(messages=QUESTION, tools=TOOLS, **more)


def who_runs_it() -> None:
    """What vLLM knows of a tool: words and a schema."""
    known = {*type(_request().tools[0].function).model_fields}
    assert {"name", "description", "parameters"} <= known and not known & {"url", "code", "callable"}


def price_of_tools() -> list[int]:
    """The prompt grows with each tool, and it does so in a second request with the same ones."""
    tools = [{"type": "function", "function": {**WEATHER, "name": f"tool_{number}"}} for number in range(30)]

    def tokens(count: int) -> int:
        return len(_tokenizer().apply_chat_template(QUESTION, tools=tools[:count] or None, tokenize=True)["input_ids"])

    none, one, all_ = map(tokens, (0, 1, 30))
    assert none < one < all_ and all_ - none > 10 * (one - none) and tokens(30) == all_
    return [len(tools)]


def pieces_of_calls() -> list[int]:
    """The course's own collector, fed with such pieces."""
    reply, indexes = Reply(), [0, 0, 1, 0, 1]
    for index in indexes:
        piece = {"index": index, "id": f"call {index}", "function": {"name": "", "arguments": "x"}}
        choice = {"index": 0, "delta": {"tool_calls": [piece]}, "finish_reason": None}
        said = {"id": "a", "object": "chat.completion.chunk", "created": 0, "model": "m", "choices": [choice]}
        reply.add(ChatCompletionChunk.model_validate(said))
    assert [len(call.arguments) for call in reply.calls] == [indexes.count(0), indexes.count(1)]
    return [len(reply.calls), min(indexes)]


def a_call_as_text() -> None:
    """The same text for the parser of its family and for another one."""
    request = _request()
    fits, other = (
        ToolParserManager.get_tool_parser(name)(_tokenizer(), request.tools).extract_tool_calls(WRITTEN, request)
        for name in ("hermes", "pythonic")
    )
    assert [call.function.name for call in fits.tool_calls] == ["get_weather"]
    assert not other.tool_calls and other.content == WRITTEN


def before_a_tool_runs() -> None:
    """Calls that are cut, that do not fit, that nobody offered, and one beside a text."""
    tools = {"get_weather": Tool("get_weather", "places", "", SCHEMA)}
    assert "was cut" in judge(Call("1", "get_weather", '{"city": "Os'), tools, finish_reason="length").problem
    assert "'city' is a required property" in judge(Call("1", "get_weather", "{}"), tools).problem
    assert "no tool is called 'fly'" in judge(Call("1", "fly", "{}"), tools).problem
    request = _request()
    parser = ToolParserManager.get_tool_parser("hermes")(_tokenizer(), request.tools)
    both = parser.extract_tool_calls(f"I look it up. {WRITTEN}", request)
    assert both.tool_calls and both.content


def forced_each_round() -> None:
    """The schema to which vLLM holds such an answer has no place for text."""
    demanded = get_json_schema_from_tools("required", _request(tool_choice="required").tools)
    assert (demanded["type"], demanded["minItems"]) == ("array", 1)


def null_content() -> None:
    """vLLM's reasoning parser, for a text that ends inside its thoughts and for a whole one."""
    parser = ReasoningParserManager.get_reasoning_parser("deepseek_r1")(_tokenizer("<think>", "</think>"))
    assert parser.extract_reasoning("<think>Oslo? N", _request()) == ("Oslo? N", None)
    assert parser.extract_reasoning("<think>Oslo? No.</think>Paris.", _request()) == ("Oslo? No.", "Paris.")
