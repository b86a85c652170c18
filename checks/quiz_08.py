"""What the quiz of lesson 08 says, asked of vLLM: each function returns the figures that it found."""

import asyncio
import inspect
from functools import partial
from http import HTTPStatus
from types import SimpleNamespace

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from prometheus_client import Counter
from starlette.responses import PlainTextResponse
from vllm import SamplingParams
from vllm.entrypoints.openai.chat_completion.protocol import ChatCompletionRequest
from vllm.entrypoints.openai.completion.api_router import router
from vllm.entrypoints.openai.completion.protocol import CompletionRequest
from vllm.entrypoints.openai.models.serving import OpenAIModelRegistry
from vllm.entrypoints.serve.engine.serving import BaseServing
from vllm.entrypoints.serve.middleware.authenticate import AuthenticationMiddleware
from vllm.entrypoints.serve.sagemaker import api_router as sagemaker
from vllm.exceptions import VLLMValidationError
from vllm.v1.metrics.loggers import PrometheusStatLogger

from vllm_course import load_model, xray


def wrong_address() -> list[int]:
    """What vLLM answers to an unknown name and to a wrong value, and which paths its router has."""
    answer, paths = BaseServing.create_error_response, [SimpleNamespace(name="pocket-chat")]
    models = SimpleNamespace(lora_requests={}, base_model_paths=paths)
    models.is_base_model = partial(OpenAIModelRegistry.is_base_model, models)
    server = SimpleNamespace(models=models, create_error_response=answer, request_logger=None)
    server._is_model_supported = partial(BaseServing._is_model_supported, server)
    assert _run(BaseServing._check_model(server, CompletionRequest(model="pocket-chat", prompt="Hi"))) is None
    unknown = _run(BaseServing._check_model(server, CompletionRequest(model="gpt-4", prompt="Hi")))
    refused = answer(VLLMValidationError("temperature must be non-negative", parameter="temperature", value=-1))
    app = FastAPI()
    app.include_router(router)
    missing = TestClient(app).post("/completions", json={})
    assert (unknown.error.code, missing.status_code, refused.error.code) == (404, 404, 400)
    assert "/v1/completions" in {route.path for route in router.routes}
    assert CompletionRequest(prompt="Hi").max_tokens and missing.json() == {"detail": "Not Found"}
    return [unknown.error.code, refused.error.code, HTTPStatus.OK]


def missing_s() -> list[int]:
    """Unknown fields are kept and used by nobody."""
    request = CompletionRequest(prompt="Hi", max_token=1)
    assert request.max_tokens == CompletionRequest(prompt="Hi").max_tokens != 1
    assert CompletionRequest.model_config["extra"] == "allow"
    with pytest.raises(VLLMValidationError) as refused:
        CompletionRequest(prompt="Hi", temperature=-1).to_sampling_params(16, {})
    return [HTTPStatus.OK, BaseServing.create_error_response(refused.value).error.code]


def growth_of_a_counter() -> list[float]:
    """A counter of the kind that vLLM counts tokens with: it adds, and does not go down."""
    assert PrometheusStatLogger._counter_cls is Counter
    assert 'name="vllm:generation_tokens"' in inspect.getsource(PrometheusStatLogger)
    counter = Counter("quiz_08_tokens", "of this proof", registry=None)
    counter.inc(1200)
    before = counter._value.get()
    for tokens in (100, 110, 120):
        counter.inc(tokens)
    with pytest.raises(ValueError):
        counter.inc(-1)
    grown = counter._value.get() - before
    return [grown / 3, grown, 3]


def who_decides_the_temperature() -> list[float]:
    """What vLLM makes of a request and of the defaults that the server was started with."""
    messages, defaults = [{"role": "user", "content": "Hi"}], {"temperature": 0.0}
    values = []
    for given in ({"temperature": 0.8}, {}):
        request = ChatCompletionRequest(messages=messages, **given)
        values.append(request.to_sampling_params(16, defaults).temperature)
    assert values == [0.8, 0.0]
    return values


def behind_a_key() -> list[int]:
    """vLLM's own check in front of an application that answers everything, without a key."""

    async def anything(scope, receive, send) -> None:
        await PlainTextResponse("open")(scope, receive, send)

    guarded = AuthenticationMiddleware(anything, ["lesson-08"])

    async def application(scope, receive, send) -> None:
        await guarded(scope, receive, send)

    client = TestClient(application)
    statuses = {
        path: client.get(path).status_code for path in ("/metrics", "/invocations", "/v1/models", "/v1/completions")
    }
    assert [*statuses.values()] == [200, 200, 401, 401]
    assert '"/invocations"' in inspect.getsource(sagemaker) and "get_generate_invocation_types" in inspect.getsource(
        sagemaker
    )
    return [*statuses.values()]


def slower_and_faster() -> list[int]:
    """32 texts take as many steps as one, and each step computes 32 tokens: more work a step, and more in all."""
    clients, params = 32, SamplingParams(temperature=0, max_tokens=4, ignore_eos=True)
    films = []
    for count in (1, clients):
        llm = load_model()
        with xray(llm) as film:
            llm.generate(["The sea"] * count, params)
        films.append(film.frame())
    alone, together = (film.groupby("step")["scheduled_tokens"].sum().iloc[-1] for film in films)
    assert films[0]["step"].max() == films[1]["step"].max()
    assert together == clients * alone
    return [clients]


def _run(coroutine):
    """Wait for a coroutine in an event loop of its own."""
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(coroutine)
    finally:
        loop.close()
