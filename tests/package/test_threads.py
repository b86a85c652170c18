"""Threads that wait sleep, unless the user has set another way of waiting in the environment."""

import os
import subprocess
import sys

import pytest

from vllm_course import threads


@pytest.fixture
def environment(monkeypatch):
    """An environment in which the user has set nothing."""
    for name in threads.WAITING:
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def test_waiting_threads_sleep(environment):
    threads.let_threads_sleep()
    assert {name: os.environ[name] for name in threads.SLEEPING} == threads.SLEEPING


@pytest.mark.parametrize("name", threads.WAITING)
def test_the_users_own_way_of_waiting_wins(environment, name):
    environment.setenv(name, "7")
    threads.let_threads_sleep()
    assert [other for other in threads.WAITING if other in os.environ] == [name]


def test_importing_the_course_sets_them(environment):
    code = "import os, vllm_course; print(os.environ['GOMP_SPINCOUNT'], os.environ['KMP_BLOCKTIME'])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "0 0\n"
