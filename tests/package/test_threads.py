"""Threads: how many an engine uses, how they wait, and that what the user has set in the environment wins."""

import os
import shutil
import subprocess
import sys
import threading

import pytest

from vllm_course import load_model, paths, threads

MINI = "pocket-base-mini"


@pytest.fixture
def environment(monkeypatch):
    """An environment in which the user has set nothing."""
    for name in (*threads.WAITING, threads.NUMBER, threads.BINDING):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def number() -> int:
    """Return the number of threads that PyTorch uses now."""
    import torch

    return torch.get_num_threads()


@pytest.fixture
def any_number():
    """Give PyTorch its number of threads back afterwards."""
    import torch

    before = number()
    yield
    torch._C.set_num_threads(before)


def test_waiting_threads_sleep_and_are_bound_to_no_core(environment):
    threads.set_defaults()
    assert {name: os.environ[name] for name in threads.SLEEPING} == threads.SLEEPING
    assert os.environ[threads.BINDING] == threads.UNBOUND


@pytest.mark.parametrize("name", threads.WAITING)
def test_the_users_own_way_of_waiting_wins(environment, name):
    environment.setenv(name, "7")
    threads.set_defaults()
    assert [other for other in threads.WAITING if other in os.environ] == [name]


def test_the_users_own_binding_wins(environment):
    environment.setenv(threads.BINDING, "0-3")
    threads.set_defaults()
    assert os.environ[threads.BINDING] == "0-3"


def test_importing_the_course_sets_them(environment):
    code = "import os, vllm_course; print(os.environ['GOMP_SPINCOUNT'], os.environ['KMP_BLOCKTIME'])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "0 0\n"


@pytest.mark.usefixtures("any_number")
def test_a_small_model_gets_one_thread_and_another_gets_all(environment):
    every = threads.all_threads()
    for small, expected in ((True, 1), (False, every), (True, 1)):
        with threads.suited(small=small):
            assert number() == expected == int(os.environ[threads.NUMBER])  # a child process reads the variable
        assert number() == expected and threads.NUMBER not in os.environ


@pytest.mark.usefixtures("any_number")
@pytest.mark.parametrize(
    ("name", "value"), [(threads.NUMBER, "3"), (threads.BINDING, "0-1"), (threads.BINDING, "auto")]
)
def test_the_users_own_number_wins(environment, name, value):
    environment.setenv(name, value)
    before = number(), dict(os.environ)
    with threads.suited(small=True):
        assert (number(), dict(os.environ)) == before


@pytest.mark.usefixtures("any_number")
def test_a_start_that_fails_leaves_nothing_behind(environment):
    with pytest.raises(ZeroDivisionError), threads.suited(small=True):
        raise ZeroDivisionError
    assert threads.NUMBER not in os.environ


@pytest.mark.usefixtures("any_number", "one_engine")
def test_every_thread_of_python_may_call_an_engine_with_any_number(environment, tmp_path):
    """vLLM's attention fails where the calling thread and PyTorch disagree on the number."""
    from vllm import SamplingParams

    greedy = SamplingParams(temperature=0, max_tokens=8)
    mine = shutil.copytree(paths.models() / MINI, tmp_path / MINI)
    for model, expected in ((MINI, 1), (mine, threads.all_threads())):
        llm, answers = load_model(model, dtype="float32"), []

        def ask(llm=llm, answers=answers):
            answers.append((number(), llm.generate("Hello", greedy)[0].outputs[0].text))

        ask()
        other = threading.Thread(target=ask)
        other.start()
        other.join()
        assert answers[0] == answers[1] and answers[0][0] == expected
