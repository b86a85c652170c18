"""An answer is collected from pieces, whichever way a server cuts it."""

import pytest
from openai.types.chat import ChatCompletionChunk

from tests.remote.cases import delta, ends, piece
from vllm_course.remote.reply import Reply, read_arguments

FRAME = {"id": "1", "object": "chat.completion.chunk", "created": 0, "model": "m", "choices": []}
USAGE = {"usage": {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}}
CITY = '{"city": "Oslo"}'


def collected(*chunks: dict) -> Reply:
    """Return the answer that some chunks bring."""
    reply = Reply()
    for chunk in chunks:
        reply.add(ChatCompletionChunk.construct(**FRAME | chunk) if "choices" in chunk else built(chunk))
    return reply


def built(chunk: dict) -> ChatCompletionChunk:
    """Return a chunk without choices."""
    return ChatCompletionChunk.model_validate(FRAME | chunk)


def test_text_usage_and_the_end_are_collected_and_empty_choices_passed_over():
    reply = collected(
        delta(role="assistant", content=""), delta(content="Os"), delta(content="lo"), ends("stop"), USAGE
    )
    assert (reply.text, reply.finish_reason, reply.calls) == ("Oslo", "stop", [])
    assert (reply.prompt_tokens, reply.output_tokens) == (7, 3)
    assert reply.message == {"role": "assistant", "content": "Oslo"}


@pytest.mark.parametrize(
    "pieces",
    [
        [piece(0, "look", "", id="a"), *(piece(0, None, letter) for letter in CITY)],  # vLLM
        [piece(0, "look", CITY, id="a")],  # all at once
        [piece(0, "look", "", id="a"), piece(0, "look", CITY, id="a")],  # the name in every piece
        [piece(None, "look", "", id="a"), piece(None, None, CITY)],  # no number
        [delta(role="assistant", content=None), piece(0, "look", None, id="a"), piece(0, None, CITY)],
    ],
)
def test_a_call_is_collected_from_its_pieces(pieces):
    (call,) = collected(*pieces, ends("tool_calls")).calls
    assert (call.id, call.name, call.arguments) == ("a", "look", CITY)


def test_calls_side_by_side_are_kept_apart_also_when_their_pieces_mix():
    first, second = piece(0, "look", '{"a"', id="x"), piece(1, "see", '{"b"', id="y")
    reply = collected(first, second, piece(0, None, ": 1}"), piece(1, None, ": 2}"))
    assert [(c.id, c.name, c.arguments) for c in reply.calls] == [("x", "look", '{"a": 1}'), ("y", "see", '{"b": 2}')]
    assert [one["id"] for one in reply.message["tool_calls"]] == ["x", "y"]


def test_calls_without_a_number_are_told_apart_by_their_ids_and_one_without_an_id_gets_one():
    calls = collected(piece(None, "a", "{}", id="x"), piece(None, "b", "{", id="y"), piece(None, None, "}")).calls
    assert [(call.id, call.name, call.arguments) for call in calls] == [("x", "a", "{}"), ("y", "b", "{}")]
    assert collected(piece(0, "a", "{}")).calls[0].id == "call_0"


@pytest.mark.parametrize("name", ["reasoning", "reasoning_content"])
def test_reasoning_is_kept_apart_from_the_text(name):
    reply = collected(delta(**{name: "Hm, "}), delta(**{name: "Oslo?"}), delta(content="Oslo."))
    assert (reply.reasoning, reply.text) == ("Hm, Oslo?", "Oslo.")
    assert reply.message == {"role": "assistant", "content": "Oslo."}


@pytest.mark.parametrize(
    "text", ['{"city": "Os', '"Oslo"', "[1]", "null", '{"a": NaN}', "[" * 9999, '{"a": "\\ud83d"}']
)
def test_arguments_that_are_no_object_are_none_and_not_sent_back_to_the_server(text):
    assert read_arguments(text) is None
    (said,) = collected(piece(0, "look", text, id="a")).message["tool_calls"]
    assert said["function"] == {"name": "look", "arguments": "{}"}
