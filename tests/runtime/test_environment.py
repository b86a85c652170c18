"""Variables that somebody else has set for vLLM: one line that names the variable, before vLLM is imported."""

import http.server
import os
import re
import subprocess
import sys
import threading

import pytest

from vllm_course import CourseError, models, paths
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


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("VLLM_COURSE_MODLE", "VLLM_COURSE_MODEL"),
        ("VLLM_COURSE_CHATMODEL", "VLLM_COURSE_CHAT_MODEL"),
        ("VLLM_COURS_MODEL", "VLLM_COURSE_MODEL"),
        ("vllm_course_home", "VLLM_COURSE_HOME"),
    ],
)
def test_a_misspelled_variable_of_the_course_is_named_and_not_passed_over(environ, wrong, right):
    environ.setenv(wrong, "x")
    with pytest.raises(CourseError, match=f"^{wrong} must be spelled {right}, got 'x'. Unset it .* unset {wrong}$"):
        environment.require(environment.broken())


def test_no_other_variable_counts_as_misspelled(environ):
    sources = [file.read_text("utf-8") for file in (paths.root() / "vllm_course").rglob("*.py")]
    others = {name for text in sources for name in re.findall(r"\bVLLM_COURSE_[A-Z_]+[A-Z]\b", text)}
    for name in {*environment._vllms_readers(), *others}:
        environ.setenv(name, "1")
    assert environment._misspelled() == {} and set(environment.OWN) <= others | {"VLLM_COURSE_MODEL"}


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
        models.refuse(models.engine_args("pocket-base-mini"))
    environ.setenv("VLLM_CPU_KVCACHE_SPACE", "")
    models.refuse(models.engine_args("pocket-base-mini"))


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


ASK = """
import subprocess, sys
import vllm_course
import httpx
url = sys.argv[1]
print(httpx.get(url).status_code, httpx.Client(base_url=url).get("/").status_code)
curl = ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", url]
print(subprocess.run(curl, capture_output=True, text=True).stdout)
"""


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
def test_a_proxy_is_not_asked_for_servers_on_this_machine(name, tmp_path):
    clean = {key: value for key, value in os.environ.items() if "proxy" not in key.lower()}
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        command = [sys.executable, "-c", ASK, f"http://127.0.0.1:{server.server_port}"]
        done = subprocess.run(command, env={**clean, name: "http://127.0.0.1:9"}, capture_output=True, text=True)
        server.shutdown()
    assert done.stdout.split() == ["200"] * 3, done.stderr


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, None),
        ({"HTTPS_PROXY": "p:1"}, "127.0.0.1,localhost,::1"),
        ({"HTTPS_PROXY": "p:1", "NO_PROXY": "a, localhost"}, "a,localhost,127.0.0.1,::1"),
        ({"HTTPS_PROXY": "p:1", "NO_PROXY": "a", "no_proxy": "b"}, "b,a,127.0.0.1,localhost,::1"),
        ({"HTTPS_PROXY": "p:1", "NO_PROXY": "*"}, "*"),
    ],
)
def test_what_the_user_excludes_from_proxies_stays_excluded(environ, before, after):
    for name in [key for key in os.environ if "proxy" in key.lower()]:
        environ.delenv(name)
    for name, value in before.items():
        environ.setenv(name, value)
    environ.setenv("no_proxy", before.get("no_proxy", ""))  # put back afterwards
    environment.ask_this_machine_directly()
    assert os.environ.get("NO_PROXY") == after
