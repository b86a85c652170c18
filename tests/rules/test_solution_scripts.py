"""The scripts of solutions are tools: they help, they run for real, and they answer a mistake with one line."""

import json
import os
import re
import signal
import subprocess

import httpx
import pytest
from fastapi.testclient import TestClient

from tests.rules import scripts
from tests.rules.notebooks import label
from tools import warm
from vllm_course import paths

FOLDER = paths.root() / "solutions" / "02-text-generation"
TOOLS = [FOLDER / f"{name}.py" for name in ("web_api", "content_generator", "benchmark")]
GENERATOR, BENCHMARK, WEB_API = "content_generator.py", "benchmark.py", "web_api.py"
MISTAKES = [
    (GENERATOR, ["--topic", "x", "--num-variations", "0"], "--num-variations", "0"),
    (GENERATOR, ["--topic", " "], "--topic", "' '"),
    (GENERATOR, ["--topic", "x", "--output", "report.txt"], "--output", "report.txt"),
    (GENERATOR, ["--topic", "x", "--output", "no-such-folder/report.md"], "--output", "no-such-folder"),
    (GENERATOR, ["--topic", "x", "--model", "no-such-model"], "--model", "no-such-model"),
    (BENCHMARK, ["--batch-size", "0"], "--batch-size", "0"),
    (BENCHMARK, ["--max-tokens", "many"], "--max-tokens", "many"),
    (BENCHMARK, ["--output", "no-such-folder/speed.svg"], "--output", "no-such-folder"),
    (BENCHMARK, ["--output", "speed.gif"], "--output", "speed.gif"),
    (BENCHMARK, ["--model", "no-such-model"], "--model", "no-such-model"),
    (WEB_API, ["--port", "65536"], "--port", "65536"),
    (WEB_API, ["--model", "no-such-model"], "--model", "no-such-model"),
]

pytestmark = pytest.mark.usefixtures("one_engine")


@pytest.mark.parametrize("script", TOOLS, ids=label)
def test_shape(script):
    assert scripts.shape(script.read_text("utf-8")) == []


@pytest.mark.parametrize("script", TOOLS, ids=label)
def test_help_shows_an_example(script, capsys):
    assert scripts.call(script, "--help") == 0
    assert f"python {label(script)}" in capsys.readouterr().out


@pytest.mark.parametrize(("script", "arguments", "option", "value"), MISTAKES)
def test_mistake_is_answered_with_one_line(script, arguments, option, value, capsys):
    assert scripts.call(FOLDER / script, *arguments) == 2
    assert scripts.one_line(capsys.readouterr().err, option, value) == []


def test_content_generator_writes_report_and_chart(tmp_path, capsys):
    report = tmp_path / "sea report.md"
    arguments = ["--topic", "the sea", "--num-variations", "1", "--output", str(report)]
    assert scripts.call(FOLDER / GENERATOR, *arguments) == 0
    text = report.read_text("utf-8")
    assert text.startswith("# Texts about the sea\n") and "\n## By temperature\n" in text
    assert text.count("Write a short paragraph about the sea:") >= 4 and text.endswith("(sea%20report.svg)\n")
    assert "<svg" in (tmp_path / "sea report.svg").read_text("utf-8") and capsys.readouterr().err == ""


def test_benchmark_prints_json_and_draws(tmp_path, capsys):
    chart = tmp_path / "speed.svg"
    sizes = ["--batch-size", "1", "--batch-size", "4", "--max-tokens", "4"]
    models = ["--model", "pocket-base-mini", "--model", "pocket-base"]
    assert scripts.call(FOLDER / BENCHMARK, *sizes, *models, "--json", "--output", str(chart)) == 0
    printed = capsys.readouterr()
    rows = json.loads(printed.out)
    assert [(row["model"], row["tokens"]) for row in rows] == [(m, t) for m in models[1::2] for t in (4, 16)]
    assert all(0 < row["time_to_first_token"] < row["seconds"] and row["memory"] > 50 for row in rows)
    assert "<svg" in chart.read_text("utf-8") and printed.err == ""


def test_benchmark_prints_a_table(capsys):
    assert scripts.call(FOLDER / BENCHMARK, "--batch-size", "2", "--max-tokens", "2") == 0
    assert re.search(r"tokens/s +first token \(s\) +memory \(MiB\)", capsys.readouterr().out)


def test_web_api_answers_and_ends_on_ctrl_c():
    server = scripts.start(str(FOLDER / WEB_API), "--port", "0")
    try:
        address = re.match(r"(http://127\.0\.0\.1:\d+)/docs", server.stdout.readline()).group(1)
        taken = scripts.start(str(FOLDER / WEB_API), "--port", address.rpartition(":")[2])
        answer = httpx.post(f"{address}/generate", json={"prompt": "The moon", "max_tokens": 3}, timeout=60)
        assert answer.status_code == 200 and answer.json()["tokens"] == 3
        assert httpx.post(f"{address}/generate", json={"prompt": ""}).status_code == 422
        _, stderr = taken.communicate(timeout=scripts.DEADLINE)
        assert taken.returncode == 2 and "port must be free, got" in stderr and stderr.count("\n") == 1
    finally:
        server.send_signal(signal.SIGINT)
        _, stderr = server.communicate(timeout=scripts.DEADLINE)
    assert server.returncode == 130 and stderr == "interrupted\n"


@pytest.mark.parametrize(
    ("body", "kind", "says"),
    [
        (
            r'{"prompt": "caf\ud83d"}',
            "application/json",
            "a valid string, unable to parse raw data",
        ),
        (r'{"prompt": "The moon", "\ud83d": 1}', "application/json", "a valid string"),
        (r'{"prompt": ["\ud83d"]}', "application/json", "a valid string"),
        ('{"prompt": "The moon", "top_p": NaN}', "application/json", "less than or equal to 1"),
        ('{"prompt": "The moon", "seed": 1e400}', "application/json", "a finite number"),
        (f'{{"prompt": "The moon", "seed": {2**63}}}', "application/json", "less than or equal to 9223372036854775807"),
        (b'{"prompt": "caf\xe9"}', "text/plain", "a valid dictionary"),
    ],
)
def test_web_api_says_what_is_wrong_with_what_json_cannot_write(body, kind, says):
    app = scripts.module_of(FOLDER / WEB_API).create_app(llm=None)
    client = TestClient(app, raise_server_exceptions=False)
    answer = client.post("/generate", content=body, headers={"content-type": kind})
    assert answer.status_code == 422 and f"should be {says}" in answer.json()["detail"][0]["msg"]


def batch(*arguments: str) -> subprocess.CompletedProcess:
    """Run the shell script of exercise 2.9 for real."""
    return subprocess.run(
        ["bash", str(FOLDER / "batch_generate.sh"), *arguments],
        env=os.environ | {"PYTHON": warm.python()},
        capture_output=True,
        text=True,
        timeout=scripts.DEADLINE,
        check=False,
    )


def test_batch_script_saves_a_file_a_prompt(tmp_path):
    prompts, folder = tmp_path / "my prompts.txt", tmp_path / "my results"
    prompts.write_text('The capital of France is\nSay "yes", or no\nThe capital of Italy is\n', encoding="utf-8")
    ran = batch(str(prompts), str(folder), "--temperature", "0", "--max-tokens", "4")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert sorted(path.name for path in folder.glob("*.txt")) == ["001.txt", "002.txt", "003.txt"]
    assert "Paris" in (folder / "001.txt").read_text("utf-8") and "Rome" in (folder / "003.txt").read_text("utf-8")


@pytest.mark.parametrize("arguments", [[], ["prompts.txt"], ["no-such-file.txt", "results"]])
def test_batch_script_answers_a_mistake(arguments):
    ran = batch(*arguments)
    assert ran.returncode == 2 and scripts.ONE_LINE.search(ran.stderr) and ran.stderr.count("\n") == 1


def test_batch_script_fails_with_the_tool(tmp_path):
    prompts = tmp_path / "prompts.txt"
    prompts.write_text("The moon\n", encoding="utf-8")
    ran = batch(str(prompts), str(tmp_path / "results"), "--temperature", "-1")
    assert ran.returncode == 2 and "temperature" in ran.stderr and not list(tmp_path.glob("results/*.txt"))
