"""What the quiz of lesson 07 says, asked of vLLM: each function returns the figures that it found."""

import socket
import threading
from types import SimpleNamespace

import httpx
import pytest
import torch
from vllm import SamplingParams
from vllm.config import CacheConfig
from vllm.exceptions import VLLMError, VLLMValidationError
from vllm.utils.math_utils import cdiv
from vllm.v1.worker.utils import request_memory

from vllm_course import load_model, xray

LONG = "word " * 2000


def what_catches_it() -> None:
    """`ValueError` does not catch it."""
    with pytest.raises(VLLMValidationError) as caught:
        try:
            load_model().generate(["The sea", LONG], SamplingParams(max_tokens=2))
        except ValueError:
            pytest.fail("it was caught")
    assert isinstance(caught.value, VLLMError) and not isinstance(caught.value, ValueError)


def proof_of_a_stop() -> None:
    """A text that a string ended, and one that ended by itself: the same finish reason, another stop reason."""
    ended = []
    for stop in (". The ", "  "):
        params = SamplingParams(temperature=0, max_tokens=60, stop=stop)
        ended.append(load_model().generate("The sea", params)[0].outputs[0])
    assert [each.finish_reason for each in ended] == ["stop", "stop"]
    assert [each.stop_reason for each in ended] == [". The ", None]
    assert not ended[0].text.endswith(". The ") and not SamplingParams().include_stop_str_in_output


def bytes_of_weights() -> list[int]:
    """Billions of parameters times the bytes of each type."""
    billions = 7
    half, full, byte = (dtype.itemsize for dtype in (torch.bfloat16, torch.float32, torch.int8))
    assert byte == 1
    return [billions * half, half, full, billions, 8 * byte]


def full_texts_at_once() -> list[float]:
    """vLLM's division that rounds up, and what 7 blocks hold."""
    blocks, size, length = 40, 128, 1000
    each = cdiv(length, size)
    return [blocks // each, each, blocks, size, each - 1, (each - 1) * size]


def meaning_of_utilization() -> list[float]:
    """What vLLM takes of a card: a share of the whole, before anything is divided."""
    card, percent = 24 * 2**30, 90
    free = SimpleNamespace(total_memory=card, free_memory=card, device_="cuda:0")
    asked = request_memory(free, CacheConfig(gpu_memory_utilization=percent / 100))
    assert abs(asked - card * percent / 100) <= 1
    with pytest.raises(ValueError, match="ree memory"):
        request_memory(SimpleNamespace(**vars(free) | {"free_memory": card // 2}), CacheConfig())
    return [percent]


def cost_of_preemption() -> list[float]:
    """The film of an engine with too few blocks, against one with enough."""
    tight = {"block_size": 32, "max_model_len": 256, "enable_prefix_caching": False}
    prompts = ["Once upon a time", "The sea", "Hello, my name is", "The future of AI is", "The capital of France is"]
    params = SamplingParams(temperature=0, max_tokens=90, ignore_eos=True)
    films, texts = [], []
    for blocks in (12, 21):
        llm = load_model(num_gpu_blocks_override=blocks, **tight)
        with xray(llm) as film:
            texts.append([output.outputs[0].text for output in llm.generate(prompts, params)])
        films.append(film.frame())
    assert texts[0] == texts[1]
    assert ["preempted" in [*frame["status"]] for frame in films] == [True, False]
    assert films[0]["scheduled_tokens"].sum() > films[1]["scheduled_tokens"].sum()
    assert films[0]["step"].max() > films[1]["step"].max()
    return [params.temperature]


def worth_a_retry() -> None:
    """Two errors that come again, and a connection that is refused until somebody listens."""
    for _ in range(2):
        with pytest.raises(VLLMValidationError, match="maximum context length"):
            load_model().generate(LONG, SamplingParams(max_tokens=2))
        with pytest.raises(VLLMValidationError, match="temperature must be non-negative"):
            SamplingParams(temperature=-1)
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{place.getsockname()[1]}"
        with pytest.raises(httpx.ConnectError):
            httpx.get(address, trust_env=False)
        place.listen()
        server = threading.Thread(target=_answer_one, args=(place,))
        server.start()
        assert httpx.get(address, trust_env=False).status_code == 200
        server.join()


def _answer_one(place: socket.socket) -> None:
    connection, _ = place.accept()
    with connection:
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
