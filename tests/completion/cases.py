"""What the tests of lesson 02's script share: a call that shows all it did, and one more wrong input a line."""

import contextlib
import resource
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.rules.scripts import call
from vllm_course import paths

SCRIPT = paths.root() / "lessons/02-text-generation/text_generation.py"
NOT_UTF8 = "caf\udce9"  # as Python hands over a command line in another encoding
SHORT = ("--prompt", "The capital of France is", "--temperature", "0", "--max-tokens", "4")


@dataclass(frozen=True)
class Run:
    """What a call of the script did: its exit code, what it printed, and the files that are there after it."""

    code: int
    out: str
    err: str
    files: dict[str, bytes]


class Tool:
    """Calls the script in this process, in a folder of its own."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture) -> None:
        self.folder, self._capsys = folder, capsys

    def write(self, **files: str | bytes) -> None:
        """Write files into the folder; `config_yaml` is config.yaml."""
        for name, content in files.items():
            data = content if isinstance(content, bytes) else content.encode()
            (self.folder / name.replace("_", ".")).write_bytes(data)

    def __call__(self, *words: str) -> Run:
        """Call the script's `main`."""
        self._capsys.readouterr()
        code = call(SCRIPT, *words)
        printed = self._capsys.readouterr()
        return Run(code, printed.out, printed.err, self.files())

    def files(self) -> dict[str, bytes]:
        """Return what the folder holds."""
        return {path.name: path.read_bytes() for path in sorted(self.folder.iterdir()) if path.is_file()}


def refused(run: Run, *, code: int, text: str, before: dict[str, bytes]) -> None:
    """Assert that a run ended as a mistake must."""
    assert (run.code, text in run.err) == (code, True), (run.code, run.err)
    assert len(run.err.strip().splitlines()) == 1 and "Traceback" not in run.err, run.err
    assert run.files == before


@contextlib.contextmanager
def full_disk(size: int = 4096) -> Iterator[None]:
    """Refuse what would make a file larger than so many bytes, as a full disk does."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


# The words, and what the one line must say beside them.
WRONG_WORDS = {
    "temperature below 0": (
        ["--temperature", "-0.5"],
        "argument --temperature: must be >= 0 and <= 2, got -0.5. Use 0",
    ),
    "temperature above 2": (["--temperature", "2.1"], "must be >= 0 and <= 2, got 2.1"),
    "temperature not a number": (["--temperature", "nan"], "must be >= 0 and <= 2, got nan"),
    "temperature missing": (["--temperature"], "argument --temperature: expected one argument"),
    "top-p of 0": (["--top-p", "0"], "argument --top-p: must be > 0 and <= 1, got 0"),
    "top-k below -1": (["--top-k", "-2"], "argument --top-k: must be >= -1, got -2"),
    "min-p above 1": (["--min-p", "1.5"], "argument --min-p: must be >= 0 and <= 1, got 1.5"),
    "presence penalty": (["--presence-penalty", "3"], "must be >= -2 and <= 2, got 3"),
    "frequency penalty": (["--frequency-penalty", "-2.5"], "must be >= -2 and <= 2, got -2.5"),
    "repetition penalty": (["--repetition-penalty", "0"], "argument --repetition-penalty: must be > 0, got 0"),
    "endless penalty": (["--repetition-penalty", "inf"], "repetition_penalty must be a finite number, got inf"),
    "no tokens": (["--max-tokens", "0"], "argument --max-tokens: must be >= 1, got 0"),
    "tokens in words": (["--max_tokens", "ten"], "must be a number (int), got 'ten'"),
    "seed too large": (["--seed", str(2**63)], f"and <= {2**63 - 1}, got {2**63}"),
    "engine's seed too large": (["--engine-seed", str(2**32)], f"--engine-seed: must be >= 0 and <= {2**32 - 1}, got"),
    "engine's seed below 0": (["--engine-seed", "-1"], f"--engine-seed: must be >= 0 and <= {2**32 - 1}, got -1."),
    "no completion": (["--n", "0"], "argument --n: must be >= 1 and <= 16384, got 0"),
    "several greedy texts": (["--n", "2", "--temperature", "0"], "n must be 1 when using greedy sampling, got 2."),
    "empty stop": (["--stop", ""], "argument --stop: must be a text that is not empty, got ''"),
    "empty prompt": (["--prompt", ""], "argument --prompt: must be a text that is not empty, got ''"),
    "prompt in another encoding": (
        ["--prompt", NOT_UTF8],
        "argument --prompt: must be text in UTF-8, got 'caf\\udce9'. Save or type it as UTF-8.",
    ),
    "stop in another encoding": (["--stop", NOT_UTF8], "argument --stop: must be text in UTF-8, got 'caf\\udce9'."),
    "model in another encoding": (["--model", NOT_UTF8], "got 'caf\\udce9'. Check the spelling."),
    "name that is too long": (
        ["--output", "x" * 252 + ".csv"],
        "--output must be a name for a file, got File name too",
    ),
    "name of a log that is too long": (
        ["--log-file", "x" * 256],
        "--log-file must be a name for a file, got File name",
    ),
    "unknown option": (["--temprature", "1"], "unrecognized arguments: --temprature 1. Did you mean --temperature?"),
    "a bare word": (["hello"], "unrecognized arguments: hello"),
    "a flag with a value": (["--enforce-eager", "true"], "unrecognized arguments: true"),
    "config without a file": (["--config"], "argument --config: expected one argument"),
    "unknown model": (["--model", "pocket-bass"], "got 'pocket-bass'. Did you mean 'pocket-base'?"),
    "context in words": (["--max-model-len", "long"], "argument --max-model-len: invalid"),
    "unknown dtype": (["--dtype", "int4"], "argument --dtype: invalid choice: 'int4'"),
    "broken JSON": (["--override-generation-config", "{a"], "argument --override-generation-config: "),
    "dotted name without value": (["--hf-overrides.a.b"], "argument --hf-overrides.a.b: expected one argument"),
    "short name without value": (["-x.y"], "argument -x.y: expected one argument"),
}
# Refused by vLLM, before it reads the weights.
WRONG_FOR_VLLM = {
    "context too long": (["--max-model-len", "100000"], "max_model_len (100000) is greater than the derived"),
    "all memory and more": (["--gpu-memory-utilization", "1.5"], "gpu_memory_utilization: Input should be less than"),
    "unknown quantization": (["--quantization", "bogus"], "Unknown quantization method: bogus"),
    "no sequence": (["--max-num-seqs", "-1"], "max_num_seqs: Input should be greater than or equal to 1, got -1"),
    "negative threads": (["--tensor-parallel-size", "3"], "must be divisible by tensor parallel size (3)"),
    "data parallel": (["--data-parallel-size", "2"], "LLM(data_parallel_size=2) is not supported"),
}
# Name and content of a settings file, and what the line must say.
WRONG_CONFIGS = {
    "unknown ending": ("config.toml", "a = 1", "--config must end in .json, .yaml or .yml, got "),
    "invalid JSON": ("config.json", "{'a': 1}", "--config must be valid json, got "),
    "invalid YAML": ("config.yaml", "a: [1", "--config must be valid yaml, got "),
    "not a mapping": ("config.yaml", "- 1", "--config must hold keys with values, got list in "),
    "empty": ("config.yaml", "", "--config must hold keys with values, got NoneType in "),
    "binary": ("config.json", b"\xff\xfe\x00", "--config must be text in UTF-8, got other bytes in "),
    "unknown key": ("config.yaml", "temprature: 1", "got 'temprature'. Did you mean temperature?"),
    "a key for itself": ("config.yaml", "config: a.yaml", "a key must be an option's name, got 'config'"),
    "twice in two forms": ("config.yaml", "top-p: 0.5\ntop_p: 0.6", "a key must be there once, got top-p and top_p"),
    "twice in JSON": ("config.json", '{"n": 1, "n": 2}', "n is there twice"),
    "twice in YAML": ("config.yaml", "n: 1\nn: 2", "n is there twice"),
    "twice below a key": ("config.yaml", "hf_overrides: {a: 1, a: 2}", "a is there twice"),
    "half a character": (
        "config.json",
        '{"prompt": "a\\ud83d"}',
        "half a character in a text, '\\ud83d'. Mend the file.",
    ),
    "half a character in YAML": ("config.yaml", 'stop: ["\\ud83d"]', "must be valid yaml, got "),
    "half a character below a key": ("config.json", '{"hf_overrides": {"a": "\\ud83d"}}', "half a character"),
    "minutes or a number": ("config.yaml", "seed: 12:30", 'seed must be a number, got "12:30"'),
    "hexadecimal": ("config.yaml", "seed: 0x10", 'seed must be a number, got "0x10"'),
    "octal": ("config.yaml", "seed: 0o10", 'seed must be a number, got "0o10"'),
    "tagged octal": ("config.yaml", "seed: !!int 0o10", "must be valid yaml, got "),
    "underscores": ("config.yaml", "seed: 1_000", 'seed must be a number, got "1_000"'),
    "endless": ("config.yaml", "temperature: .inf", 'temperature must be a number, got ".inf"'),
    "a word for true": ("config.yaml", "enforce-eager: on", 'enforce-eager must be true or false, got "on"'),
    "exponent for a whole number": ("config.yaml", "seed: 1e3", "argument --seed: must be a number (int), got '1e3'"),
    "zeros for a text": ("config.yaml", "prompt: 010", "prompt must be a text, got 010"),
    "a set": ("config.yaml", "stop: !!set {a, b}", "must be valid yaml, got "),
    "a list as a key": ("config.yaml", "? [a]\n: 1", "must be valid yaml, got "),
    "a merge": ("config.yaml", "<<: {n: 1}", "a key must be an option's name, got '<<'"),
    "text for a number": ("config.yaml", "temperature: '0.5'", 'temperature must be a number, got "0.5"'),
    "nothing for a number": ("config.yaml", "temperature:", "temperature must be a number, got null"),
    "flag for a number": ("config.json", '{"max_tokens": true}', "max_tokens must be a number, got true"),
    "list for a number": ("config.json", '{"top_k": [1]}', "top_k must be a number, got [1]"),
    "fraction for a whole number": (
        "config.json",
        '{"max-tokens": 1.5}',
        "argument --max-tokens: must be a number (int)",
    ),
    "number for a text": ("config.yaml", "prompt: 5", "prompt must be a text, got 5"),
    "text for a flag": ("config.yaml", "enforce-eager: 'yes'", 'enforce-eager must be true or false, got "yes"'),
    "list for an engine argument": ("config.yaml", "max_num_batched_tokens: [1]", "must be one value, got [1]"),
    "out of range": ("config.yaml", "temperature: 3", "argument --temperature: must be >= 0 and <= 2, got 3"),
    "empty prompt": ("config.yaml", "prompt: ['']", "argument --prompt: must be a text that is not empty"),
    "unknown model": ("config.yaml", "model: none", "argument --model: model must be one of"),
}
WRONG_PROMPTS = {
    "empty": (b"", "--prompts-file must hold at least one prompt, got none in "),
    "blank lines": (b" \n\r\n\n", "--prompts-file must hold at least one prompt, got none in "),
    "binary": (b"The moon\0", "--prompts-file must be text in UTF-8, got other bytes in "),
    "another encoding": ("Größe".encode("latin-1"), "--prompts-file must be text in UTF-8, got other bytes in "),
}
