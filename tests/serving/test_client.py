"""`server()` starts one server, hands out clients for it, and stops it; vLLM's part is a stand-in where it can be."""

import functools
import os
import re
import signal
import socket
import subprocess
import sys
import threading

import httpx
import psutil
import pytest

from tests.online.cases import DEADLINE, gone, until
from tests.runtime.notebook import notebook, printed
from tests.serving.cases import STANDIN, TAG, engine_of, is_free, start_real, tagged
from vllm_course import CourseError, paths, server
from vllm_course.configuring.config import ServeConfig
from vllm_course.serving import client
from vllm_course.serving.preflight import TRUST
from vllm_course.serving.process import ENGINE_DIED, launch

# What a program or a notebook begins with: `server` starts a stand-in.
BEGIN = f"""
import os, signal, sys, time
from vllm_course import server
from vllm_course.serving import command, process
process.launch.__kwdefaults__["module"] = {STANDIN!r}
command.command = lambda config: [str(config.server.port), ""]
"""


@pytest.fixture
def how(place, monkeypatch):
    """Let `server` start a stand-in; what is put into the list says how it is to behave."""
    words = [""]
    monkeypatch.setenv("PYTHONPATH", str(paths.root()))
    monkeypatch.setenv(TAG, place[1])
    monkeypatch.delenv("VLLM_API_KEY", raising=False)
    monkeypatch.setitem(launch.__kwdefaults__, "module", STANDIN)
    monkeypatch.setattr(client.command, "command", lambda config: [str(config.server.port), words[-1]])
    yield words
    client.stop_server()


def test_it_is_used_in_a_block(how, place):
    with server() as running:
        assert repr(running) == "Server('standin', ready)" and running.is_running
        assert not running.url.endswith(":8000")  # the configuration's default, where another server may be
        assert running.base_url == f"{running.url}/v1" and running.url.startswith("http://127.0.0.1:")
        assert running.http.get("/v1/models").json()["data"][0]["id"] == running.model == "standin"
        assert running.http.timeout == httpx.Timeout(None)  # an answer may take minutes
        assert running.log.startswith("engine ")
    assert repr(running) == "Server('standin', stopped)" and not running.is_running
    assert not tagged(place[1]) and running.http.is_closed
    running.stop()


def test_an_error_in_the_block_stops_it(how, place):
    with pytest.raises(ZeroDivisionError), server():
        raise ZeroDivisionError
    assert not tagged(place[1])


def test_the_same_call_returns_the_same_server_and_another_one_stops_it(how):
    first = server()
    assert server("pocket-chat") is first
    second = server(max_num_seqs=4)
    assert repr(first) == "Server('standin', stopped)" and second.pid != first.pid
    second.stop()
    third = server(max_num_seqs=4, seed=1)
    assert third is not second and server(seed=1, max_num_seqs=4) is third


@pytest.mark.parametrize("other", [{"api_key": "k"}, {"log": "log"}, {"port": 0}, {"model": "pocket-base"}])
def test_each_argument_makes_it_another_server(how, place, tmp_path, monkeypatch, other):
    monkeypatch.chdir(tmp_path)
    first, wanted = server(), {**other, **({"port": place[0]} if "port" in other else {})}
    second = server(**wanted)
    assert second.pid != first.pid and not first.is_running and server(**wanted) is second
    assert "log" not in other or (tmp_path / "log").read_text() == second.log
    client.stop_server()
    assert client._kept is None


def test_warnings_are_on_stderr(how, capsys):
    server(ServeConfig().merge_cli_args({"model": "pocket-chat", "trust_remote_code": True}))
    assert capsys.readouterr() == ("", f"{TRUST}\n")


def test_metrics_that_are_not_there_are_no_empty_table(how):
    running, answers = server(), [httpx.Response(404), httpx.Response(200, text="")]
    transport = httpx.MockTransport(lambda request: answers.pop(0))
    vars(running)["http"] = httpx.Client(transport=transport, base_url=running.url)
    with pytest.raises(httpx.HTTPStatusError):
        running.metrics()
    answers.append(httpx.Response(200, text=""))
    assert running.metrics().empty and running.metrics().dtype == float


def test_options_of_a_client_are_openais(how):
    found = server().openai(max_retries=0, api_key="mine", http_client=(own := httpx.Client()))
    assert (found.max_retries, found.api_key) == (0, "mine") and found._client is own


def test_a_server_that_has_ended_says_so_and_is_started_anew(how):
    first = server()
    engine_of(first._launched).kill()
    until(lambda: not first.is_running)
    killed = "killed, as Linux does where memory runs out"
    assert repr(first) == f"Server('standin', ended with exit code 1 ({killed}))"
    assert server() is not first


def test_arguments_are_vllms_and_the_key_is_not_among_them(how, place):
    running = server(
        api_key="secret", max_num_seqs=4, enforce_eager=False, seed=None, override_generation_config={"top_k": 1}
    )
    process = psutil.Process(running.pid)
    shown = "--disable-uvicorn-access-log --max-num-seqs 4 --no-enforce-eager --override-generation-config"
    assert process.cmdline()[5:] == [*shown.split(), '{"top_k": 1}']
    assert process.environ()["VLLM_API_KEY"] == "secret"
    assert running.http.headers["Authorization"] == "Bearer secret" and running.openai().api_key == "secret"
    assert "secret" not in repr(running)


def test_without_a_key_the_environments_is_taken(how, monkeypatch):
    assert "Authorization" not in server().http.headers and server().openai().api_key == "EMPTY"
    monkeypatch.setenv("VLLM_API_KEY", "other")
    client.stop_server()
    assert server().http.headers["Authorization"] == "Bearer other"


def test_no_proxy_is_asked(how, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    running = server()
    assert running.http.get("/health").status_code == 200
    assert running.openai().models.list().data[0].id == "standin"


def test_a_configuration_names_model_and_port(how, place, tmp_path):
    file = tmp_path / "mine.yml"
    file.write_text(f"model: {{name: pocket-chat}}\nserver: {{port: {place[0]}}}")
    for config in (file, str(file), ServeConfig.from_yaml(file)):
        assert server(config).url == f"http://127.0.0.1:{place[0]}"
    assert server(file, port=place[0] + 1).url.endswith(str(place[0] + 1))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"model": "pocket-chatt"}, "got 'pocket-chatt'. Did you mean 'pocket-chat'?"),
        ({"model": "no.yaml"}, "config must be a readable file, got No such file"),
        ({"port": 80}, "server.port must be a whole number >= 1024 and <= 65535, got 80."),
        ({"log": "/nowhere/log"}, "log must be a file that can be written, got /nowhere/log"),
    ],
)
def test_mistakes_are_said_in_one_line(how, words, message):
    with pytest.raises(CourseError) as caught:
        server(**words)
    assert message in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("host", ["192.0.2.1", "no.invalid"])
def test_an_address_of_another_machine_is_refused(how, host):
    config = ServeConfig().merge_cli_args({"model": "pocket-chat", "host": host})
    with pytest.raises(CourseError, match=f"server.host must be an address of this machine, got '?{host}'? [(]"):
        server(config)


def test_without_a_model_no_start_is_said(how, monkeypatch):
    monkeypatch.setattr(client.waiting, "said", None)
    with pytest.raises(CourseError, match="--model must be given"):
        server(ServeConfig())


def test_a_port_in_use_is_refused_before_anything_starts(how):
    port = int(server().url.rpartition(":")[2])
    client._kept = (None, client._kept[1])
    kept = client._kept[1]
    with pytest.raises(CourseError, match=f"server.port must be free, got {port}, where another program listens."):
        client.start(ServeConfig().merge_cli_args({"model": "pocket-chat"}), port=port, api_key=None, log=None)
    assert kept.is_running


def test_a_start_that_fails_leaves_nothing(how, place):
    how.append("fails")
    with pytest.raises(CourseError, match="OSError: .Errno 98. Address already in use"):
        server()
    assert not tagged(place[1]) and client._kept is None


def test_an_interrupted_start_leaves_nothing(how, place, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(client, "wait_ready", interrupted)
    with pytest.raises(KeyboardInterrupt):
        server()
    assert not tagged(place[1])


def test_two_starts_at_once_take_two_ports(how):
    with client._reserved("127.0.0.1", None) as first, client._reserved("127.0.0.1", None) as second:
        assert first != second and is_free(first)
    with client._reserved("127.0.0.1", first), socket.socket() as other, pytest.raises(OSError, match="in use"):
        other.bind(("127.0.0.1", first))


def test_an_address_of_ipv6_has_brackets():
    assert client._url("::1", 8000) == "http://[::1]:8000" and client._url("127.0.0.1", 1) == "http://127.0.0.1:1"
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6")
    with client._reserved("::1", None) as port:
        assert port > 0


@pytest.mark.parametrize(("end", "code"), [("", 0), ("1 / 0", 1), ("raise SystemExit(3)", 3)])
def test_it_is_stopped_when_the_program_ends(how, place, end, code):
    done = subprocess.run([sys.executable, "-c", f"{BEGIN}\nprint(server())\n{end}"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (code, "Server('standin', ready)\n")
    assert not tagged(place[1])


@pytest.fixture
def person(how):
    """A person with a notebook."""
    with notebook() as found:
        yield found


def test_a_person_reads_one_line_and_may_interrupt_a_cell(person, place):
    shown = [m["content"] for m in person.run(f"{BEGIN}\ns = server()") if "data" in m["content"]]
    line = "Starting the server of pocket-chat, which takes half a minute ..."
    assert [content["data"]["text/plain"] for content in shown] == [line, ""]
    person.run("print(1, flush=True); time.sleep(600)", interrupt_at="stream")
    assert printed(person.run("print(s, s.http.get('/health').status_code)")) == "Server('standin', ready) 200\n"


def test_a_program_that_executes_a_notebook_reads_nothing(person):
    assert printed(person.run(f"{BEGIN}\nprint(server())", allow_stdin=False)) == "Server('standin', ready)\n"


def test_a_kernel_that_is_killed_leaves_nothing(person, place):
    pid = int(printed(person.run(f"{BEGIN}\ns = server(); print(os.getpid())")))
    assert tagged(place[1])
    os.kill(pid, signal.SIGKILL)
    until(lambda: all(process.pid == pid for process in tagged(place[1])))


def test_what_a_real_server_counts(running):
    before = running.metrics()
    assert before.index.is_unique and before.dtype == float and all(before.index.str.startswith("vllm:"))
    assert not before.index.str.contains("_created|_info|_bucket").any()
    answer = running.http.post("/v1/completions", json={"prompt": "Hello", "max_tokens": 5, "ignore_eos": True}).json()
    added = functools.partial(lambda name: running.metrics()[name] - before[name])
    until(lambda: added('vllm:request_success_total{finished_reason="length"}') == 1)
    assert added("vllm:generation_tokens_total") == answer["usage"]["completion_tokens"] == 5
    assert added("vllm:prompt_tokens_total") == answer["usage"]["prompt_tokens"]
    assert running.metrics("vllm:num_requests").to_list() and "python_info" not in running.metrics("")
    assert "process_resident_memory_bytes" in running.metrics("")


def test_the_log_of_a_real_server(running):
    assert repr(running) == "Server('pocket-chat', ready)"
    assert "Application startup complete" in running.log and "GET /health" not in running.log


def engine(running) -> psutil.Process:
    """Return the engine's process of a real server."""
    return psutil.Process(int(re.search(r"EngineCore pid=(\d+)", running.log)[1]))


def test_a_real_engine_that_is_killed_fails_the_request_and_the_server(capfd):
    with start_real() as running:
        answers = []
        asking = threading.Thread(target=lambda: answers.append(long_request(running, 900)))
        asking.start()
        until(lambda: running.metrics()["vllm:prompt_tokens_total"])  # it has begun
        engine(running).kill()
        asking.join(DEADLINE)
        assert answers and answers != [200]
        assert running._launched.wait() == 1
    assert capfd.readouterr().err.endswith(f"{ENGINE_DIED}\n")


def test_a_real_server_that_is_killed_takes_its_engine_with_it():
    running = start_real()
    left = engine(running)
    os.kill(running.pid, signal.SIGKILL)
    assert running._launched.wait() == 128 + signal.SIGKILL
    until(lambda: gone(left))
    assert is_free(int(running.url.rpartition(":")[2]))


def test_a_request_to_a_real_server_is_answered_while_it_stops():
    running = start_real()
    answers = []
    asking = threading.Thread(target=lambda: answers.append(long_request(running, 300)))
    asking.start()
    until(lambda: running.metrics()["vllm:prompt_tokens_total"])  # it has begun
    running._launched.stop()
    asking.join(DEADLINE)
    assert answers == [200] and running._launched.wait() == 0 and not running._launched.engine_died


def long_request(running, tokens: int) -> int | str:
    """Ask for a text that takes a while; return the status of the answer, or the error's name."""
    body = {"prompt": "Once upon a time", "max_tokens": tokens, "ignore_eos": True}
    try:
        return httpx.post(f"{running.base_url}/completions", json=body, timeout=None).status_code
    except httpx.HTTPError as error:
        return type(error).__name__
