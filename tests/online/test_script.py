"""Lesson 06's script in this process: texts, times, limit, time-out, refusals; the engine is empty after each call."""

import asyncio
import json

import pytest

from tests.online.cases import SCRIPT, engine_process
from tests.rules.scripts import call, module_of
from vllm_course import load_async_model

pytestmark = pytest.mark.usefixtures("one_engine")
SHORT = ("--temperature", "0", "--max-tokens", "4")


def as_json(capsys, *words: str, code: int = 0) -> list[dict]:
    capsys.readouterr()
    assert call(SCRIPT, "--json", *words) == code
    printed = capsys.readouterr()
    assert printed.err == ""
    assert load_async_model().output_processor.get_num_unfinished_requests() == 0
    return json.loads(printed.out)


def test_each_prompt_has_its_text_and_its_times(capsys, tmp_path):
    (tmp_path / "in.txt").write_text("The moon\n\nThe sea\n")
    words = ("--prompt", "The capital of France is", "--prompts-file", str(tmp_path / "in.txt"))
    found = as_json(capsys, *SHORT, *words)
    assert [record["prompt"] for record in found] == ["The capital of France is", "The moon", "The sea"]
    assert found[0]["text"] == " Paris. The river" and {record["tokens"] for record in found} == {4}
    assert all(0 < record["ttft"] <= record["seconds"] and record["tokens_per_second"] > 0 for record in found)


def test_plain_lines_hold_no_control_codes(capsys):
    assert call(SCRIPT, *SHORT, "--prompt", "The capital of France is", "--prompt", "red \x1b[31m") == 0
    out = capsys.readouterr().out
    assert (
        "1. The capital of France is Paris. The river\n   length: 4 tokens, first after " in out and "\x1b" not in out
    )


def test_a_time_out_keeps_what_was_got(capsys):
    found = as_json(capsys, "--prompt", "The moon", "--timeout", "0.000001")
    assert found[0]["finish_reason"] == "timeout" and found[0]["text"] == ""


def test_a_refused_prompt_leaves_the_others_alone(capsys):
    found = as_json(capsys, *SHORT, "--prompt", "the fox " * 2000, "--prompt", "The moon", code=1)
    assert found[0]["finish_reason"].startswith("refused: ") and found[1]["finish_reason"] == "length"


def test_an_engine_that_dies_is_one_line(capsys, monkeypatch):
    script = module_of(SCRIPT)
    stream_all = script.stream_all

    async def killed(engine, *rest):
        engine_process(engine).kill()
        await stream_all(engine, *rest)

    monkeypatch.setattr(script, "stream_all", killed)
    assert script.main(["--max-tokens", "900"]) == 1
    ended = "ended by SIGKILL, as Linux does where memory runs out"
    said = f"engine must be running, got one whose process was {ended}. Call load_async_model() again.\n"
    assert capsys.readouterr().err == said


class Counting:
    """Stands for an engine: notes how many requests run at once."""

    def __init__(self) -> None:
        self.running, self.most = 0, 0

    async def generate(self, prompt, params, name):
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            await asyncio.sleep(0.01)
            yield type("Output", (), {"outputs": [PIECE]})
        finally:
            self.running -= 1


PIECE = type("Piece", (), {"text": "x", "token_ids": [1], "finish_reason": "length"})


@pytest.mark.parametrize("limit", [1, 3, 20])
def test_no_more_requests_run_at_once_than_the_limit(limit, monkeypatch, capsys):
    script, engine = module_of(SCRIPT), Counting()
    monkeypatch.setattr(script, "load_async_model", lambda model: engine)
    words = [word for number in range(8) for word in ("--prompt", str(number))]
    assert script.main([*words, "--limit", str(limit), "--json"]) == 0
    assert engine.most == min(limit, 8) and len(json.loads(capsys.readouterr().out)) == 8


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--prompt", "The sea", "--prompt", ""], "--prompt: must be a text that is not empty, got ''. Leave"),
        (["--limit", "0"], "--limit: must be >= 1, got 0. Use 4."),
        (["--timeout", "0"], "--timeout: must be > 0 and <= 86400, got 0. Leave it out"),
        (["--timeout", "nan"], "--timeout: must be > 0 and <= 86400, got nan"),
        (["--prompts-file", "none.txt"], "--prompts-file must be a readable file, got "),
    ],
)
def test_a_mistake_is_one_line(words, said, capsys):
    assert call(SCRIPT, *words) == 2
    err = capsys.readouterr().err
    assert said in err and err.count("\n") == 1
