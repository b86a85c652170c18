"""Engines that are asked the same only once, since many answers to an exercise ask the same.

What is kept is what the real engine gave, request by request, and only for requests without chance: temperature 0, in
a beam search too, or a seed. Such a request gives the same text alone and in any batch
(`tests/package/test_generation.py` and the lessons hold vLLM to that), so a call is answered from what is kept where
each of its requests was asked before.
"""

import contextlib
import functools
import io
import pickle
from collections.abc import Callable, Iterator
from typing import Any
from weakref import WeakKeyDictionary

import pytest

METHODS = ("generate", "chat", "beam_search")
SHOWN_ONLY = "use_tqdm"  # the one option that no output depends on

_kept: WeakKeyDictionary[Any, dict[bytes, bytes]] = WeakKeyDictionary()


@contextlib.contextmanager
def noted(engines: type) -> Iterator[None]:
    """Keep what engines of a class give in this block, for `remember`. They are asked each time."""
    with pytest.MonkeyPatch.context() as patch:
        for name in METHODS:
            patch.setattr(engines, name, _noting(getattr(engines, name), name))
        yield


def remember(engines: list, patch: pytest.MonkeyPatch) -> None:
    """Let `METHODS` of engines give what they gave before, as new objects, until the patch is undone."""
    for llm in engines:
        for name in METHODS:
            patch.setattr(llm, name, _once(llm, getattr(llm, name), name))


def _noting(method: Callable, name: str) -> Callable:
    @functools.wraps(method)
    def ask(llm: Any, *args: Any, **keywords: Any) -> list:
        keys = _keys(name, *args, **keywords)
        outputs = method(llm, *args, **keywords)
        _keep(llm, keys, outputs)
        return outputs

    return ask


def _once(llm: Any, method: Callable, name: str) -> Callable:
    @functools.wraps(method)
    def ask(*args: Any, **keywords: Any) -> list:
        kept, keys = _kept.setdefault(llm, {}), _keys(name, *args, **keywords)
        if keys and all(key in kept for key in keys):
            return [pickle.loads(kept[key]) for key in keys]
        outputs = method(*args, **keywords)
        _keep(llm, keys, outputs)
        return outputs

    return ask


def _keep(llm: Any, keys: list[bytes], outputs: list) -> None:
    kept = _kept.setdefault(llm, {})
    if len(keys) != len(outputs):
        return  # several prompts that were taken for one
    for key, output in zip(keys, outputs, strict=True):
        kept.setdefault(key, pickle.dumps(output))


def _keys(name: str, prompts: Any = None, sampling_params: Any = None, *others: Any, **options: Any) -> list[bytes]:
    """Return what each request of a call is; nothing when chance plays a part or it cannot be written down."""
    one_prompt = dict if name == "chat" else int  # what the list of a single prompt holds
    several = isinstance(prompts, list | tuple) and bool(prompts) and not isinstance(prompts[0], one_prompt)
    asked = prompts if several else [prompts]
    params = sampling_params if isinstance(sampling_params, list | tuple) else [sampling_params] * len(asked)
    options.pop(SHOWN_ONLY, None)
    if not all(map(_is_certain, params)) or others or len(params) != len(asked):
        return []
    try:
        return [_written(name, *request, sorted(options.items())) for request in zip(asked, params, strict=True)]
    except (pickle.PicklingError, TypeError, AttributeError, ValueError, RecursionError):
        return []


def _is_certain(params: Any) -> bool:
    from vllm import SamplingParams
    from vllm.sampling_params import BeamSearchParams

    seeded = isinstance(params, SamplingParams) and params.seed is not None
    return seeded or (isinstance(params, SamplingParams | BeamSearchParams) and params.temperature == 0)


def _written(*parts: Any) -> bytes:
    """Write values down so that equal ones read the same, whether or not they share an object."""
    buffer = io.BytesIO()
    pickler = pickle.Pickler(buffer)
    pickler.fast = True
    pickler.dump(parts)
    return buffer.getvalue()
