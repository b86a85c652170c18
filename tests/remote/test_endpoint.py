"""A model behind HTTP: what it says, what it counts, and one line for each way in which a server fails."""

import asyncio
import contextlib
from typing import Any

import pytest

from tests.remote.cases import CHAT, delta, ends, stream
from tests.serving.cases import free_port
from vllm_course.checks_http.replies import Reply as Answer
from vllm_course.checks_http.server import StandIn
from vllm_course.errors import CourseError, UsageError
from vllm_course.remote.endpoint import Endpoint
from vllm_course.remote.history import fit_messages
from vllm_course.remote.reply import Reply

HELLO = [{"role": "user", "content": "Hello!"}]
TOOLS = [{"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}]


async def asked(server: StandIn, messages=HELLO, *, url: str = "", stop_after: int = 10**6, **options: Any) -> list:
    """Return the texts of a growing answer, and the whole answer last."""
    async with Endpoint(url or server.base_url, **{"timeout": 60} | options) as endpoint:
        texts, reply = [], Reply()
        stream = endpoint.stream(messages, TOOLS, max_tokens=9)
        async for reply in stream:
            texts.append(reply.text)
            if len(texts) == stop_after:
                break
        await stream.aclose()
        return [*texts, reply]


def refusal(server: StandIn, **options: Any) -> str:
    """Return the line with which it fails."""
    with pytest.raises(CourseError) as caught:
        asyncio.run(asked(server, **options))
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_an_answer_grows_and_the_request_holds_what_was_given():
    with StandIn("One two three four.") as server:
        *texts, reply = asyncio.run(asked(server, api_key="secret"))
    assert texts[-1] == "One two three four." and len(set(texts)) > 2
    assert (reply.finish_reason, reply.output_tokens) == ("stop", 4)
    (request,) = server.of(CHAT)
    assert request.headers["authorization"] == "Bearer secret"
    assert (request.body["model"], request.body["tools"], request.body["max_tokens"]) == ("stand-in", TOOLS, 9)


def test_no_proxy_is_asked_for_this_machine(monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    with StandIn() as server:
        assert asyncio.run(asked(server))[-1].text == "I am a stand-in."


@pytest.mark.parametrize("url", ["127.0.0.1:8000", "", "ftp://host/v1", "http://", "file:///etc/passwd"])
def test_what_is_no_address_is_refused(url):
    with pytest.raises(UsageError, match="--base-url must be an address such as"):
        Endpoint(url)


def test_a_wrong_address_key_or_model_is_named():
    with StandIn(key="secret") as server:
        nobody = f"http://127.0.0.1:{free_port()}/v1"
        assert f"the server at {nobody} must be there" in refusal(server, url=nobody)
        assert "must lead to OpenAI's API" in refusal(server, url=server.url, api_key="secret")
        assert "must accept the API key, got 401" in refusal(server, api_key="wrong")
        assert "must accept the API key, got 401" in refusal(server)
        near = refusal(server, api_key="secret", model="standin")
        assert near == "--model must be one that the server serves, got 'standin'. Did you mean stand-in?"
        assert refusal(server, api_key="secret", model="gpt").endswith("It serves stand-in.")


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (Answer(body="<html>Welcome</html>"), "answers with something else"),
        (Answer(body={"hello": 1}), "must serve a model, got none"),
        (Answer(body={"object": "list", "data": []}), "must serve a model, got none"),
        (Answer(503, {"error": {"message": "over\nloaded"}}), "must accept the request, got 503"),
        (Answer(fails="closed"), "must be there"),
    ],
)
def test_what_is_no_model_server_is_refused_at_the_start(answer, says):
    with StandIn(script={"/v1/models": [answer]}) as server:
        assert says in refusal(server)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (stream(delta(content="One"), delta(content="two"), ends("stop"), fails="cut"), "must"),
        (stream(delta(content="One"), done=True), "a stream that ended in the middle"),
        (stream(delta(content="One"), '{"error": {"message": "engine died"}}'), "engine died"),
        (stream(delta(content="One"), "{no json"), "must answer to the end"),
        (stream(delta(content="One"), {"choices": ["odd"]}), "must answer to the end"),
        (stream(delta(content="One"), '"odd"'), "must answer to the end"),
        (Answer(400, {"error": {"message": "context\nlength"}}), "must accept the request, got 400"),
        (Answer(500, "oh \x1b[2J"), "must accept the request, got 500"),
        (Answer(fails="closed"), "must be there"),
    ],
)
def test_a_server_that_fails_in_the_middle_is_one_line(answer, says):
    with StandIn(script={CHAT: [answer]}) as server:
        said = refusal(server)
    assert says in said and said.isprintable()


@pytest.mark.parametrize("fails", ["hang", "trickle"])
def test_an_answer_has_a_time_limit_that_signs_of_life_do_not_move(fails):
    with StandIn(script={CHAT: [Answer(fails=fails)]}, patience=30) as server:
        assert "must answer within 1.5 s" in refusal(server, timeout=1.5)


def test_an_answer_that_is_left_ends_its_request():
    with StandIn("One two three four five six.") as server:
        assert asyncio.run(asked(server, stop_after=2))[-1].finish_reason is None


@contextlib.asynccontextmanager
async def counting(server: StandIn):
    """An endpoint of a server."""
    async with Endpoint(server.base_url) as endpoint:
        yield endpoint


def test_tokens_are_counted_by_the_server_and_estimated_where_it_does_not_count():
    async def counts(server: StandIn) -> tuple:
        async with counting(server) as endpoint:
            return await endpoint.count_text("a b c"), await endpoint.count(HELLO), endpoint.counts_tokens

    with StandIn() as server:
        assert asyncio.run(counts(server)) == (3, 8, True)
    with StandIn(script={"/tokenize": [Answer(404, {"detail": "Not Found"})]}) as server:
        assert asyncio.run(counts(server)) == (2, 13, False)
        assert len(server.of("/tokenize")) == 1


def turn(number: int) -> list[dict]:
    """Return a turn with a call and its result: 4 messages, 16 words of frame and 4 of content."""
    call = [{"id": "1", "type": "function", "function": {"name": "look", "arguments": "{}"}}]
    return [
        {"role": "user", "content": f"question{number}"},
        {"role": "assistant", "content": "", "tool_calls": call},
        {"role": "tool", "tool_call_id": "1", "content": f"result{number}"},
        {"role": "assistant", "content": f"answer{number}"},
    ]


@pytest.mark.parametrize(("context", "dropped"), [(1000, 0), (112, 5), (113, 4), (60, 7), (56, 7)])
def test_the_oldest_turns_go_as_a_whole_and_no_more_than_needed(context, dropped):
    messages = [{"role": "system", "content": "short"}, *sum(map(turn, range(9)), []), HELLO[0]]

    async def fitted(server: StandIn):
        async with counting(server) as endpoint:
            return await fit_messages(endpoint, messages, room=10, tools=TOOLS)

    with StandIn(context=context) as server:
        found = asyncio.run(fitted(server))
    assert found.messages == [messages[0], *messages[1 + 4 * found.dropped :]]
    # 19 a turn, 8 for the system message and the frame, 5 for the question
    assert found.tokens == 19 * (9 - found.dropped) + 13 <= context - 10
    assert found.dropped == 0 or found.tokens + 19 > context - 10
    assert server.of("/tokenize")[-1].body["tools"] == TOOLS


def test_a_last_turn_that_does_not_fit_is_refused():
    async def fitted(server: StandIn):
        async with counting(server) as endpoint:
            await fit_messages(endpoint, [*turn(1), HELLO[0]], room=10)

    with StandIn(context=15) as server, pytest.raises(CourseError, match="must fit into 5 tokens .10 more"):
        asyncio.run(fitted(server))
