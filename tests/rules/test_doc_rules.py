"""The checks of pages refuse what they are there for."""

import nbformat
import pytest
from nbformat.v4 import new_markdown_cell, new_notebook

from tests.rules import doc_blocks, doc_calls, doc_examples, doc_links, doc_shell
from tests.rules.markdown import anchors, blocks

CALLS = "from vllm import LLM, SamplingParams\nimport vllm\nfrom vllm_course import load_model, generate\n"


def page(language: str, code: str, *, above: str = "", below: str = "") -> list:
    """Return the blocks of a page with one code block."""
    text = f"\n```text\n{below}\n```\n" if below else ""
    return blocks(f"# Page\n\n{above}\n```{language}\n{code}\n```\n{text}")


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        (page("python", "print(6 * 7)", below="42"), ""),
        (page("python", "print(6 * 7)", below="41"), "must print\n41"),
        (page("python", "1 / 0", below="ZeroDivisionError: division by zero"), ""),
        (page("python", "1 / 0", below="ValueError: x"), "got\nZeroDivisionError"),
        (page("py", "1 / 0"), "got 'py'"),
        (page("", "1 / 0"), "got ''"),
        (page("mermaid", 'flowchart LR\n    subgraph s\n        a["x"] -->|y| b\n    end'), ""),
        (blocks("text\n\n    1 / 0\n"), "got 'indented'"),
        (page("python", "1 / 0", above="<!-- not-run: gpu -->"), ""),
        (page("python", "1 / 0", above="<!-- not-run: boring -->"), "got 'boring'"),
        (page("python", "1 /", above="<!-- not-run: gpu -->"), "valid Python"),
        (page("bash", "echo 42", below="42"), ""),
        (page("bash", "echo 42", below="41"), "must print"),
        (page("bash", "make test"), "'make' must be marked"),
        (page("bash", "pytest --nbval"), "must be marked"),
        (page("bash", "make nothing", above="<!-- not-run: long -->"), "got 'nothing'"),
        (page("console", "$ git clone x\noutput", above="<!-- not-run: network -->"), ""),
        (page("console", "$ gti clone x", above="<!-- not-run: network -->"), "got 'gti'"),
    ],
)
def test_blocks(parts, message):
    found = "\n".join(doc_blocks.problems(parts))
    assert message in found and bool(found) == bool(message)


@pytest.mark.parametrize(
    ("language", "code"),
    [
        *(("python", "1 / 0"), ("bash", "false"), ("console", "$ echo 1\n2"), ("json", "{")),
        ("mermaid", "graf LR\n    a --> b"),
        ("mermaid", 'flowchart LR\n    a["x --> b'),
        ("mermaid", "flowchart LR\n    a -->|x b"),
        ("mermaid", "flowchart LR\n    subgraph s\n    a --> b"),
    ],
)
def test_failing_blocks_fail(language, code):
    with pytest.raises((ZeroDivisionError, AssertionError, ValueError)):
        doc_blocks.problems(page(language, code))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("LLM(model='a', max_model_len=5)", ""),
        ("vllm.LLM('a', tensor_parallel_size=2)", ""),
        ("LLM('a', 'b')", "too many positional"),
        ("LLM(model='a', max_len=5)", "got max_len"),
        ("SamplingParams(temperature=1, **more)", ""),
        ("SamplingParams(temprature=1)", "temprature"),
        ("vllm.SamplingParameters()", "SamplingParameters"),
        ("llm = load_model('a', dtype='auto')\nllm.generate(['a'], SamplingParams(), use_tqdm=False)", ""),
        ("llm = LLM(model='a')\nllm.generate('a', prompt_token_ids=[1])", "'prompt_token_ids'"),
        ("llm = LLM(model='a')\nllm.complete('x')", "complete"),
        ("generate(llm, 'a', temperature=1)", ""),
        ("generate(llm, 'a', temprature=1)", "got temprature"),
        ("from vllm import Nothing", "Nothing"),
        ("print(LLM)", ""),
    ],
)
def test_calls(call, message):
    found = "\n".join(doc_calls.problems(CALLS + call, {}))
    assert message in found and bool(found) == bool(message)


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("make help", ""),
        ("VLLM_COURSE_MODEL=x python lessons/01-basic-inference/basic_inference.py --max-tokens 4 | cat", ""),
        ("python lessons/01-basic-inference/basic_inference.py --max-length 4", "got --max-length"),
        ("python lessons/none.py", "got lessons/none.py"),
        ("python -m tools.run_notebooks", ""),
        ("python -m tools.run_notebook", "got tools.run_notebook"),
        ("vllm serve a --max-model-len 512 \\\n  --port=8000", ""),
        ("vllm serve a --max-length 512", "got --max-length"),
        ("vllm bench throughput --input-len 5", ""),
        ("vllm bench throughput --input-length 5", "got --input-length"),
        ("python -m vllm.entrypoints.launchers.api_server.entry --modl a", "got --modl"),
    ],
)
def test_commands(command, message):
    found = "\n".join(report for words in doc_shell.commands(command) for report in doc_shell.problems(words))
    assert message in found and bool(found) == bool(message)


def test_links(tmp_path):
    nbformat.write(new_notebook(cells=[new_markdown_cell("## What is next")]), tmp_path / "n.ipynb")
    (tmp_path / "b.md").write_text("# The `top_p`: a title\n\n# Twice\n\n# Twice\n")
    text = "[1](b.md#the-top_p-a-title) [2](b.md#twice-1) [3](#here) [4](n.ipynb#What-is-next) [5](https://x.y)"
    text += " <a href='b.md'>6</a>\n\n## Here"
    (tmp_path / "a.md").write_text(text)
    assert doc_links.problems(tmp_path / "a.md", root=tmp_path) == []
    (tmp_path / "a.md").write_text(
        "[1](c.md) [2](b.md#no) [3](../) ![4](x.png) <img src='y.png'> [6](n.ipynb#what-is-next)"
    )
    assert len(doc_links.problems(tmp_path / "a.md", root=tmp_path)) == 6
    assert anchors("# KV cache & more!") == {"kv-cache--more"}


@pytest.mark.parametrize("folder", ["vllm_course/chat", "checks"])
def test_a_wrong_docstring_example_is_seen(folder, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(doc_examples.paths, "root", lambda: tmp_path)
    file = tmp_path / folder / "made_up.py"
    file.parent.mkdir(parents=True)
    file.write_text('"""Adds.\n\n>>> 1 + 1\n3\n"""\n')
    assert doc_examples.files() == [file]
    monkeypatch.setattr(doc_examples, "PACKAGES", ())  # a name that is taken by the real package
    module = doc_examples.module(file)
    assert (doc_examples.count(module), doc_examples.failures(module)) == (
        1,
        1,
    ) and "Got:\n    2" in capsys.readouterr().out
