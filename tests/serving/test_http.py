"""The script with vLLM's real server: defaults that each request may replace, an API key, bad requests, and its end."""

import json
import os
import signal
import subprocess
import sys
import threading
import time

import httpx
import pytest

from tests.rules.scripts import DEADLINE
from tests.serving.cases import free_port, is_free, start_real
from tools import warm
from vllm_course import paths
from vllm_course.configuring.config import ServeConfig
from vllm_course.serving.defaults import ROUTES

SCRIPT = paths.lesson(8) / "serve_model.py"
CONFIGS = SCRIPT.with_name("configs")
KEY = "a-secret"
# The script, whose server starts warm.
PROGRAM = """
import runpy, sys
script, sys.executable = sys.argv[1:3]
sys.argv[:3] = [script]
runpy.run_path(script, run_name="__main__")
"""
# The six values as the server's defaults, and what a request may have in their place: what vLLM takes by itself.
DEFAULTS = {
    **{"temperature": 1.3, "top_p": 0.6, "top_k": 6, "presence_penalty": 1.5, "frequency_penalty": 1.0},
    "max_tokens": 24,
}
NEUTRAL = {"temperature": 1.0, "top_p": 1.0, "top_k": 0, "presence_penalty": 0.0, "frequency_penalty": 0.0}
ASKED = {
    "/v1/completions": {"prompt": "The moon"},
    "/v1/chat/completions": {"messages": [{"role": "user", "content": "Tell me a story."}]},
}
SAMPLED = {"seed": 1, "n": 4, "ignore_eos": True}
TOOL = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}
DOCUMENTED = ["/health", "/v1/models", "/tokenize", *ASKED]
# Route and body of a bad request, the status of its answer, and a part of what it says.
BAD = [
    ("/v1/completions", {"temperature": -1}, 400, "temperature"),
    ("/v1/completions", {"temperature": 2.5}, 400, "temperature"),
    ("/v1/completions", {"temperature": "hot"}, 400, "temperature"),
    ("/v1/completions", {"top_p": 0}, 400, "top_p"),
    ("/v1/chat/completions", {"top_p": 1.5}, 400, "top_p"),
    ("/v1/completions", {"top_k": -2}, 400, "top_k"),
    ("/v1/chat/completions", {"presence_penalty": 3}, 400, "presence_penalty"),
    ("/v1/completions", {"frequency_penalty": -3}, 400, "frequency_penalty"),
    ("/v1/completions", {"max_tokens": 0}, 400, "max_tokens"),
    ("/v1/completions", {"max_tokens": -1}, 400, "max_tokens"),
    ("/v1/chat/completions", {"max_tokens": "many"}, 400, "max_tokens"),
    ("/v1/completions", {"max_tokens": 10**6}, 400, "max_model_len"),
    ("/v1/chat/completions", {"max_completion_tokens": 10**6}, 400, "max_model_len"),
    ("/v1/completions", {"n": 0}, 400, "n"),
    ("/v1/completions", {"seed": "one"}, 400, "seed"),
    ("/v1/completions", {"stop": 5}, 400, "stop"),
    ("/v1/completions", {"logprobs": 10**6}, 400, "logprobs"),
    ("/v1/completions", {"stream_options": {"include_usage": True}}, 400, "stream"),
    ("/v1/completions", {"model": "gpt-5"}, 404, "The model `gpt-5` does not exist"),
    ("/v1/chat/completions", {"model": "models/pocket-chat"}, 404, "does not exist"),
    ("/v1/completions", {"prompt": None}, 400, "prompt"),
    ("/v1/completions", {"prompt": "long " * 5000}, 400, "maximum context length"),
    ("/v1/completions", {"prompt": [10**6]}, 400, "vocab"),
    ("/v1/completions", {"prompt": 5}, 400, "prompt"),
    ("/v1/chat/completions", {"messages": None}, 400, "'NoneType' object is not iterable"),
    ("/v1/chat/completions", b"{}", 400, "messages"),
    ("/v1/chat/completions", {"messages": "Hi"}, 400, "messages"),
    ("/v1/chat/completions", {"messages": [{"content": "Hi"}]}, 400, "role"),
    ("/v1/chat/completions", {"response_format": {"type": "json_schema"}}, 400, "json_schema"),
    (
        "/v1/chat/completions",
        {"tools": [TOOL], "tool_choice": {"type": "function", "function": {"name": "x"}}},
        400,
        "tool_choice",
    ),
    ("/v1/chat/completions", {"response_format": {"type": "poem"}}, 400, "response_format"),
    ("/v1/completions", b"", 400, ""),
    ("/v1/completions", b'{"prompt": ', 400, "JSON"),
    ("/v1/completions", b'{"prompt": "\xff"}', 400, ""),
    ("/v1/completions", b'["The moon"]', 400, ""),
    ("/v1/completions", b'{"a": ' * 20_000, 400, ""),
    ("/tokenize", {}, 400, "prompt"),
    ("/v1/nothing", {}, 404, "Not Found"),
    ("/completions", {}, 404, "Not Found"),
    ("/v1/models", {}, 405, "Method Not Allowed"),
]


@pytest.fixture(scope="module")
def script():
    """Start the script with six defaults and a key, and wait until it says where it listens."""
    options = [word for name, value in DEFAULTS.items() for word in (f"--{name.replace('_', '-')}", str(value))]
    words = [str(SCRIPT), warm.python(), "--config", str(CONFIGS / "pocket-chat.yaml"), "--json", *options]
    words += ["--port", str(free_port()), "--api-key-env", "A_KEY"]
    variables = {name: value for name, value in os.environ.items() if name != "VLLM_API_KEY"} | {"A_KEY": KEY}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "cwd": paths.root()}
    process = subprocess.Popen([sys.executable, "-c", PROGRAM, *words], env=variables, **pipes)
    yield process
    process.kill()
    process.communicate()


@pytest.fixture(scope="module")
def http(script):
    """Return a client that has the key."""
    url = json.loads(script.stdout.readline())["url"]
    options = {"timeout": DEADLINE, "trust_env": False, "headers": {"Authorization": f"Bearer {KEY}"}}
    with httpx.Client(base_url=url, **options) as client:
        yield client


def texts(http, path: str, **body) -> list[str]:
    """Return the texts that a route answers."""
    answer = http.post(path, json=ASKED[path] | SAMPLED | body)
    assert answer.status_code == 200, answer.text
    return [choice["text"] if "text" in choice else choice["message"]["content"] for choice in answer.json()["choices"]]


def tokens(http, path: str, **body) -> int:
    """Return how many tokens a route generates."""
    answer = http.post(path, json=ASKED[path] | {"ignore_eos": True} | body).json()
    return answer["usage"]["completion_tokens"]


@pytest.mark.parametrize("path", ASKED)
def test_the_defaults_are_those_of_each_request_that_says_nothing(http, path):
    assert texts(http, path) == texts(http, path, **DEFAULTS)


@pytest.mark.parametrize("path", ASKED)
@pytest.mark.parametrize("name", NEUTRAL)
def test_a_request_replaces_one_default(http, path, name):
    replaced = texts(http, path, **{name: NEUTRAL[name]})
    assert replaced == texts(http, path, **DEFAULTS | {name: NEUTRAL[name]})
    assert replaced != texts(http, path), "the default made no difference"


@pytest.mark.parametrize("path", ASKED)
def test_max_tokens_is_a_default_and_no_limit(http, path):
    assert [tokens(http, path, **body) for body in ({}, {"max_tokens": None})] == [24, 24]
    assert [tokens(http, path, max_tokens=number) for number in (1, 7, 60)] == [1, 7, 60]


def test_max_tokens_by_its_other_names(http):
    chat = "/v1/chat/completions"
    assert [tokens(http, chat, max_completion_tokens=number) for number in (7, 60)] == [7, 60]
    found = [http.post("/v1/responses", json={"input": "Hi"} | body).json() for body in ({}, {"max_output_tokens": 30})]
    assert [answer["max_output_tokens"] for answer in found] == [24, 30]
    assert found[0]["temperature"] == DEFAULTS["temperature"]


def test_an_answer_that_streams_has_the_defaults_too(http):
    body = ASKED["/v1/completions"] | {"stream": True, "stream_options": {"include_usage": True}, "ignore_eos": True}
    with http.stream("POST", "/v1/completions", json=body) as answer:
        events = [line.removeprefix("data: ") for line in answer.iter_lines() if line]
    assert events[-1] == "[DONE]"
    assert json.loads(events[-2])["usage"]["completion_tokens"] == 24


def test_the_routes_with_a_default_are_there(http):
    there = http.get("/openapi.json").json()["paths"]
    assert set(ROUTES) <= set(there)
    chat = http.post("/v1/chat/completions/batch", json={"messages": [ASKED["/v1/chat/completions"]["messages"]] * 2})
    assert chat.json()["usage"]["completion_tokens"] <= 48, chat.text


def test_a_request_without_the_key_is_refused(http):
    for headers in ({"Authorization": ""}, {"Authorization": "Bearer b-secret"}, {"Authorization": KEY}):
        for path in ASKED:
            assert http.post(path, json=ASKED[path], headers=headers).status_code == 401
    assert http.get("/health", headers={"Authorization": ""}).status_code == 200


@pytest.mark.parametrize(("path", "body", "status", "part"), BAD)
def test_a_bad_request_is_answered_and_the_server_goes_on(http, path, body, status, part):
    content = body if isinstance(body, bytes) else json.dumps(ASKED.get(path, {}) | body).encode()
    answer = http.post(path, content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code == status and part in answer.text and "Traceback" not in answer.text, answer.text
    assert tokens(http, "/v1/completions", max_tokens=2) == 2


def test_what_the_servers_openapi_document_allows_breaks_nothing(http, tmp_path):
    """What schemathesis makes of the document is no error of the server.

    Its answers are not compared with the document: of a body that is no JSON, vLLM answers {"detail": ...}, which the
    document does not know.
    """
    pytest.importorskip("schemathesis", reason="schemathesis is in requirements/dev.txt: set the environment up again")
    words = ["--seed=1", "--max-examples=2", "--phases=fuzzing", "--request-timeout=60", "--warnings=off"]
    words += ["--checks=not_a_server_error", f"--header=Authorization: Bearer {KEY}"]
    words += [word for path in DOCUMENTED for word in ("--include-path", path)]
    command = [sys.executable, "-m", "schemathesis.cli", "run", f"{http.base_url}/openapi.json", "--no-shrink", *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE, cwd=tmp_path)
    assert done.returncode == 0 and "5 selected" in done.stdout, done.stdout
    assert tokens(http, "/v1/completions", max_tokens=2) == 2


def test_an_unknown_field_is_ignored_without_a_word(http):
    """The lesson shows how to notice it."""
    assert texts(http, "/v1/completions", temprature=0) == texts(http, "/v1/completions")


@pytest.mark.parametrize("name", ["pocket-base", "local-path"])
def test_the_other_shipped_configurations_start_too(name):
    with start_real(ServeConfig.from_yaml(CONFIGS / f"{name}.yaml"), port=free_port()) as server:
        assert server.model == "pocket-base"
        assert tokens(server.http, "/v1/completions", max_tokens=2) == 2


def test_sigterm_during_a_request_lets_it_finish(http, script):
    """The last test of this file: it ends the server."""
    answers = []
    long = {"max_tokens": 300, "stream": True, "ignore_eos": True}
    asking = threading.Thread(target=lambda: answers.append(http.post("/v1/completions", json={"prompt": "A"} | long)))
    asking.start()
    while "vllm:num_requests_running{" in (text := http.get("/metrics").text) and "running{" in text:
        running = next(line for line in text.splitlines() if line.startswith("vllm:num_requests_running{"))
        if running.endswith(" 1.0"):
            break
        time.sleep(0.05)
    script.send_signal(signal.SIGTERM)
    _, said = script.communicate(timeout=DEADLINE)
    asking.join()
    assert script.returncode == 0 and "stopping" in said
    assert answers[0].status_code == 200 and answers[0].text.endswith("data: [DONE]\n\n")
    assert is_free(http.base_url.port)
