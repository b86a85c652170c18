"""A server's process is ready when it says so, and nothing is left of it, however it or its starter ends."""

import os
import random
import re
import signal
import socketserver
import subprocess
import sys
import threading
import time
import urllib.request

import psutil
import pytest

from tests.online.cases import DEADLINE, gone, until
from tests.serving.cases import STANDIN, TAG, engine_of, free_port, is_free, standin, tagged
from vllm_course import CourseError, paths
from vllm_course.serving import guard, process
from vllm_course.serving.process import ENGINE_DIED, ENGINE_FAILED, launch, telling, wait_ready

PROGRAM = """
import os, sys, time
from vllm_course.serving.process import launch, wait_ready
port, how, variable, tag, module = sys.argv[1:6]
print("begin", flush=True)
variables = {"PYTHONPATH": os.environ["PYTHONPATH"], variable: tag}
launched = launch([port, how], environment=variables, log=None, grace=1, module=module)
wait_ready(f"http://127.0.0.1:{port}", launched)
print("ready", flush=True)
exec(sys.argv[6])
"""
SLEEP = "time.sleep(600)"


@pytest.fixture
def ready(place):
    """Return a function that launches a stand-in and waits until it is ready."""
    port, tag = place
    started = []

    def start(how: str = "", **options):
        started.append(standin(port, how, tag=tag, **options))
        wait_ready(f"http://127.0.0.1:{port}", started[-1])
        return started[-1]

    yield start
    for launched in started:
        launched.kill()  # where the test has failed


def program(place, *, how: str = "", then: str = SLEEP) -> subprocess.Popen:
    """Start a program that owns a server."""
    port, tag = place
    command = [sys.executable, "-c", PROGRAM, str(port), how, TAG, tag, STANDIN, then]
    variables = os.environ | {"PYTHONPATH": str(paths.root())}
    return subprocess.Popen(command, env=variables, stdout=subprocess.PIPE, text=True, start_new_session=True)


def ask(port: int, path: str) -> int:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}") as answer:
        return answer.status


def test_it_is_ready_when_it_answers_and_stops_when_told(ready, tmp_path):
    launched = ready("late", log=tmp_path / "server.log")
    engine = engine_of(launched)
    assert launched.poll() is None and psutil.pid_exists(launched.pid)
    assert (tmp_path / "server.log").read_text() == launched.log_text() == f"engine {engine.pid}\n"
    launched.stop()
    launched.stop()
    assert gone(engine) and launched.poll() == launched.wait() == 0
    assert not launched.engine_died


def test_a_log_is_text_without_colours_whoever_writes_to_it(ready, tmp_path):
    """vLLM colours its log where FORCE_COLOR is set."""
    (tmp_path / "server.log").write_text("of a server before\n")
    launched = ready(log=tmp_path / "server.log")
    with (tmp_path / "server.log").open("ab") as log:
        log.write(b"\x1b[31mERROR\x1b[0m \xff\n")
    launched.stop()
    lines = launched.log_text().splitlines()
    assert lines[0].startswith("engine ") and lines[1] == "ERROR \N{REPLACEMENT CHARACTER}"
    assert "EngineDeadError" in lines[2] and len(lines) == 3


def test_another_server_goes_on(ready, place):
    first, other = ready(), standin(port := free_port(), tag=place[1])
    try:
        wait_ready(f"http://127.0.0.1:{port}", other)
        first.stop()
        assert other.poll() is None and not gone(engine_of(other)) and ask(port, "/health") == 200
    finally:
        other.kill()


def test_a_request_that_runs_is_answered_before_the_end(ready, place):
    launched, answers = ready(), []
    asking = threading.Thread(target=lambda: answers.append(ask(place[0], "/slow")))
    asking.start()
    time.sleep(0.5)
    launched.stop()
    asking.join()
    assert answers == [200]


def test_what_does_not_stop_is_killed_after_the_grace(ready):
    launched = ready("stubborn", grace=0.5)
    launched.stop()
    assert launched.wait() == 128 + signal.SIGKILL


def test_kill_does_not_wait(ready):
    launched, begun = ready("stubborn", grace=2 * DEADLINE), time.monotonic()
    launched.kill()
    launched.kill()
    assert launched.wait() == 128 + signal.SIGKILL and time.monotonic() - begun < DEADLINE


def test_kill_signals_nobody_where_the_server_has_ended(ready, monkeypatch):
    """Its number may be somebody else's by then."""
    launched = ready()
    launched.stop()
    monkeypatch.setattr(os, "killpg", None)
    launched.kill()


def test_kill_goes_on_where_the_server_ends_at_this_moment(ready, monkeypatch):
    def too_late(*_: int) -> None:
        raise ProcessLookupError

    launched = ready()
    monkeypatch.setattr(os, "killpg", too_late)
    launched.kill()
    assert launched.wait() == 0


@pytest.mark.parametrize("how", ["", "leaves", "retitled"])
def test_the_first_process_killed_takes_the_engine_with_it(ready, how, capfd):
    launched = ready(how)
    engine = engine_of(launched)
    os.kill(launched.pid, signal.SIGKILL)
    assert launched.wait() == 128 + signal.SIGKILL and gone(engine)
    assert capfd.readouterr().err == ""


def test_an_engine_that_died_is_no_success_and_is_said(ready, capfd):
    launched = ready()
    engine_of(launched).kill()
    assert launched.wait() == 1 and launched.engine_died
    assert launched.ending == "exit code 1 (killed, as Linux does where memory runs out)"
    assert capfd.readouterr().err == f"{ENGINE_DIED}\n"


def test_an_engine_that_failed_was_not_killed(ready, capfd):
    launched = ready("fatal")
    engine_of(launched).kill()
    assert launched.wait() == 1 and "memory" not in launched.ending
    assert capfd.readouterr().err == f"{ENGINE_FAILED}\n"


def test_a_server_that_somebody_else_ends_has_no_dead_engine(ready, capfd):
    """vLLM's log names an EngineDeadError in this case too."""
    launched = ready()
    os.kill(launched.pid, signal.SIGTERM)
    assert launched.wait() == 0 and "EngineDeadError" in launched.log_text()
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("end", "code"),
    [(lambda launched: launched.stop(), 0), (lambda launched: os.kill(launched.pid, signal.SIGKILL), 137)],
)
def test_a_server_that_was_told_to_end_or_was_killed_has_no_dead_engine(ready, tmp_path, capfd, end, code):
    """Its engine may be gone a moment before it."""
    launched = ready(log=tmp_path / "server.log")
    with (tmp_path / "server.log").open("a") as log:
        log.write("MPClient: engine core exited unexpectedly\n")
    end(launched)
    assert launched.wait() == code and not launched.engine_died
    assert capfd.readouterr().err == ""


def test_it_stops_although_a_process_holds_the_pipe_too(ready):
    """A notebook may have forked; such a process has all that was open."""
    launched = ready()
    if not (pid := os.fork()):
        time.sleep(600)
        os._exit(0)
    launched.stop()
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def test_it_ends_with_its_program_although_a_process_holds_the_pipe_too(place):
    owner = program(place, then=f"pid = os.fork()\nif pid: print(pid, flush=True)\n{SLEEP}")
    forked = int([owner.stdout.readline() for _ in range(3)][-1])
    owner.kill()
    until(lambda: not tagged(place[1]))
    os.kill(forked, signal.SIGKILL)


@pytest.mark.parametrize(
    ("then", "sent", "code"),
    [
        (SLEEP, signal.SIGKILL, -signal.SIGKILL),
        (SLEEP, signal.SIGTERM, -signal.SIGTERM),
        ("os._exit(5)", None, 5),
        ("1 / 0", None, 1),
    ],
)
def test_it_ends_with_its_program(place, then, sent, code):
    owner = program(place, then=then)
    assert [owner.stdout.readline() for _ in range(2)] == ["begin\n", "ready\n"]
    if sent:
        owner.send_signal(sent)
    assert owner.wait(DEADLINE) == code


def test_nothing_is_left_of_starts_that_are_killed_at_any_moment(place):
    """The moments are spread over the start and a little more."""
    randomly = random.Random(0)
    for how in ["", "late", "leaves", "stubborn"] * 2:
        owner = program(place, how=how)
        owner.stdout.readline()
        time.sleep(randomly.random())
        owner.kill()
        owner.wait()
        until(lambda: not tagged(place[1]))
        assert is_free(place[0])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_it_does_not_outlive_its_guard(ready, number):
    launched = ready()
    watcher = psutil.Process(launched.pid).parent()
    assert guard.__file__ in watcher.cmdline()
    watcher.send_signal(number)
    assert launched.wait() == 128 + number


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_guard_that_is_told_to_end_ends_what_does_not_listen(ready, place, number):
    """Nor does a second signal interrupt it at that."""
    launched = ready("stubborn", grace=1)
    watcher = psutil.Process(launched.pid).parent()
    watcher.send_signal(number)
    time.sleep(0.5)
    watcher.send_signal(number)
    assert launched.wait() == 128 + number
    until(lambda: not tagged(place[1]))


def test_its_variables_come_before_the_programs(ready, place, monkeypatch):
    monkeypatch.setenv(TAG, "the program's")
    assert psutil.Process(ready().pid).environ()[TAG] == place[1]


def test_variables_of_python_do_not_reach_the_guard(place, monkeypatch):
    """With this one it would wait for a person at its end."""
    monkeypatch.setenv("PYTHONINSPECT", "1")
    launched = standin(place[0], "killed")
    until(lambda: launched.poll() == 128 + signal.SIGKILL)


def test_a_learners_file_hides_no_package_from_the_server(ready, tmp_path, monkeypatch):
    (tmp_path / "http.py").write_text("raise ImportError('mine')")
    monkeypatch.chdir(tmp_path)
    assert ready().poll() is None


def test_a_server_has_no_input(place):
    """The guard's own is the pipe from the program."""
    launched = standin(place[0], "reads", tag=place[1])
    try:
        wait_ready(f"http://127.0.0.1:{place[0]}", launched, timeout=DEADLINE)
    finally:
        launched.kill()


def test_ctrl_c_and_the_interrupt_button_reach_the_program_alone(place):
    come = "signal.signal(signal.SIGINT, lambda *_: print('came', flush=True)); print('set', flush=True)"
    owner = program(place, then=f"import signal; {come}; {SLEEP}")
    assert [owner.stdout.readline() for _ in range(3)] == ["begin\n", "ready\n", "set\n"]
    os.killpg(owner.pid, signal.SIGINT)
    assert owner.stdout.readline() == "came\n"
    assert ask(place[0], "/health") == 200
    owner.kill()


def test_a_start_that_fails_says_why(place):
    launched = standin(place[0], "fails")
    said = "the server must start, got exit code 1 (OSError: [Errno 98] Address already in use). Its log says more."
    with pytest.raises(CourseError, match=re.escape(said)):
        wait_ready(f"http://127.0.0.1:{place[0]}", launched)


def test_a_guard_that_cannot_start_says_why(place, tmp_path, monkeypatch):
    monkeypatch.setattr(guard, "__file__", str(tmp_path / "no.py"))
    said = "python must start the server, got: .*No such file or directory. See `make doctor`."
    with pytest.raises(CourseError, match=said):
        standin(place[0], tag=place[1])


@pytest.mark.parametrize(("how", "code"), [("killed", 137), ("engine killed", 1)])
def test_a_start_that_is_killed_names_the_memory(place, how, code):
    launched = standin(place[0], how)
    said = f"the server must start, got exit code {code} (killed, as Linux does where memory runs out). Its log"
    with pytest.raises(CourseError, match=re.escape(said)):
        wait_ready(f"http://127.0.0.1:{place[0]}", launched)


@pytest.mark.parametrize("timeout", [0, 0.2])
def test_waiting_can_be_limited(place, timeout):
    launched = standin(free_port(), tag=place[1])
    late = threading.Timer(10, launched.kill)
    late.start()
    try:
        with pytest.raises(CourseError, match=f"the server must be ready within {timeout} s, got no answer"):
            wait_ready(f"http://127.0.0.1:{place[0]}", launched, timeout=timeout)
    finally:
        late.cancel()
        launched.kill()


def test_a_server_that_is_unwell_is_not_ready(ready, place):
    ready("unwell")
    assert ask(place[0], "/health") == 200


@pytest.mark.parametrize("pause", [0, 4])
def test_what_does_not_speak_http_or_hangs_is_not_ready(ready, monkeypatch, pause):
    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            time.sleep(pause)
            self.request.sendall(b"hello\n")

    monkeypatch.setattr(process, "ANSWER_WITHIN", 0.2)
    monkeypatch.setattr(socketserver.ThreadingTCPServer, "daemon_threads", True)
    launched = ready()
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as other:
        threading.Thread(target=other.serve_forever).start()
        begun = time.monotonic()
        with pytest.raises(CourseError, match="the server must be ready within 0.5 s, got no answer"):
            wait_ready(f"http://127.0.0.1:{other.server_address[1]}", launched, timeout=0.5)
        assert time.monotonic() - begun < 3
        other.shutdown()


def test_a_log_that_cannot_be_written_is_refused_in_one_line(tmp_path):
    with pytest.raises(CourseError, match="log must be a file that can be written, got .* \\(Is a directory\\)"):
        launch([], environment={}, log=tmp_path, grace=1, module=STANDIN)


PYDANTIC = """(APIServer pid=7) pydantic_core._pydantic_core.ValidationError: 1 validation error for ModelConfig
(APIServer pid=7)   Value error, Unknown quantization method: x. [type=value_error, input_value=1, input_type=int]
(APIServer pid=7)     For further information visit https://errors.pydantic.dev/2/v/value_error
"""
ROOT = """(EngineCore pid=8) ERROR 11-27 16:00:00 [core.py:1] ValueError: No memory: take less
(APIServer pid=7) RuntimeError: Engine core initialization failed. See root cause above. Failed core proc(s): {}
"""


@pytest.mark.parametrize(
    ("log", "said"),
    [
        ("", "no line in its log"),
        ("\none\n\n two \n \n", "two"),
        ("OSError: why.\nRuntimeError: KeyboardInterrupt: terminated", "OSError: why"),
        ("(APIServer pid=7) Exception: why\nbye", "Exception: why"),  # as tokenizers says it
        ("SystemExit: why\nbye", "SystemExit: why"),
        ("OSError: why\nUserWarning: SystemExit: leaked semaphore objects", "OSError: why"),
        ("(APIServer pid=7) INFO 11-27 16:00:00 [entry.py:1] the last line", "the last line"),
        ("entry.py: error: unrecognized arguments: --x", "unrecognized arguments: --x"),
        (PYDANTIC, "ValidationError: Unknown quantization method: x"),
        (ROOT, "ValueError: No memory: take less"),
    ],
)
def test_the_telling_line_of_a_log(log, said):
    assert telling(log) == said
