"""What lesson 02's script prints, writes and logs, and how it helps."""

import csv
import io
import json
import logging
import re
import subprocess
import sys

import pytest

from tests.completion.cases import SCRIPT, SHORT, Tool
from tests.rules.scripts import start

pytestmark = pytest.mark.usefixtures("one_engine")
FRANCE = "The capital of France is"


@pytest.fixture
def tool(tmp_path, capsys):
    return Tool(tmp_path, capsys)


def test_text_json_csv_and_markdown(tool, texts_are_compared):
    words = (*SHORT, "--prompt", 'a | b\n```\n=1,"2"')
    for ending in ("txt", "json", "csv", "md"):
        assert tool(*words, "--output", str(tool.folder / f"out.{ending}")).code == 0
    files = {name: content.decode() for name, content in tool.files().items()}
    records = json.loads(files["out.json"])["results"]
    assert set(files) == {"out.txt", "out.json", "out.csv", "out.md"}
    rows = list(csv.DictReader(io.StringIO(files["out.csv"])))
    assert rows == [{name: str(value) for name, value in record.items()} for record in records]
    for record in records:
        assert record["prompt"] in files["out.txt"] and record["text"] in files["out.txt"]
        assert record["text"] in files["out.md"]
    assert "````text\na | b\n```\n" in files["out.md"] and "| temperature | `0.0` | command line |" in files["out.md"]
    assert not texts_are_compared or records[0]["text"].startswith(" Paris")


def test_a_carriage_return_does_not_end_a_row_of_csv(tool):
    file = tool.folder / ("x" * 245 + ".csv")  # and a name so long that nothing can be added to it
    assert tool("--prompt", "The moon\rThe sun", *SHORT[2:], "--output", str(file)).code == 0
    with file.open(encoding="utf-8", newline="") as lines:
        assert [row["prompt"] for row in csv.DictReader(lines)] == ["The moon\rThe sun"]
    assert [path.name for path in tool.folder.iterdir()] == [file.name]


def test_a_file_name_in_another_encoding_is_shown_and_logged(tool):
    config = tool.folder / "caf\udce9.yaml"
    config.write_text("seed: 1")
    log, out = tool.folder / "run.log", tool.folder / "out.json"
    run = tool(*SHORT, "--config", str(config), "--log-file", str(log), "--output", str(out))
    assert (run.code, run.err) == (0, "") and "caf\\udce9.yaml" in log.read_text("utf-8")
    assert json.loads(out.read_text("utf-8"))["configuration"]["seed"] == {"value": 1, "from": str(config)}


def test_text_says_value_and_source(tool):
    lines = [" ".join(line.split()) for line in tool(*SHORT, "--n", "1").out.splitlines()]
    assert "temperature 0.0 command line" in lines
    assert "top_k 40 the model's default" in lines
    assert f"Prompt: {FRANCE!r}" in lines


def test_several_completions(tool):
    run = tool("--prompt", FRANCE, "--prompt", "The moon", "--n", "3", "--temperature", "1", "--json")
    records = json.loads(run.out)["results"]
    assert [(r["prompt"], r["sample"]) for r in records] == [(p, i) for p in (FRANCE, "The moon") for i in range(3)]


def test_log_file_holds_vllms_lines_and_the_runs_own(tool):
    log = tool.folder / "run.log"
    run = tool(*SHORT, "--max-num-seqs", "4", "--log-file", str(log), "--output", str(tool.folder / "out.txt"))
    text = log.read_text("utf-8")
    assert run.code == 0 and "vllm" not in run.out.replace("vLLM's", "")
    assert "Initializing a V1 LLM engine" in text and "Loading weights took" in text
    assert re.search(r"^INFO \d\d-\d\d \S+ \[text_generation.py:\d+\] temperature = 0.0 \(command line\)$", text, re.M)
    assert "1 prompts, 1 completions, 4 tokens in " in text and "\x1b" not in text
    logger = logging.getLogger("vllm")
    assert not any(isinstance(handler, logging.FileHandler) for handler in logger.handlers)
    assert tool(*SHORT, "--log-file", str(log)).code == 0 and log.read_text("utf-8").startswith(text)


def test_a_failed_run_leaves_its_stack_in_the_log(tool):
    log = tool.folder / "run.log"
    assert tool("--tokenizer", "/none", "--log-file", str(log)).code == 1
    text = log.read_text("utf-8")
    assert text.count("] the engine must start, got OSError: ") == 1 and "Traceback" in text


def test_help_in_a_process():
    everything = subprocess.run([sys.executable, str(SCRIPT), "--help=all"], capture_output=True, text=True)
    assert (everything.returncode, everything.stderr) == (0, "")
    for name in ("--gpu-memory-utilization", "--max-num-seqs", "--top-k", "--engine-seed", "--prompts-file"):
        assert f"  {name} " in everything.stdout
    assert "(default: 0.92)" in everything.stdout and "(default: pocket-base)" in everything.stdout


def test_help_of_a_group_and_of_a_name(tool):
    group = tool("--help=Sampling parameters")
    assert group.code == 0 and "--top-k" in group.out and "--max-num-seqs" not in group.out
    name = tool("--help=max-num-seqs")
    assert "--max-num-seqs" in name.out and "--top-k" not in name.out
    assert "Config Groups:" in tool("--help").out and "--max-num-seqs" not in tool("--help").out


def test_json_alone_is_on_stdout_in_a_process():
    stdout, stderr = (process := start(str(SCRIPT), "--json", *SHORT)).communicate()
    assert process.returncode == 0 and stderr == "" and json.loads(stdout)["results"]
