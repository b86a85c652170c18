"""Variables that somebody else has set for vLLM: one line that names the variable, before vLLM is imported."""

import os
import subprocess
import sys

import pytest

from vllm_course import CourseError, models
from vllm_course.runtime import environment

MODELSCOPE = "VLLM_USE_MODELSCOPE must be false, since the package modelscope is not installed, got 'True'. "
BROKEN = [
    ("VLLM_PORT", "tcp://10.0.0.1:8000", "must be a number; Kubernetes sets it for a service that is called vllm"),
    ("VLLM_PORT", "", "must be a number; Kubernetes sets it for a service that is called vllm"),
    ("VLLM_LOGGING_LEVEL", "debugg", "must be one of DEBUG, INFO, WARNING, ERROR, CRITICAL, NOTSET"),
    ("VLLM_USE_MODELSCOPE", "True", "must be false, since the package modelscope is not installed"),
    ("VLLM_CONFIGURE_LOGGING", "yes", "must be a value that vLLM can read (invalid literal for int() with base 10"),
    ("VLLM_ENABLE_V1_MULTIPROCESSING", "true", "must be a value that vLLM can read (invalid literal for int()"),
    ("VLLM_FLOAT32_MATMUL_PRECISION", "most", "must be a value that vLLM can read (Invalid value 'most'"),
    ("VLLM_CPU_KVCACHE_SPACE", "40G", "must be a value that vLLM can read (invalid literal for int()"),
]
FINE = [
    *(("VLLM_PORT", "8000"), ("VLLM_LOGGING_LEVEL", "info"), ("VLLM_USE_MODELSCOPE", "False")),
    *(("VLLM_SERVICE_HOST", "10.0.0.1"), ("VLLM_PORT_8000_TCP", "tcp://10.0.0.1:8000"), ("VLLM_API_KEY", "secret")),
    *(("VLLM_COURSE_MODEL", "pocket-base"), ("VLLM_CPU_KVCACHE_SPACE", "1")),
]
LOAD = "import sys; from vllm_course.tool import tool; from vllm_course import load_model\n{}sys.exit(tool(main)())"


@pytest.fixture(autouse=True)
def environ(monkeypatch):
    """An environment that says nothing to vLLM but what the course says."""
    for name in environment.found():
        monkeypatch.delenv(name)
    for name, value in environment.BY_THE_COURSE.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


@pytest.mark.parametrize(("name", "value", "rule"), BROKEN)
def test_what_vllm_cannot_read_is_named_with_its_value_and_a_remedy(environ, name, value, rule):
    environ.setenv(name, value)
    assert list(environment.broken()) == [name]
    with pytest.raises(CourseError) as caught:
        environment.require(environment.broken())
    message = str(caught.value)
    assert message.startswith(f"{name} {rule}") and f", got {value!r}. " in message
    assert message.endswith(f"Unset it where you start Jupyter or the script: unset {name}")
    assert "\n" not in message


@pytest.mark.parametrize(("name", "value"), FINE)
def test_what_vllm_can_read_or_does_not_know_passes(environ, name, value):
    environ.setenv(name, value)
    assert environment.broken() == {}


def test_foreign_variables_are_those_that_the_course_has_not_set(environ):
    assert environment.foreign() == ()
    for name in ("VLLM_PORT_8000_TCP", "VLLM_COURSE_STRICT", "VLLM_NO_USAGE_STATS", "VLLM"):
        environ.setenv(name, "1")
    environ.setenv("VLLM_LOGGING_LEVEL", "INFO")
    assert environment.foreign() == ("VLLM_LOGGING_LEVEL", "VLLM_NO_USAGE_STATS", "VLLM_PORT_8000_TCP")


def test_a_size_of_the_kv_cache_that_nobody_passed_is_refused_on_a_cpu(environ):
    environ.setattr(models, "_device", lambda: "cpu")
    environ.setenv("VLLM_CPU_KVCACHE_SPACE", "40")
    assert list(environment.replacing()) == ["VLLM_CPU_KVCACHE_SPACE"]
    with pytest.raises(CourseError, match="VLLM_CPU_KVCACHE_SPACE must not be set, since it replaces .*, got '40'"):
        models._refuse(models.engine_args("pocket-base-mini"))
    environ.setenv("VLLM_CPU_KVCACHE_SPACE", "")
    models._refuse(models.engine_args("pocket-base-mini"))


@pytest.mark.parametrize(("name", "value"), [("VLLM_PORT", "tcp://1.2.3.4:80"), ("VLLM_LOGGING_LEVEL", "debugg")])
def test_a_fresh_process_says_one_line_before_it_imports_vllm(name, value):
    code = LOAD.format("def main(argv):\n    load_model()\n\n")
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", code], capture_output=True, text=True, env=os.environ | {name: value}
    )
    said = [line for line in done.stderr.splitlines() if not line.startswith("import time:")]
    assert (done.returncode, done.stdout, len(said)) == (1, "", 1)
    assert said[0].startswith(f"{name} must be ")
    assert "| vllm\n" not in done.stderr and " torch\n" not in done.stderr
