"""Whoever speaks OpenAI's API gets the same answer: the openai client, httpx and curl."""

import json
import shutil
import subprocess

import httpx
import openai
import pytest

ASKED = {
    "messages": [{"role": "user", "content": "What is the capital of France?"}],
    "temperature": 0,
    "max_tokens": 20,
}
CITY = {"type": "object", "properties": {"city": {"type": "string"}}}
WEATHER = {"type": "function", "function": {"name": "get_weather", "parameters": CITY}}


def with_openai(running) -> str:
    client = openai.OpenAI(base_url=running.base_url, api_key="EMPTY")
    return client.chat.completions.create(model=running.model, **ASKED).choices[0].message.content


def with_its_own_openai(running) -> str:
    return running.openai().chat.completions.create(model=running.model, **ASKED).choices[0].message.content


def with_openai_streaming(running) -> str:
    chunks = running.openai().chat.completions.create(model=running.model, stream=True, **ASKED)
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks)


def with_httpx(running) -> str:
    answer = httpx.post(f"{running.base_url}/chat/completions", json=ASKED, timeout=None)
    return answer.json()["choices"][0]["message"]["content"]


def with_its_own_httpx(running) -> str:
    return running.http.post("/v1/chat/completions", json=ASKED).json()["choices"][0]["message"]["content"]


def with_curl(running) -> str:
    if not shutil.which("curl"):
        pytest.skip("curl is not installed")
    command = ["curl", "--silent", "--show-error", f"{running.base_url}/chat/completions"]
    header = ["--header", "Content-Type: application/json", "--data", json.dumps(ASKED)]
    done = subprocess.run([*command, *header], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)["choices"][0]["message"]["content"]


@pytest.mark.parametrize(
    "ask", [with_openai, with_its_own_openai, with_openai_streaming, with_httpx, with_its_own_httpx, with_curl]
)
def test_all_get_the_same_answer(running, ask, texts_are_compared):
    answer = ask(running)
    assert answer
    if texts_are_compared:
        assert answer == "The capital of France is Paris."


def test_a_tool_is_called(running):
    asked = {"role": "user", "content": "What is the weather in Oslo?"}
    client = running.openai()
    answer = client.chat.completions.create(model=running.model, messages=[asked], tools=[WEATHER], temperature=0)
    (call,) = answer.choices[0].message.tool_calls
    assert call.function.name == "get_weather" and json.loads(call.function.arguments) == {"city": "Oslo"}


def test_a_mistake_is_told_to_the_client(running):
    with pytest.raises(openai.NotFoundError, match="The model .nobody. does not exist"):
        running.openai().chat.completions.create(model="nobody", **ASKED)
    with pytest.raises(openai.BadRequestError, match="temperature"):
        running.openai().chat.completions.create(model=running.model, **ASKED | {"temperature": 3})
