"""Threads that wait sleep, a shipped model gets one thread, and what the user has set in the environment wins."""

import json
import os
import subprocess
import sys

import pytest

from vllm_course import threads

PROBE = """
import json, os, sys
{first}
from vllm_course import load_model
import torch
llm = load_model("pocket-base-mini")
print(json.dumps({{"threads": torch.get_num_threads()}} | {{name: os.environ.get(name) for name in {names}}}))
"""


@pytest.fixture
def environment(monkeypatch):
    """An environment in which the user has set nothing."""
    for name in (*threads.NUMBER, *threads.WAITING):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def test_waiting_threads_sleep(environment):
    threads.let_threads_sleep()
    assert {name: os.environ[name] for name in threads.SLEEPING} == threads.SLEEPING


@pytest.mark.parametrize("name", threads.WAITING)
def test_the_users_own_way_of_waiting_wins(environment, name):
    environment.setenv(name, "7")
    threads.let_threads_sleep()
    assert {other: os.environ.get(other) for other in threads.WAITING if other != name} == dict.fromkeys(
        other for other in threads.WAITING if other != name
    )


@pytest.mark.parametrize(("is_shipped", "count"), [(True, 1), (False, len(os.sched_getaffinity(0)))])
def test_the_number_suits_the_model(environment, is_shipped, count):
    chosen = []
    environment.setattr(threads, "_setter", lambda: chosen.append)
    threads.use_threads(is_shipped=is_shipped)
    assert chosen == [count]


@pytest.mark.parametrize("name", threads.NUMBER)
def test_the_users_own_number_wins(environment, name):
    environment.setenv(name, "0")
    environment.setattr(threads, "_setter", lambda: pytest.fail("the number was changed"))
    threads.use_threads(is_shipped=True)


@pytest.mark.parametrize("first", ["", "from vllm import LLM"])
def test_a_real_engine_has_one_thread_whatever_is_imported_first(environment, first):
    code = PROBE.format(first=first, names=[*threads.SLEEPING])
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == {"threads": 1} | threads.SLEEPING
