"""Lesson 02's script answers every wrong input with one line and the right exit code, and leaves no file behind."""

import pytest

from tests.completion.cases import (
    WRONG_CONFIGS,
    WRONG_FOR_VLLM,
    WRONG_PROMPTS,
    WRONG_WORDS,
    Tool,
    refused,
)
from vllm_course import models

pytestmark = pytest.mark.usefixtures("one_engine")


@pytest.fixture
def tool(tmp_path, capsys):
    return Tool(tmp_path, capsys)


@pytest.fixture
def no_engine(monkeypatch):
    """Fail a test that gets as far as loading a model."""
    monkeypatch.setattr(models, "_start", lambda args: pytest.fail("the model was loaded"))
    models.free_engine()


@pytest.mark.parametrize(("words", "text"), WRONG_WORDS.values(), ids=WRONG_WORDS)
@pytest.mark.usefixtures("no_engine")
def test_wrong_word(tool, words, text):
    refused(tool(*words), code=2, text=text, before={})


@pytest.mark.parametrize(("words", "text"), WRONG_FOR_VLLM.values(), ids=WRONG_FOR_VLLM)
def test_what_vllm_refuses(tool, words, text):
    refused(tool(*words), code=2, text=text, before={})


@pytest.mark.parametrize(("name", "content", "text"), WRONG_CONFIGS.values(), ids=WRONG_CONFIGS)
@pytest.mark.usefixtures("no_engine")
def test_wrong_config(tool, name, content, text):
    tool.write(**{name.replace(".", "_"): content})
    run = tool("--config", str(tool.folder / name))
    refused(run, code=2, text=text, before=tool.files())
    assert name in run.err


@pytest.mark.parametrize(("content", "text"), WRONG_PROMPTS.values(), ids=WRONG_PROMPTS)
@pytest.mark.usefixtures("no_engine")
def test_wrong_prompts_file(tool, content, text):
    tool.write(prompts_txt=content)
    refused(tool("--prompts-file", str(tool.folder / "prompts.txt")), code=2, text=text, before=tool.files())


@pytest.mark.parametrize("option", ["--config", "--prompts-file"])
@pytest.mark.parametrize(("name", "text"), [("none.json", "No such file or directory"), ("", "Is a directory")])
@pytest.mark.usefixtures("no_engine")
def test_file_that_cannot_be_read(tool, option, name, text):
    folder = tool.folder / "folder.json"
    folder.mkdir()
    refused(tool(option, str(folder / name)), code=2, text=f"{option} must be a readable file, got {text}", before={})


@pytest.mark.parametrize(
    ("option", "name", "text"),
    [
        ("--output", "out.xlsx", "--output must end in .txt, .json, .csv, .md, got "),
        ("--output", "none/out.csv", "--output must be in a folder that is there, got "),
        ("--output", "folder.md", "--output must be a file, got "),
        ("--output", "device.json", "--output must be a file, got "),
        ("--output", "prompts.txt", "--output must be a file of its own, got "),
        ("--output", "run.txt", "--output must be a file of its own, got "),
        ("--log-file", "none/run.log", "--log-file must be in a folder that is there, got "),
        ("--log-file", "prompts.txt", "--log-file must be a file of its own, got "),
        ("--log-file", "device.json", "--log-file must be a file, got "),
    ],
)
@pytest.mark.usefixtures("no_engine")
def test_file_that_cannot_be_written(tool, option, name, text):
    tool.write(prompts_txt="The moon\n")
    (tool.folder / "folder.md").mkdir()
    (tool.folder / "device.json").symlink_to("/dev/full")
    log = ["--log-file", str(tool.folder / "run.txt")] if option == "--output" else []
    run = tool("--prompts-file", str(tool.folder / "prompts.txt"), option, str(tool.folder / name), *log)
    refused(run, code=2, text=text, before={"prompts.txt": b"The moon\n"})
    assert (tool.folder / "device.json").is_char_device()


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["--prompt", "The moon", "--prompt", "la " * 2000], "prompt 2 must have at most 1023 tokens in a context of"),
        (["--prompt", "one two three four", "--max-model-len", "4"], "prompt 1 must have at most 3 tokens"),
        (["--kv-cache-memory-bytes", "1000"], "kv_cache_memory_bytes must hold at least one"),
        (["--tokenizer", "/none"], "the engine must start, got OSError: "),
        (["--load-format", "bogus"], "Load format `bogus` is not supported"),
    ],
)
def test_failed_run(tool, words, text):
    run = tool(*words, "--output", str(tool.folder / "out.json"))
    refused(run, code=2 if "--load-format" in words else 1, text=text, before={})
