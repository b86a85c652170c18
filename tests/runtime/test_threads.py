"""Threads: how many an engine uses, how they wait, and that what the user has set in the environment wins."""

import os
import shutil
import subprocess
import sys
import threading
from types import SimpleNamespace

import pytest

from vllm_course import load_model, paths
from vllm_course.runtime import threads

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
def test_a_process_of_its_own_gets_one_thread_for_a_small_model_and_all_for_another(environment):
    every = threads.all_threads()
    for small, expected in ((True, 1), (False, every), (True, 1)):
        with threads.suited(small=small):
            assert int(os.environ[threads.NUMBER]) == expected  # a child process reads the variable
            assert number() == every  # this process loads with all
        assert threads.NUMBER not in os.environ


class Engine:
    """Stands for an engine; a step tells with how many threads it ran."""

    def step(self):
        return number()


@pytest.mark.usefixtures("any_number")
@pytest.mark.parametrize(
    ("small", "idle", "expected"), [(True, 0, 1), (True, 1, 2), (True, 2, 3), (True, 7, 3), (False, 0, 3)]
)
def test_each_step_of_a_small_model_takes_idle_cores_only(environment, small, idle, expected):
    environment.setattr(threads, "all_threads", lambda: 3)
    environment.setattr(threads, "idle_cores", lambda: idle)
    llm = threads.step_by_step(SimpleNamespace(llm_engine=Engine()), small=small)
    assert llm.llm_engine.step() == expected


@pytest.mark.usefixtures("any_number")
def test_the_users_own_number_holds_in_each_step(environment):
    environment.setenv(threads.NUMBER, str(number()))
    before, engine = number(), threads.step_by_step(SimpleNamespace(llm_engine=Engine()), small=True).llm_engine
    assert engine.step() == before


@pytest.mark.parametrize(("running", "idle"), [(0, 4), (1, 3), (4, 0), (9, 0)])
def test_a_core_is_idle_that_runs_nothing(monkeypatch, tmp_path, running, idle):
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    monkeypatch.setattr(threads, "NOW", tmp_path / "loadavg")
    monkeypatch.setattr(os, "getloadavg", lambda: (running, 99, 99))
    assert threads.idle_cores() == idle  # elsewhere than on Linux
    threads.NOW.write_text(f"99.0 99.0 99.0 {running}/300 4711\n")
    assert threads.idle_cores() == idle


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

    environment.setattr(threads, "idle_cores", lambda: 0)
    greedy = SamplingParams(temperature=0, max_tokens=8)
    mine = shutil.copytree(paths.models() / MINI, tmp_path / MINI)
    for model, expected in ((MINI, 1), (mine, threads.all_threads())):
        llm, answers = load_model(model, dtype="float32"), []

        def ask(llm=llm, answers=answers):
            answers.append((llm.generate("Hello", greedy)[0].outputs[0].text, number()))

        ask()
        other = threading.Thread(target=ask)
        other.start()
        other.join()
        assert answers[0] == answers[1] and answers[0][1] == expected
