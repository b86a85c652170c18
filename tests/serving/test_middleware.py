"""The part in front of vLLM's routes gives `max_tokens` where a request names none, and changes nothing else."""

import asyncio
import json

import pytest

from vllm_course.serving.defaults import ROUTES, VARIABLE, MaxTokens

PLAIN = {"prompt": "Hi", "temperature": 1e-05, "seed": 2**63 - 1, "stop": ["é", "\ud83d"]}


def received(body, *, path="/v1/completions", method="POST", kind="http", root="", gone=False) -> list[dict]:
    """Return the messages that the app behind it receives for a body, which may come in pieces."""
    pieces = body if isinstance(body, list) else [body]
    sent = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]
    sent = sent if gone else [*sent[:-1], sent[-1] | {"more_body": False}]
    sent, found = iter([*sent, {"type": "http.disconnect"}]), []

    async def receive():
        return next(sent)

    async def app(scope, receive, send):
        found.append(await receive())
        while found[-1]["type"] != "http.disconnect":
            found.append(await receive())

    scope = {"type": kind, "method": method, "path": root + path, "root_path": root}
    asyncio.run(MaxTokens(app, tokens=64)(scope, receive, None))
    return found


def body_of(messages: list[dict]) -> bytes:
    return b"".join(message.get("body", b"") for message in messages)


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize("root", ["", "/behind/a/proxy"])
def test_a_request_without_it_gets_it(path, root):
    messages = received(json.dumps(PLAIN).encode(), path=path, root=root)
    assert json.loads(body_of(messages)) == PLAIN | {ROUTES[path][0]: 64}
    assert [message["type"] for message in messages] == ["http.request", "http.disconnect"]


@pytest.mark.parametrize("path", ROUTES)
def test_a_request_with_it_is_passed_byte_by_byte(path):
    for name in ROUTES[path]:
        body = b'{ "prompt" :"Hi",  "%s":5, "top_p": 1.0e0}' % name.encode()
        assert body_of(received(body, path=path)) == body


def test_null_is_no_value():
    found = json.loads(body_of(received(b'{"max_tokens": null, "max_completion_tokens": null}')))
    assert found == {"max_tokens": 64, "max_completion_tokens": None}
    body = b'{"max_tokens": null, "max_completion_tokens": 5}'
    assert body_of(received(body, path="/v1/chat/completions")) == body


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[1]", b"7", b"null", b'"max"', b"\xff", b'{"a": ' * 100_000, b"x" * 1_000_000]
)
def test_what_is_no_object_is_left_to_vllm(body):
    assert body_of(received(body)) == body


@pytest.mark.parametrize(
    "other",
    [
        {"path": "/v1/models"},
        {"path": "/tokenize"},
        {"method": "GET"},
        {"kind": "websocket"},
        {"path": "/v1/completions/x"},
    ],
)
def test_other_requests_are_passed_as_they_are(other):
    pieces = [b'{"prompt":', b'"Hi"}']
    assert [message.get("body") for message in received(pieces, **other)] == [*pieces, None]


def test_a_body_in_pieces_is_put_together():
    messages = received([b'{"prompt": ', b'"\xc3', b'\xa9"}'])
    assert json.loads(body_of(messages)) == {"prompt": "é", "max_tokens": 64}


def test_a_client_that_goes_away_is_noticed():
    assert received([b'{"prompt": '], gone=True) == [{"type": "http.disconnect"}]


def test_the_body_is_not_read_before_the_app_asks_for_it():
    """What asks for the API key is behind this, and refuses a request without reading it."""

    async def receive():
        raise AssertionError("the body was read")

    async def app(scope, receive, send):
        pass

    scope = {"type": "http", "method": "POST", "path": "/v1/completions"}
    asyncio.run(MaxTokens(app, tokens=64)(scope, receive, None))


def test_the_default_comes_from_the_environment(monkeypatch):
    monkeypatch.setenv(VARIABLE, "12")
    assert MaxTokens(None).tokens == 12


def test_events_that_are_no_requests_pass():
    kinds = []

    async def app(scope, receive, send):
        kinds.append(scope["type"])

    asyncio.run(MaxTokens(app, tokens=1)({"type": "lifespan"}, None, None))
    assert kinds == ["lifespan"]
