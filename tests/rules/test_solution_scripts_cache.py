"""The cache of exercise 2.14 among processes: two write at once, and both name a request the same."""

import importlib.util
import os
import subprocess
import sys

import pytest

from vllm_course import paths

FOLDER = paths.root() / "solutions" / "02-text-generation"
WRITE = """
import sys
from result_cache import ResultCache
cache, name = ResultCache(sys.argv[1]), sys.argv[2]
print("ready", flush=True)
sys.stdin.readline()
for i in range(200):
    cache.put(f"{name}{i}", "text " * i)
"""
KEY = """
from result_cache import cache_key
print(cache_key("pocket-base", "The moon", {"seed": 1, "logit_bias": {5: 1.0}, "stop": [".", "!"]}))
print(cache_key("pocket-base", "The moon", {"stop": [".", "!"], "logit_bias": {5: 1.0}, "seed": 1}))
"""


def start(code: str, *arguments: str, salt: str = "random") -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        cwd=FOLDER,
        env=os.environ | {"PYTHONHASHSEED": salt},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture(scope="module")
def solution():
    """The solution's module, loaded from its file."""
    spec = importlib.util.spec_from_file_location("result_cache", FOLDER / "result_cache.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_two_processes_lose_nothing(tmp_path, solution):
    file = tmp_path / "cache.db"
    writers = [start(WRITE, str(file), name) for name in "ab"]
    assert [writer.stdout.readline() for writer in writers] == ["ready\n"] * 2
    for writer in writers:
        writer.stdin.write("go\n")
        writer.stdin.flush()
    assert [writer.communicate(timeout=120)[1] for writer in writers] == ["", ""]
    kept = solution.ResultCache(file)
    assert [kept.get(f"{name}{i}") for name in "ab" for i in range(200)] == ["text " * i for i in range(200)] * 2


def test_the_last_text_counts_and_an_empty_one_is_a_text(tmp_path, solution):
    cache = solution.ResultCache(tmp_path / "cache.db")
    cache.put("key", "first")
    cache.put("key", "")
    assert cache.get("key") == "" and cache.get("other") is None


def test_key_is_the_same_in_every_process(solution):
    stdout, stderr = start(KEY, salt="1").communicate(timeout=120)
    own = solution.cache_key("pocket-base", "The moon", {"logit_bias": {5: 1.0}, "seed": 1, "stop": [".", "!"]})
    assert stdout.split() == [own, own] and len(own) == 64, stderr
