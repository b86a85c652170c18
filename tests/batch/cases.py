"""What the tests of lesson 05's script share: a call that shows all it did, and one more wrong line a line."""

import json
from pathlib import Path
from typing import Any

from tests.completion.cases import Run, Tool, refused
from tests.rules.scripts import call
from vllm_course import paths

SCRIPT = paths.root() / "lessons/05-batch-inference/batch_inference.py"
SETTINGS = "out.jsonl.settings.json"
LATIN = "Größe".encode("latin-1")
NO_JSON = "must be valid JSON, got:"
TYPE = "must have the type that vLLM declares: Expected"
ONE_TEXT = "here, because a line of the output holds one text"
NO_TEXT = "a line must be text in UTF-8, got other bytes. Save the file as UTF-8."


class BatchTool(Tool):
    """Calls the script's `main` in this process, with its files in a folder of its own."""

    def __call__(self, name: str = "in.jsonl", *words: str, output: str = "out.jsonl") -> Run:
        """Call it; its input is one of the folder's files."""
        self._capsys.readouterr()
        code = call(SCRIPT, str(self.folder / name), "--output", str(self.folder / output), *words)
        printed = self._capsys.readouterr()
        return Run(code, printed.out, printed.err, self.files())

    def refuses(self, name: str, *words: str, said: str, **options: str) -> None:
        """Assert that it refuses a call with one line, and changes no file."""
        before = self.files()
        refused(self(name, *words, **options), code=2, text=said, before=before)

    def lines(self, content: str | bytes, *words: str, ending: str = "jsonl") -> list[dict[str, Any]]:
        """Answer a file with this content and return the lines of the output."""
        self.write(**{f"in_{ending}": content})
        run = self(f"in.{ending}", *words)
        assert (run.code, run.err) == (0, ""), run.err
        return read(self.folder / "out.jsonl")


def read(file: Path) -> list[dict[str, Any]]:
    """Return the lines of a file of JSON lines."""
    return [json.loads(line) for line in file.read_bytes().splitlines()]


def json_lines(*jobs: Any) -> str:
    """Return jobs as the lines of a file."""
    return "".join(json.dumps(job) + "\n" for job in jobs)


# A line of JSON, the id and the whole error of its job.
WRONG_LINES = {
    "no JSON": ("{'prompt'}", 1, f"line 1 {NO_JSON} Expecting property name enclosed in double quotes at"),
    "cut": ('{"id": "a", "prompt": "x"', 1, "got: Expecting ',' delimiter at column 26. Write one object a line."),
    "two objects": ('{"prompt": "x"} {"prompt": "y"}', 1, f"{NO_JSON} Extra data at column 17. Write one"),
    "NaN": ('{"prompt": "x", "params": {"top_p": NaN}}', 1, "got: NaN, which is no number in JSON. Write one object"),
    "endless": ('{"prompt": "x", "params": {"top_p": -Infinity}}', 1, "got: -Infinity, which is no number in JSON."),
    "too large": ('{"prompt": "x", "params": {"top_p": 1e999}}', 1, "got: 1e999, which is too large. Write one object"),
    "5000 digits": (f'{{"id": {"1" * 5000}}}', 1, "got: Exceeds the limit (4300 digits)"),
    "nested": ("[" * 100_000, 1, f"{NO_JSON} maximum recursion depth exceeded"),
    "key twice": ('{"prompt": "x", "prompt": "y"}', 1, f"{NO_JSON} prompt is there twice. Write one object"),
    "half a character": ('{"prompt": "\\ud83d"}', 1, "got: half a character in a text, '\\ud83d'. Write one object"),
    "half a character below": ('{"prompt": "x", "params": {"stop": "\\ud83d"}}', 1, "half a character in a text"),
    "another encoding": (b'{"id": "a", "prompt": "' + LATIN + b'"}', 1, NO_TEXT),
    "zero bytes": (b'{"prompt": "x\0"}', 1, NO_TEXT),
    "a list": ("[1]", 1, 'a line must be an object, got [1]. Write {"prompt": ...}.'),
    "a text": ('"The moon"', 1, "a line must be an object, got 'The moon'. Write"),
    "misspelt key": (
        '{"id": "a", "promt": "x"}',
        "a",
        "a line must have no keys but id, prompt, messages, params, got 'promt'. Did you mean prompt?",
    ),
    "parameter beside": ('{"prompt": "x", "top_p": 1}', 1, "params, got 'top_p'. Put it into params."),
    "another key": ('{"prompt": "x", "category": 1}', 1, "got 'category'. Remove it."),
    "OpenAI's format": ('{"custom_id": "a", "body": {}}', 1, "got 'custom_id'. Remove it."),
    "neither": ('{"id": "a"}', "a", "a line must have either prompt or messages, got none. Write one of the two."),
    "both": (
        '{"prompt": "x", "messages": []}',
        1,
        "must have either prompt or messages, got both. Write one of the two.",
    ),
    "a number": ('{"prompt": 5}', 1, "prompt must be a text, got 5. Put it into quotation marks."),
    "token ids": ('{"prompt": [1, 2]}', 1, "prompt must be a text, got [1, 2]. Put it into quotation marks."),
    "nothing": ('{"prompt": null}', 1, "prompt must be a text, got None. Put it into quotation marks."),
    "empty": ('{"id": "a", "prompt": ""}', "a", "prompt must not be empty. Fill it, or remove the line."),
    "one message": ('{"messages": {}}', 1, 'messages must be a list of messages, got {}. Write [{"role": "user", "con'),
    "list params": ('{"prompt": "x", "params": [1]}', 1, 'params must be an object, got [1]. Write {"max_tokens": 8}.'),
    "no params": ('{"prompt": "x", "params": null}', 1, "params must be an object, got None."),
    "id true": (
        '{"id": true, "prompt": "x"}',
        1,
        "id must be a text or a whole number, got True. Change it, or leave it",
    ),
    "id null": ('{"id": null, "prompt": "x"}', 1, "id must be a text or a whole number, got None."),
    "id a fraction": ('{"id": 1.5, "prompt": "x"}', 1, "id must be a text or a whole number, got 1.5."),
    "id a list": ('{"id": ["a"], "prompt": "x"}', 1, "id must be a text or a whole number, got ['a']."),
}
# Rows below the columns id and prompt, the id and the error of the first job.
WRONG_ROWS = {
    "a comma": ("a,The moon, tonight", 1, "row 1 must have 2 cells, got 3. Put a text with a comma or a line end into"),
    "a cell too few": ("a", 1, "row 1 must have 2 cells, got 1. Put a text"),
    "empty prompt": ("a,", "a", "prompt must not be empty. Fill it, or remove the line."),
    "open quotation mark": ('a,"The moon\nb,The sun', 1, "row 1 must be valid CSV, got: unexpected end of data. Put a"),
    "text after one": ('a,"The" moon', 1, "row 1 must be valid CSV, got: ',' expected after '\"'. Put a text with"),
    "another encoding": (b"a," + LATIN, "a", NO_TEXT),
    "id in another encoding": (LATIN + b",The moon", 1, NO_TEXT),
}
# Name and content of a file, and the one line that refuses it as a whole.
WRONG_FILES = {
    "unknown ending": ("in.json", "[]", "INPUT must end with .jsonl, .csv or .txt, got "),
    "compressed": ("in.gz", b"\x1f\x8b", "INPUT must end with .jsonl, .csv or .txt, got "),
    "empty": ("in.jsonl", "", "INPUT must hold at least one prompt, got none in "),
    "only a mark": ("in.txt", "\ufeff", "INPUT must hold at least one prompt, got none in "),
    "blank lines": ("in.txt", " \r\n\n\t\n", "INPUT must hold at least one prompt, got none in "),
    "empty table": ("in.csv", "", "INPUT must have a column prompt, got ''. Name the columns in the first line, with"),
    "only columns": ("in.csv", "id,prompt\n", "INPUT must hold at least one prompt, got none in "),
    "no column": (
        "in.csv",
        "id,text\na,b\n",
        "INPUT must have a column prompt, got 'id,text'. Name the columns in the first",
    ),
    "semicolons": (
        "in.csv",
        "id;prompt\n1;x\n",
        "INPUT must have a column prompt, got 'id;prompt'. Name the columns in the",
    ),
    "UTF-16": ("in.csv", "prompt\nx\n".encode("utf-16"), "INPUT must have a column prompt, got '\\udcff"),
    "column twice": ("in.csv", "prompt,prompt\nx,y\n", "INPUT must have a column prompt once, got 'prompt,prompt'."),
    "ids twice": ("in.csv", "id,prompt,id\na,x,b\n", "INPUT must have a column id once, got 'id,prompt,id'. Rename"),
    "parameter as a column": (
        "in.csv",
        "prompt,max_tokens\nx,3\n",
        "INPUT must have no column max_tokens as CSV, got 'prompt,max_tokens'. Write JSON lines, or remove it.",
    ),
    "params as a column": ("in.csv", "prompt,params\nx,{}\n", "INPUT must have no column params as CSV, got"),
    "broken first line": ("in.csv", '"prompt\n', "INPUT must be valid CSV, got: unexpected end of data, in the first"),
}
# Params of a line, and what their one line must say.
WRONG_PARAMS = {
    "misspelt": (
        {"temprature": 1},
        "params must hold fields of vllm.SamplingParams, got 'temprature'. Did you mean tem",
    ),
    "unknown": ({"zzz": 1}, "params must hold fields of vllm.SamplingParams, got 'zzz'. Remove it."),
    "internal": ({"_eos_token_id": 1}, "params must hold fields of vllm.SamplingParams, got '_eos_token_id'."),
    "a model": ({"model": "x"}, "params must hold fields of vllm.SamplingParams, got 'model'."),
    "too high": ({"temperature": 3}, "temperature must be in [0, 2], got 3.0. Change one of the sampling parameters."),
    "no tokens": ({"max_tokens": 0}, "max_tokens must be at least 1, got 0. Change one of the sampling parameters."),
    "of two": ({"min_tokens": 9, "max_tokens": 3}, "min_tokens must be less than or equal to max_tokens=3, got 9."),
    "empty stop": ({"stop": ""}, "stop cannot contain an empty string."),
    "a text": ({"max_tokens": "8"}, f"max_tokens {TYPE} `int | null`, got `str`, '8'. Change it."),
    "true": ({"max_tokens": True}, f"max_tokens {TYPE} `int | null`, got `bool`"),
    "a fraction": ({"top_k": 1.5}, f"top_k {TYPE} `int`, got `float`, 1.5."),
    "nothing": ({"temperature": None}, f"temperature {TYPE} `float`, got `null`"),
    "a word for true": ({"ignore_eos": "yes"}, f"ignore_eos {TYPE} `bool`, got"),
    "a number in a list": ({"stop": ["a", 5]}, f"stop {TYPE} `str`, got `int`"),
    "a word for a token": ({"logit_bias": {"the": 1}}, f"logit_bias {TYPE} `int`"),
    "no object": ({"structured_outputs": ["a"]}, f"structured_outputs {TYPE} `ob"),
    "form misspelt": (
        {"structured_outputs": {"choise": ["a"]}},
        "structured_outputs must have no keys but json, regex, choice, grammar, json_object, disable_any_whitespace, "
        "disable_additional_properties, whitespace_pattern, structural_tag, got 'choise'. Did you mean choice?",
    ),
    "form internal": ({"structured_outputs": {"choice": ["a"], "_backend": "x"}}, "got '_backend'."),
    "no form": ({"structured_outputs": {}}, "You must use one kind of structured outputs constraint but none"),
    "two forms": ({"structured_outputs": {"choice": ["a"], "regex": "a"}}, "You can only use one kind of structured"),
    "form of a wrong type": (
        {"structured_outputs": {"choice": "a"}},
        "structured_outputs must have the type that vLLM",
    ),
    "large seed": ({"seed": 2**64}, f"seed must be a whole number of 64 bits, got {2**64}. Take a smaller one."),
    "small seed": ({"seed": -(2**63) - 1}, f"seed must be a whole number of 64 bits, got {-(2**63) - 1}."),
    "several texts": (
        {"n": 3, "temperature": 1},
        f"n must be 1 {ONE_TEXT}, got 3. Write a line for each text, with a seed of its own.",
    ),
    "log probabilities": ({"logprobs": 5}, f"logprobs must be None {ONE_TEXT}, got 5. Remove it."),
    "of the prompt": ({"prompt_logprobs": 0}, "prompt_logprobs must be None here, because"),
    "tokens alone": ({"detokenize": False}, f"detokenize must be True {ONE_TEXT}"),
    "a stream": ({"output_kind": 1}, "output_kind must be "),
}
