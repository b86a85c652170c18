"""Under load no request is lost: each is a row with its times and how it ended."""

import asyncio
import functools
import http.server
import json
import signal
import threading
import time
from types import SimpleNamespace

import httpx
import pytest

from vllm_course import CourseError
from vllm_course.serving.load import load

COLUMNS = ["client", "start", "ttft", "seconds", "tokens", "status"]
TEXT = {"choices": [{"text": "a"}]}
USAGE = {"choices": [], "usage": {"completion_tokens": 7}}


def test_200_requests_at_once_and_none_is_lost(running):
    before = running.metrics()
    prompts = [f"Story {number}: once upon a time" for number in range(200)]
    found = load(running, prompts, clients=200, max_tokens=16, ignore_eos=True, temperature=0)
    assert list(found.columns) == COLUMNS and len(found) == 200
    assert (found.status == 200).all() and (found.tokens == 16).all()
    assert sorted(found.client) == list(range(200))
    assert (found.ttft > 0).all() and (found.seconds >= found.ttft).all() and (found.start >= 0).all()
    added = running.metrics() - before
    assert added["vllm:generation_tokens_total"] == 200 * 16
    assert added['vllm:request_success_total{finished_reason="length"}'] == 200


def test_texts_are_completed_and_messages_answered(running):
    asked = [{"role": "user", "content": "What is the capital of France?"}]
    found = load(running, ["The capital of France is", asked], clients=1, max_tokens=12, temperature=0)
    assert found.status.to_list() == [200, 200] and found.client.to_list() == [0, 0]
    assert found.start[1] >= found.seconds[0] and found.ttft.notna().all()


def test_what_the_server_refuses_is_a_row(running):
    found = load(running, ["Hello", "word " * 2000], clients=2, max_tokens=4)
    assert found.status.to_list() == [200, 400] and found.tokens.to_list() == [4, 0]
    assert found.ttft.isna().to_list() == [False, True] and found.seconds.notna().all()


@pytest.fixture
def scripted():
    """Return a server that answers each request with the next of these events, and the list of them."""
    answers = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.server.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            code, events = answers.pop(0)
            if code is None:
                return
            self.send_response(code)
            self.end_headers()
            for event in events:
                time.sleep(event if isinstance(event, float) else 0)
                self.wfile.write(b"" if isinstance(event, float) else b"data: %s\n\n" % _line(event))

        def log_message(self, *_: object) -> None:
            """Write nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.bodies = []
    threading.Thread(target=server.serve_forever).start()
    url = f"http://127.0.0.1:{server.server_port}"
    yield SimpleNamespace(url=url, model="m", http=httpx.Client(base_url=url), answers=answers, bodies=server.bodies)
    server.shutdown()
    server.server_close()


def _line(event: dict | str) -> bytes:
    return event.encode() if isinstance(event, str) else json.dumps(event).encode()


@pytest.mark.parametrize(
    ("answer", "status", "tokens"),
    [
        ((200, [TEXT, USAGE, "[DONE]"]), 200, 7),
        ((200, [TEXT, '{"choices": []}\n\n: a comment', "[DONE]"]), 200, 0),
        ((200, [TEXT]), "cut", 0),
        ((503, []), 503, 0),
        ((200, [{"error": {"code": 500, "message": "EngineCore"}}, "[DONE]"]), 500, 0),
        ((None, []), "RemoteProtocolError", 0),
    ],
)
def test_how_a_request_ended(scripted, answer, status, tokens):
    scripted.answers += [(200, [TEXT, USAGE, "[DONE]"]), answer]
    found = load(scripted, ["one", "two"], clients=1, max_tokens=3)
    assert found.status.to_list() == [200, status] and found.tokens.to_list() == [7, tokens]
    streams = {"stream": True, "stream_options": {"include_usage": True}}
    assert scripted.bodies[0] == {"prompt": "one", "max_tokens": 3, "model": "m"} | streams


def test_the_first_token_is_the_first_text(scripted):
    role, empty = {"delta": {"role": "assistant", "content": ""}}, {"text": ""}
    said = {"choices": [{"delta": {"content": "a"}}]}
    scripted.answers.append((200, [{"choices": [role]}, {"choices": [empty]}, 0.2, said, 0.3, said, "[DONE]"]))
    (row,) = load(scripted, [[{"role": "user", "content": "Hi"}]], clients=3).to_dict("records")
    assert 0.2 <= row["ttft"] < row["seconds"] - 0.1
    assert scripted.bodies[0]["messages"] == [{"role": "user", "content": "Hi"}]


def test_clients_send_at_once_and_each_takes_the_next_prompt(scripted):
    scripted.answers += [(200, [pause, TEXT, USAGE, "[DONE]"]) for pause in (1.0, 0.6, 0.1)]
    begun = time.monotonic()
    found = load(scripted, ["one", "two", "three"], clients=2, model="other")
    whole = time.monotonic() - begun
    assert scripted.bodies[2]["prompt"] == "three" and scripted.bodies[2]["model"] == "other"
    assert set(found.client[:2]) == {0, 1} and found.client[2] == found.client[found.seconds[:2].idxmin()]
    assert (found.start[:2] < 0.5).all() and found.start[2] >= 0.6
    assert 0.1 <= found.ttft[2] <= found.seconds[2] < 0.5 and (found.start + found.seconds).max() < whole < 1.5


def test_a_server_that_is_gone_and_no_prompt_at_all(scripted):
    gone = SimpleNamespace(url="http://127.0.0.1:9", model="m", http=scripted.http)
    assert load(gone, ["one", "two"], clients=2).status.to_list() == ["ConnectError"] * 2
    assert list(load(gone, [], clients=2).columns) == COLUMNS


def test_its_client_waits_sends_the_key_and_asks_no_proxy(scripted, monkeypatch):
    options = []

    class Client(httpx.AsyncClient):
        def __init__(self, **given):
            options.append(given)
            super().__init__(**given)

    monkeypatch.setattr(httpx, "AsyncClient", Client)
    scripted.http.headers["Authorization"] = "Bearer k"
    scripted.answers.append((200, [TEXT, USAGE, "[DONE]"]))
    assert load(scripted, iter(["one"]), clients=1).status.to_list() == [200]
    (found,) = options
    assert (found["timeout"], found["trust_env"], found["limits"].max_connections) == (None, False, None)
    assert found["headers"]["Authorization"] == "Bearer k"


def test_it_works_where_an_event_loop_runs(scripted):
    scripted.answers.append((200, [TEXT, USAGE, "[DONE]"]))

    async def cell():
        return load(scripted, ["one"], clients=1)

    assert len(asyncio.run(cell())) == 1


@pytest.mark.parametrize("clients", [0, -1])
def test_clients_must_be_one_or_more(scripted, clients):
    with pytest.raises(CourseError, match=f"clients must be >= 1, got {clients}. Pass 1 "):
        load(scripted, ["one"], clients=clients)


def test_a_parameter_without_sense_is_no_reason_to_stop(scripted):
    """What cannot be sent is said at once, and no request is half done."""
    with pytest.raises(TypeError, match="JSON"):
        load(scripted, ["one"], clients=1, stop={1})


def interrupt_after(seconds: float) -> None:
    """Press a notebook's interrupt button, a little later."""
    button = functools.partial(signal.pthread_kill, threading.main_thread().ident, signal.SIGINT)
    threading.Timer(seconds, button).start()


def test_an_interruption_before_the_first_request_sends_none(scripted, monkeypatch):
    begin = asyncio.run
    monkeypatch.setattr(asyncio, "run", lambda load: time.sleep(0.5) or begin(load))
    interrupt_after(0.2)
    with pytest.raises(KeyboardInterrupt):
        load(scripted, ["one"], clients=1)
    assert scripted.bodies == []


def test_an_interruption_ends_it(scripted):
    scripted.answers.append((200, [TEXT, 5.0]))
    interrupt_after(0.5)
    begun = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        load(scripted, ["one"] * 2, clients=1)
    assert len(scripted.bodies) == 1 and time.monotonic() - begun < 3
