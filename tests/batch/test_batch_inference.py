"""Lesson 05's script: answers in order, bad lines set aside, and a second run that goes on where the first ended."""

import json
import os
import subprocess

import pexpect
import pytest
from vllm import SamplingParams

from tests.batch.cases import SCRIPT, SETTINGS, WRONG_FILES, WRONG_PARAMS, BatchTool, json_lines, read
from tests.completion.cases import full_disk
from tests.rules.scripts import DEADLINE, call
from tools import warm
from vllm_course import models

pytestmark = pytest.mark.usefixtures("one_engine")
FEW = ("--max-tokens", "4")
JOBS = [{"id": f"job {number}", "prompt": f"Once upon a time, {number}"} for number in range(6)]
LONG = {"id": "long", "prompt": "the fox " * 1000}
NEEDS_TEMPLATE = "Take a model that was trained to chat, for example pocket-chat."
TOO_LONG = (
    "This model's maximum context length is 1024 tokens. However, your prompt contains at least 1025 input tokens, "
    "which exceeds this limit even without any output tokens. Please reduce the length of the input prompt."
)
MESSAGES = [{"role": "user", "content": "What is the capital of France?"}]


@pytest.fixture
def tool(tmp_path, capsys):
    return BatchTool(tmp_path, capsys)


def texts(prompts: list[str], **settings) -> list[str]:
    """Return what vLLM itself answers to each prompt alone."""
    llm, params = models.load_model(), SamplingParams(**{"temperature": 0.0, "max_tokens": 4} | settings)
    return [llm.generate(prompt, params)[0].outputs[0].text for prompt in prompts]


def counted_calls(monkeypatch) -> list[int]:
    """Return a list to which each call of the engine adds its number of prompts."""
    llm, calls = models.load_model(), []
    generate = llm.generate
    monkeypatch.setattr(
        llm, "generate", lambda prompts, *rest, **o: calls.append(len(prompts)) or generate(prompts, *rest, **o)
    )
    return calls


def test_one_line_for_each_line_in_order(tool):
    found = tool.lines(json_lines(*JOBS), *FEW)
    assert [line["id"] for line in found] == [job["id"] for job in JOBS]
    assert [line["text"] for line in found] == texts([job["prompt"] for job in JOBS])
    assert found[0] == JOBS[0] | {"text": found[0]["text"], "finish_reason": "length", "tokens": 4}
    assert json.loads((tool.folder / SETTINGS).read_text()) == {
        "model": "pocket-base",
        "temperature": 0.0,
        "max_tokens": 4,
        "seed": 0,
    }


def test_the_help_says_what_each_exit_code_means(capsys):
    call(SCRIPT, "--help")
    said = "0 every line has an answer or an error, 1 a failed run, 2 a wrong command line or file, 130 Ctrl-C."
    assert f"Exit codes: {said}" in capsys.readouterr().out


def test_the_lessons_own_file(tool):
    words = str(SCRIPT.with_name("prompts.jsonl"))
    jobs = read(SCRIPT.with_name("prompts.jsonl"))
    run = tool(words, "--json")  # a whole path replaces the folder
    summary, found = json.loads(run.out), read(tool.folder / "out.jsonl")
    assert [line["id"] for line in found] == [job["id"] for job in jobs]
    assert (summary["answered"], summary["failed"], summary["done_before"]) == (len(jobs), 0, 0)
    assert summary["tokens"] == sum(line["tokens"] for line in found) and summary["seconds"] > 0
    limits = [job.get("params", {}).get("max_tokens", 40) for job in jobs]
    assert all(line["tokens"] <= limit for line, limit in zip(found, limits, strict=True))


@pytest.mark.parametrize(
    ("ending", "content"), [("txt", "The moon\r\n\r\nThe sun\r\n"), ("csv", "id,prompt\n1,The moon\n3,The sun\n")]
)
def test_other_formats(tool, ending, content):
    found = tool.lines(content, *FEW, ending=ending)
    assert [line["text"] for line in found] == texts(["The moon", "The sun"])
    assert [int(line["id"]) for line in found] == [1, 3]


def test_a_pipe(tool):
    command = [warm.python(), str(SCRIPT), "/dev/stdin", "--output", str(tool.folder / "out.jsonl"), *FEW]
    done = subprocess.run(command, input="The moon\nThe sun\n", capture_output=True, text=True, timeout=DEADLINE)
    assert (done.returncode, done.stderr) == (0, "")
    assert [line["text"] for line in read(tool.folder / "out.jsonl")] == texts(["The moon", "The sun"])


def test_params_of_a_line_replace_the_options(tool):
    hot, form = {"temperature": 1, "seed": 5, "max_tokens": 3}, {"structured_outputs": {"choice": [" up", " down"]}}
    own = [{"prompt": "The moon", "params": params} for params in ({}, hot, form)]
    plain, sampled, chosen = tool.lines(json_lines(*own), *FEW)
    assert [plain["text"]] == texts(["The moon"]) and plain["tokens"] == 4
    assert [sampled["text"]] == texts(["The moon"], **hot) and sampled["tokens"] == 3
    assert chosen["text"] in (" up", " down") and chosen["finish_reason"] == "stop"


def test_chats(tool):
    jobs = [{"id": "chat", "messages": MESSAGES}, {"id": "text", "prompt": "Hello"}]
    found = tool.lines(json_lines(*jobs), "--model", "pocket-chat", "--max-tokens", "16")
    (output,) = models.load_model("pocket-chat").chat(MESSAGES, SamplingParams(temperature=0.0, max_tokens=16))
    assert found[0] == {
        "id": "chat",
        "prompt": MESSAGES,
        "text": output.outputs[0].text,
        "finish_reason": output.outputs[0].finish_reason,
        "tokens": len(output.outputs[0].token_ids),
    }
    assert "Paris" in found[0]["text"] and found[1]["id"] == "text"


def test_bad_lines_are_set_aside_and_the_others_are_answered(tool, monkeypatch):
    good = tool.lines(json_lines(*JOBS), *FEW)
    (tool.folder / "out.jsonl").unlink()
    calls = counted_calls(monkeypatch)
    empty, twice = {"id": "empty", "prompt": ""}, {"id": "job 0", "prompt": "again"}
    chat, hot = {"id": "chat", "messages": MESSAGES}, {"id": "hot", "prompt": "x", "params": {"temperature": 3}}
    system = {"id": "system", "messages": [{"role": "system", "content": "Hi"}]}
    jobs = [JOBS[0], empty, LONG, JOBS[1], chat, JOBS[2], hot, twice, system, *JOBS[3:]]
    found = tool.lines(json_lines(*jobs), *FEW)
    assert [line["id"] for line in found] == [job["id"] for job in jobs]
    errors = [(line["id"], line["error"]) for line in found if "error" in line]
    model = models.load_model().llm_engine.model_config.model
    assert [line for line in found if "error" not in line] == good
    assert errors == [
        ("empty", "prompt must not be empty. Fill it, or remove the line."),
        ("long", TOO_LONG),
        ("chat", f"model must have a chat template, {model!r} has none. {NEEDS_TEMPLATE}"),
        ("hot", "temperature must be in [0, 2], got 3.0. Change one of the sampling parameters."),
        ("job 0", "id must be there once, got 'job 0' again. Give every line an id of its own."),
        ("system", "messages must hold a message to answer, got a system message alone. Add one of the role user."),
    ]
    assert calls == [7, 3, 1, 2, 1, 1, 4]  # the whole chunk, then halves until the long prompt is alone


@pytest.mark.parametrize("calls", [5, [5], [{"function": {}}], "deep"])
def test_tool_calls_that_no_template_takes(tool, calls):
    if calls == "deep":
        calls = [{"type": "function", "function": {"name": "a", "arguments": nested(900)}}]
    answer = {"role": "assistant", "content": None, "tool_calls": calls}
    jobs = [{"messages": [*MESSAGES, answer, *MESSAGES]}, {"messages": MESSAGES}]
    wrong, right = tool.lines(json_lines(*jobs), "--model", "pocket-chat", *FEW)
    assert wrong["error"].startswith("messages must suit the model's chat template, which says: ") and right["text"]


def nested(depth: int) -> list:
    """Return lists in lists."""
    found: list = []
    for _ in range(depth):
        found = [found]
    return found


def test_params_that_are_too_deep_for_vllm(tool):
    jobs = [{"id": "deep", "prompt": "x", "params": {"extra_args": {"a": nested(900)}}}, *JOBS[:2]]
    deep, *others = tool.lines(json_lines(*jobs), *FEW)
    assert "recursion" in deep["error"] and [line["text"] for line in others] == texts([j["prompt"] for j in JOBS[:2]])


def test_a_form_that_vllm_refuses_is_an_error_of_its_line(tool):
    jobs = [JOBS[0], {"id": "form", "prompt": "x", "params": {"structured_outputs": {"regex": "("}}}, JOBS[1]]
    first, form, second = tool.lines(json_lines(*jobs), *FEW)
    assert "error" in form and "\n" not in form["error"] and form["error"]
    assert [first["text"], second["text"]] == texts([job["prompt"] for job in JOBS[:2]])


def test_each_wrong_param_is_an_error_of_its_line(tool):
    jobs = [{"id": name, "prompt": "x", "params": settings} for name, (settings, _) in WRONG_PARAMS.items()]
    found = {line["id"]: line.get("error", "") for line in tool.lines(json_lines(*jobs, JOBS[0]), *FEW)}
    assert found.pop("job 0") == ""
    assert [name for name, error in found.items() if WRONG_PARAMS[name][1] not in error] == []


@pytest.mark.parametrize("size", ["1", "4", "100000"])
def test_the_size_of_a_chunk_changes_no_byte(tool, monkeypatch, size):
    jobs = json_lines(*JOBS, LONG, {"prompt": "The moon", "params": {"temperature": 1.5}})
    tool.lines(jobs, *FEW)
    whole = tool.files()["out.jsonl"]
    (tool.folder / "out.jsonl").unlink()
    calls = counted_calls(monkeypatch)
    tool.lines(jobs, *FEW, "--chunk", size)
    assert tool.files()["out.jsonl"] == whole and max(calls) == min(int(size), 8)


@pytest.mark.parametrize(
    ("size", "said"),
    [
        ("0", "must be >= 1 and <= 100000, got 0. Use 256."),
        ("-1", "must be >= 1 and <= 100000, got -1."),
        (str(10**20), f"must be >= 1 and <= 100000, got {10**20}."),
        ("1.5", "must be a number (int), got '1.5'. Use 256."),
    ],
)
def test_a_wrong_size(tool, size, said):
    tool.write(in_jsonl=json_lines(*JOBS))
    tool.refuses("in.jsonl", "--chunk", size, said=f"argument --chunk: {said}")


def test_the_summary(tool):
    tool.write(in_jsonl=json_lines(JOBS[0], {"prompt": ""}))
    run = tool("in.jsonl", *FEW)
    assert run.out.startswith(f"{tool.folder / 'out.jsonl'}: 1 answered, 1 with an error, 0 done before,\n4 tokens in ")
    run = tool("in.jsonl", *FEW, "--json")
    summary = {"output": str(tool.folder / "out.jsonl"), "done_before": 2, "answered": 0, "failed": 0, "tokens": 0}
    assert json.loads(run.out) == summary | {"seconds": 0.0}


# A second run


def test_a_finished_job_is_not_repeated_and_loads_no_model(tool, monkeypatch):
    tool.lines(json_lines(*JOBS), *FEW)
    before = tool.files()
    calls = counted_calls(monkeypatch)
    tool.lines(json_lines(*JOBS), *FEW)
    assert tool.files() == before and calls == []


@pytest.mark.parametrize("cut", [0, 1, 100, -200, -1])
def test_a_cut_output_goes_on(tool, monkeypatch, cut):
    tool.lines(json_lines(*JOBS, LONG), *FEW)
    whole = tool.files()["out.jsonl"]
    tool.write(out_jsonl=whole[:cut])
    calls = counted_calls(monkeypatch)
    tool.lines(json_lines(*JOBS, LONG), *FEW)
    assert tool.files()["out.jsonl"] == whole
    assert calls[0] == 7 - whole[:cut].count(b"\n")


def test_more_lines_may_follow(tool):
    tool.lines(json_lines(*JOBS[:3]), *FEW)
    begun = tool.files()["out.jsonl"]
    found = tool.lines(json_lines(*JOBS), *FEW, "--chunk", "2")
    assert tool.files()["out.jsonl"].startswith(begun) and [line["id"] for line in found] == [j["id"] for j in JOBS]


@pytest.mark.parametrize(
    ("jobs", "line", "name"),
    [
        (JOBS[:2], 3, "job 2"),
        ([JOBS[1], JOBS[0], *JOBS[2:]], 1, "job 0"),
        ([JOBS[0], JOBS[1] | {"prompt": "another"}, *JOBS[2:]], 2, "job 1"),
        ([{"prompt": "new"}, *JOBS], 1, "job 0"),
    ],
)
def test_a_changed_input_is_refused(tool, jobs, line, name):
    tool.lines(json_lines(*JOBS[:3]), *FEW)
    tool.write(in_jsonl=json_lines(*jobs))
    got = f"line {line} with the id {name!r}, where INPUT has another one"
    said = f"--output must hold answers to INPUT in its order, got {got}. Choose another name."
    tool.refuses("in.jsonl", *FEW, said=said)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ("--max-tokens", "8"),
            "--max-tokens must be 4 as in the first run, got 8. Give the same, or choose another --",
        ),
        ((*FEW, "--temperature", "0.5"), "--temperature must be 0.0 as in the first run, got 0.5."),
        ((*FEW, "--seed", "7"), "--seed must be 0 as in the first run, got 7."),
        (
            (*FEW, "--model", "pocket-base-mini"),
            "--model must be 'pocket-base' as in the first run, got 'pocket-base-mini'",
        ),
    ],
)
def test_other_settings_than_in_the_first_run_are_refused(tool, words, said):
    tool.lines(json_lines(*JOBS[:3]), *FEW)
    tool.write(in_jsonl=json_lines(*JOBS))
    tool.refuses("in.jsonl", *words, said=said)


def test_ctrl_c_between_two_chunks(tool, monkeypatch):
    tool.write(in_jsonl=json_lines(*JOBS))
    llm, answered = models.load_model(), []
    generate = llm.generate

    def interrupt(*arguments, **options):
        if len(answered) == 2:
            raise KeyboardInterrupt
        answered.append(generate(*arguments, **options))
        return answered[-1]

    monkeypatch.setattr(llm, "generate", interrupt)
    run = tool("in.jsonl", *FEW, "--chunk", "2")
    said = f"interrupted: {tool.folder / 'out.jsonl'} holds 4 lines. The same command goes on from there.\n"
    assert (run.code, run.out, run.err) == (130, "", said)
    monkeypatch.undo()
    assert len(tool.lines(json_lines(*JOBS), *FEW)) == 6


# What is refused as a whole


@pytest.mark.parametrize("case", WRONG_FILES)
def test_a_wrong_input_leaves_no_output(tool, case):
    name, content, said = WRONG_FILES[case]
    tool.write(**{name.replace(".", "_"): content})
    tool.refuses(name, said=said)


@pytest.mark.parametrize(
    ("output", "said"),
    [
        ("none/out.jsonl", "--output must be in a folder that is there, got "),
        ("in.jsonl", "--output must be another file than INPUT, got "),
        ("out.csv", "--output must end with .jsonl, got "),
        ("notes.jsonl", "--output must be a file that this tool wrote, got "),
    ],
)
def test_a_wrong_output(tool, output, said):
    tool.write(in_jsonl=json_lines(*JOBS), notes_jsonl="[1]\n")
    tool.refuses("in.jsonl", output=output, said=said)


def test_a_full_disk_keeps_whole_lines(tool):
    jobs = [{"id": number, "prompt": "The moon " * 60} for number in range(12)]
    whole = tool.lines(json_lines(*jobs), *FEW)
    (tool.folder / "out.jsonl").unlink()
    with full_disk():
        run = tool("in.jsonl", *FEW, "--chunk", "2")
    said = "--output must be a file that can be written, got File too large: "
    assert run.code == 1 and run.err.startswith(said) and run.err.count("\n") == 1
    assert read(tool.folder / "out.jsonl") == whole[:6]
    assert tool.lines(json_lines(*jobs), *FEW) == whole


def test_a_bar_at_a_terminal_goes_away(tool):
    long = {"max_tokens": 150, "ignore_eos": True}
    tool.write(in_jsonl=json_lines(*[job | {"params": long} for job in JOBS]))
    words = [str(tool.folder / "in.jsonl"), "--output", str(tool.folder / "out.jsonl"), "--chunk", "2"]
    env = os.environ | {"TERM": "xterm"}
    child = pexpect.spawn(warm.python(), [str(SCRIPT), *words], env=env, dimensions=(30, 120), encoding="utf-8")
    child.expect("6 answered", timeout=DEADLINE)
    shown = child.before
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0 and "| 0/6 [" in shown and "| 4/6 [" in shown
    assert shown.rpartition("\r")[2].endswith(f"{tool.folder / 'out.jsonl'}: ")
