"""The script of lesson 08: its six steps, its exit codes, and one line for whatever goes wrong."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.request

import psutil
import pytest

from tests.online.cases import DEADLINE, until
from tests.rules.scripts import call
from tests.serving.cases import STANDIN, TAG
from vllm_course import paths
from vllm_course.serving.process import ENGINE_DIED

SCRIPT = paths.lesson(8) / "serve_model.py"
CONFIGS = SCRIPT.with_name("configs")
# The script with a stand-in for vLLM's server.
PROGRAM = """
import runpy, sys
from vllm_course.serving import command, process
script, how = sys.argv[1:3]
sys.argv[1:3] = []
process.launch.__kwdefaults__["module"] = sys.argv.pop(1)
command.command = lambda config: [str(config.server.port), how]
sys.argv[0] = script
runpy.run_path(script, run_name="__main__")
"""


@pytest.fixture(autouse=True)
def without_a_key(monkeypatch):
    monkeypatch.delenv("VLLM_API_KEY", raising=False)


def answered(capsys, *words: str, code: int) -> str:
    """Return the one line with which the script answers a mistake."""
    assert call(SCRIPT, *words) == code
    said = capsys.readouterr()
    assert said.out == "" and said.err.count("\n") == 1 and "Traceback" not in said.err
    assert re.search(r"must .+, got .+\. \S", said.err), said.err
    return said.err


def test_the_merged_settings_and_where_they_come_from(capsys, tmp_path):
    file = tmp_path / "base.yaml"
    file.write_text("model: {name: pocket-chat}\nserver: {port: 8000}\ngeneration: {temperature: 0.7}")
    assert call(SCRIPT, "--config", str(file), "--port", "9000", "--temperature", "0.9", "--print-config") == 0
    rows = [line.split(maxsplit=2) for line in capsys.readouterr().out.splitlines()]
    assert ["model.name", "pocket-chat", str(file)] in rows
    assert ["server.port", "9000", "--port"] in rows and ["generation.temperature", "0.9", "--temperature"] in rows
    assert ["server.host", "127.0.0.1", "default"] in rows and ["generation.top_p", "-", "default"] in rows
    assert "vllm serve" not in str(rows)


def test_the_same_as_json(capsys):
    assert call(SCRIPT, "--model", "pocket-chat", "--gpus", "2", "--print-config", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["settings"]["inference.gpus"] == {"value": 2, "from": "--gpus"} and set(found) == {"settings"}


@pytest.mark.parametrize("file", sorted(CONFIGS.glob("*.yaml")), ids=lambda file: file.stem)
def test_a_dry_run_shows_the_command_line(capsys, file):
    assert call(SCRIPT, "--config", str(file), "--dry-run") == 0
    printed = capsys.readouterr()
    assert re.search(r"^(\S+=\S+ )*vllm serve \S+ \\$", printed.out, re.MULTILINE) and printed.err == ""
    assert call(SCRIPT, "--config", str(file), "--dry-run", "--json") == 0
    assert json.loads(capsys.readouterr().out)["arguments"][0] == "--model"


@pytest.mark.parametrize(
    ("words", "part"),
    [
        ((), "--model must be given where --config names no model, got none."),
        (("--port", "9000", "--print-config"), "--model must be given where --config names no model, got none."),
        (("--config", "missing.yaml"), "missing.yaml"),
        (("--model", "pocket-chat", "--host", "0.0.0.0"), "got 0.0.0.0 without a key"),
        (("--model", "pocket-chat", "--api-key-env", "NO_SUCH_KEY"), "got NO_SUCH_KEY without one"),
        (
            ("--model", "pocket-chat", "--max-model-len", "64", "--max-tokens", "65"),
            "generation.max_tokens must be <= ",
        ),
        (("--model", "pocket-chat", "--host", "8.8.8.8", "--open-to-all"), "server.host must be an address"),
        (("--model", "pocket-chat", "--kv-cache-memory", "1TiB"), "free memory must be at least"),
        (("--model", "pocket-chat", "--max-model-len", "4096"), "'max_position_embeddings'"),
        (("--config", str(CONFIGS / "production.yaml")), "without a key"),
    ],
)
def test_a_wrong_configuration_ends_with_1(capsys, words, part):
    assert part in answered(capsys, *words, code=1)


@pytest.mark.parametrize(
    "words",
    [
        ("--port", "80"),
        ("--gpus", "9"),
        ("--dtype", "bf16"),
        ("--model", "nope"),
        ("--top-p", "0"),
        ("--quantization", "q"),
    ],
)
def test_a_wrong_command_line_ends_with_2(capsys, words):
    assert words[0] in answered(capsys, *words, code=2)


def test_unknown_keys_are_refused_with_the_nearest(capsys, tmp_path):
    file = tmp_path / "x.yaml"
    file.write_text("model: {name: pocket-chat}\nserver: {prt: 8000}")
    assert "got server.prt. Did you mean server.port?" in answered(capsys, "--config", str(file), code=1)


def serving(place, how: str = "", *words: str) -> subprocess.Popen:
    """Start the script, with a stand-in for vLLM's server."""
    port, tag = place
    command = [sys.executable, "-c", PROGRAM, str(SCRIPT), how, STANDIN, "--model", "pocket-chat", "--port", str(port)]
    variables = os.environ | {"PYTHONPATH": str(paths.root()), TAG: tag}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen([*command, *words], env=variables, text=True, start_new_session=True, **pipes)


def ended(process: subprocess.Popen) -> tuple[int, str]:
    """Return the exit code and what the script wrote to stderr."""
    _, said = process.communicate(timeout=DEADLINE)
    return process.returncode, said


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_lets_running_requests_finish_and_ends_with_0(place, number):
    process = serving(place)
    said = f"Serving pocket-chat at http://127.0.0.1:{place[0]}. Ctrl-C stops it.\n"
    assert process.stdout.readline() == said
    answers = []
    asking = threading.Thread(
        target=lambda: answers.append(urllib.request.urlopen(said.split()[3][:-1] + "/slow").status)
    )
    asking.start()
    time.sleep(0.5)
    os.killpg(process.pid, number)  # as a terminal does
    assert ended(process) == (0, "stopping: running requests finish first; Ctrl-C once more ends them too\n")
    asking.join()
    assert answers == [200]


def test_a_second_signal_does_not_wait(place):
    process = serving(place, "stubborn")
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    assert process.stderr.readline().startswith("stopping")
    process.send_signal(signal.SIGINT)
    began = time.monotonic()
    assert ended(process)[0] == 0 and time.monotonic() - began < 30


def test_where_it_listens_as_json(place):
    process = serving(place, "", "--json")
    found = json.loads(process.stdout.readline())
    assert found["url"] == f"http://127.0.0.1:{place[0]}" and psutil.pid_exists(found["pid"])
    process.send_signal(signal.SIGTERM)
    assert ended(process)[0] == 0


def test_a_signal_while_it_starts_ends_with_0(place):
    process = serving(place, "late")
    until(lambda: any("standin" in " ".join(found.cmdline()) for found in psutil.Process(process.pid).children(True)))
    process.send_signal(signal.SIGTERM)
    assert ended(process)[0] == 0


def test_a_start_that_fails_ends_with_1(place):
    code, said = ended(serving(place, "fails"))
    assert code == 1 and said.count("\n") == 1 and "the server must start, got exit code 1 (OSError" in said


def test_an_engine_that_dies_ends_with_1(place, tmp_path):
    process = serving(place, "", "--log-file", str(tmp_path / "log"))
    process.stdout.readline()
    os.kill(int((tmp_path / "log").read_text().split()[1]), signal.SIGKILL)
    assert ended(process) == (1, f"{ENGINE_DIED}\n")


def test_a_server_that_is_killed_ends_with_1(place):
    process = serving(place, "", "--json")
    os.kill(json.loads(process.stdout.readline())["pid"], signal.SIGKILL)
    code, said = ended(process)
    got = "exit code 137 (killed, as Linux does where memory runs out)"
    assert code == 1 and said == f"the server must run until it is stopped, got {got}. Its log says more.\n"


def test_a_script_that_is_killed_leaves_nothing(place):
    process = serving(place)
    process.stdout.readline()
    process.kill()
    assert ended(process)[0] == -signal.SIGKILL


def test_warnings_do_not_stop_it(place):
    process = serving(place, "", "--trust-remote-code", "--host", "0.0.0.0", "--open-to-all")
    process.stdout.readline()
    process.send_signal(signal.SIGTERM)
    code, said = ended(process)
    assert code == 0 and [line.split(":")[0] for line in said.splitlines()] == ["warning", "warning", "stopping"]
