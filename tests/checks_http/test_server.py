"""The stand-in answers every client as vLLM does, fails as it is told, and notes what it is asked."""

import contextlib
import json
import subprocess
import threading
import time
import urllib.request

import httpx
import openai
import pytest
import requests

from vllm_course.checks_http.replies import Reply
from vllm_course.checks_http.server import MOST, StandIn

MESSAGES = [{"role": "user", "content": "Who are you?"}]
BODY = {"model": "stand-in", "messages": MESSAGES, "max_tokens": 20}
CHAT = "/v1/chat/completions"


def by_openai(server):
    client = openai.OpenAI(base_url=server.base_url, api_key="EMPTY")
    return client.chat.completions.create(**BODY).choices[0].message.content


def by_httpx(server):
    return httpx.post(server.url + CHAT, json=BODY).json()["choices"][0]["message"]["content"]


def by_requests(server):
    return requests.post(server.url + CHAT, json=BODY).json()["choices"][0]["message"]["content"]


def by_urllib(server):
    asked = urllib.request.Request(server.url + CHAT, json.dumps(BODY).encode(), {"Content-Type": "application/json"})
    return json.load(urllib.request.urlopen(asked))["choices"][0]["message"]["content"]


def by_curl(server):
    command = ["curl", "-s", server.url + CHAT, "-H", "Content-Type: application/json", "-d", json.dumps(BODY)]
    return json.loads(subprocess.check_output(command))["choices"][0]["message"]["content"]


@pytest.mark.parametrize("client", [by_openai, by_httpx, by_requests, by_urllib, by_curl])
def test_every_client_is_answered_and_noted(client):
    with StandIn("I am here.") as server:
        assert client(server) == "I am here."
    (asked,) = server.asked
    assert (asked.method, asked.path, asked.query, asked.body) == ("POST", CHAT, "", BODY)


@pytest.mark.parametrize(
    ("path", "body", "status", "part"),
    [
        ("/health", None, 200, ""),
        ("/v1/models", None, 200, '"id": "stand-in"'),
        ("/metrics", None, 200, "vllm:"),
        ("/tokenize", {"prompt": "The moon"}, 200, '"count": 2'),
        ("/v1/completions", {"prompt": "The moon"}, 200, '"text": "I am a stand-in."'),
        ("/v1/completions", {"prompt": "The moon", "max_tokens": 2}, 200, '"finish_reason": "length"'),
        ("/v1/completions", {"model": "other", "prompt": "The moon"}, 404, "does not exist"),
        ("/v1/completions", {"prompt": "The moon", "max_tokens": 2000}, 400, "context length"),
        (CHAT, {"prompt": "The moon"}, 400, "messages"),
        (CHAT, {}, 400, "Field required"),
        ("/chat/completions", BODY, 404, "Not Found"),
        ("/tokenize", None, 405, "Not Allowed"),
    ],
)
def test_it_says_what_vllm_says(path, body, status, part):
    with StandIn(metrics="vllm:prompt_tokens_total 3.0") as server:
        found = httpx.request("GET" if body is None else "POST", server.url + path, json=body)
    assert found.status_code == status and part in found.text


def test_a_key_guards_what_begins_with_v1():
    with StandIn(key="secret") as server:
        found = {path: httpx.get(server.url + path).status_code for path in ("/v1/models", "/metrics", "/health")}
        shown = httpx.get(server.url + "/v1/models", headers={"Authorization": "Bearer secret"})
    assert found == {"/v1/models": 401, "/metrics": 200, "/health": 200} and shown.status_code == 200


def test_only_headers_are_asked_for():
    with StandIn(key="secret") as server, httpx.Client() as client:
        found = [client.head(server.url + path) for path in ("/v1/models", "/health", "/v1/models")]
    assert [(one.status_code, one.content) for one in found] == [(401, b""), (405, b""), (401, b"")]


def test_a_stream_has_a_role_pieces_a_reason_and_the_usage():
    with StandIn("one two three") as server:
        client = openai.OpenAI(base_url=server.base_url, api_key="EMPTY")
        chunks = [*client.chat.completions.create(**BODY, stream=True, stream_options={"include_usage": True})]
    *with_choices, last = chunks
    deltas = [chunk.choices[0].delta.content for chunk in with_choices]
    assert deltas == ["", "one two", " three", None] and with_choices[-1].choices[0].finish_reason == "stop"
    assert last.choices == [] and last.usage.completion_tokens == 3


def test_packets_are_split_as_told():
    with StandIn("héllo", split=lambda packets: [bytes([one]) for one in b"".join(packets)]) as server:
        text = httpx.post(server.url + CHAT, json=BODY | {"stream": True}).text
    assert text.count("data: ") == 4 and "héllo" in text and text.endswith("data: [DONE]\n\n")


def test_a_script_comes_first():
    script = {CHAT: [Reply(503), Reply(429, "slow down", {"Retry-After": "7"})]}
    with StandIn(script=script) as server:
        found = [httpx.post(server.url + CHAT, json=BODY) for _ in range(3)]
    assert [one.status_code for one in found] == [503, 429, 200] and found[1].headers["retry-after"] == "7"


def test_after_many_requests_nothing_fails():
    with StandIn(script={"/health": [Reply(503)] * 1000}) as server, httpx.Client() as client:
        found = [client.get(f"{server.url}/health").status_code for _ in range(MOST + 1)]
    assert found == [503] * MOST + [200]


def begun(url):
    """Read the headers and the first byte, and give up."""
    with httpx.stream("GET", url, timeout=0.1) as response:
        return next(response.iter_raw())


@pytest.mark.parametrize(("fails", "outcome"), [("hang", httpx.ReadTimeout), ("trickle", None)])
def test_a_client_that_gives_up_is_told_from_one_that_waits(fails, outcome):
    with StandIn(script={"/health": [Reply(fails=fails)] * 2}, patience=2) as server:
        with pytest.raises(outcome) if outcome else contextlib.nullcontext():
            assert begun(f"{server.url}/health") == b" "
        with pytest.raises(httpx.RemoteProtocolError):
            httpx.get(f"{server.url}/health", timeout=5)
    assert [asked.outlasted for asked in server.asked] == [False, True]


CUTS = [Reply(body=[b"data: 1\n\n"] * 4, fails="cut"), Reply(body={"choices": []}, fails="cut"), Reply(fails="closed")]


@pytest.mark.parametrize("reply", CUTS)
def test_an_answer_is_cut(reply):
    with StandIn(script={CHAT: [reply]}) as server, pytest.raises(httpx.RemoteProtocolError):
        httpx.post(server.url + CHAT, json=BODY)


@pytest.mark.parametrize("live", [True, False])
def test_a_stream_waits_for_its_event(live):
    shown, body = threading.Event(), BODY | {"stream": True}
    with (
        StandIn("one two three four", until=shown, patience=4 if live else 0.1) as server,
        httpx.stream("POST", server.url + CHAT, json=body) as response,
    ):
        lines = (line for line in response.iter_lines() if line)
        assert "role" in next(lines) and "one two" in next(lines)
        if live:
            shown.set()
        assert [*lines][-1] == "data: [DONE]"
    assert server.waited_in_vain is not live


def test_completions_run_at_the_same_time():
    with StandIn(together=4) as server:
        threads = [
            threading.Thread(target=httpx.post, args=(server.url + CHAT,), kwargs={"json": BODY}) for _ in "abcd"
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert server.most_at_once == 4 and not server.waited_in_vain and len(server.asked) == 4
    with StandIn(together=2, patience=0.1) as server:
        httpx.post(server.url + CHAT, json=BODY)
    assert server.most_at_once == 1 and server.waited_in_vain


def test_the_end_lets_go_of_client_and_port():
    with StandIn(script={"/health": [Reply(fails="hang")]}) as server:
        url, errors = f"{server.url}/health", []

        def wait():
            with contextlib.suppress(httpx.HTTPError):
                errors.append(httpx.get(url, timeout=60))

        client = threading.Thread(target=wait)
        client.start()
        while not server.asked:
            time.sleep(0.01)
    client.join(20)
    assert not client.is_alive() and errors == []
    with pytest.raises(httpx.ConnectError):
        httpx.get(url)
