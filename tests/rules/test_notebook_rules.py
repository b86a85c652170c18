"""Each rule for notebooks refuses what it is there for, and lets a good notebook pass."""

import re

import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from tests.rules import lesson_rules, map_rules, notebook_rules
from tools.notebook_cleaning import METADATA

TERMS = {"token": "token", "kv cache": "kv-cache"}
LINK = "[**{}**](../../concepts/glossary.md#{})"
ERROR = new_output("error", ename="E", evalue="e", traceback=[])


def ran(*sources: str, tags: tuple[str, ...] = (), output: NotebookNode | None = None) -> NotebookNode:
    """Return a notebook of code cells that ran in order; the first has the tags and the output."""
    cells = [new_code_cell(source, execution_count=n) for n, source in enumerate(sources, start=1)]
    cells[0].outputs = [output] if output else []
    if tags:
        cells[0].metadata["tags"] = list(tags)
    return new_notebook(cells=cells, metadata=METADATA)


def printed(text: str, stream: str = "stdout") -> NotebookNode:
    return new_output("stream", name=stream, text=text)


def text(source: str, *more: str) -> NotebookNode:
    return new_notebook(cells=[new_markdown_cell(part) for part in (source, *more)])


def test_good_notebook_keeps_every_rule():
    notebook = ran("seconds = 1", "assert seconds > 0", *"abcd", tags=("nbval-ignore-output",), output=printed("ok"))
    assert [rule(notebook) for rule in notebook_rules.RULES] == [[]] * len(notebook_rules.RULES)


BAD = {
    "not run": (notebook_rules.run_order, new_notebook(cells=[new_code_cell("x")]), "number 1, got None"),
    "empty cell": (notebook_rules.run_order, ran(""), "number 1"),
    "stderr": (notebook_rules.no_stderr, ran("x", output=printed("W!", "stderr")), "nothing to stderr"),
    "path": (notebook_rules.no_traces, ran("x", output=printed("in /home/me/x")), "an absolute path"),
    "windows": (notebook_rules.no_traces, ran("x", output=printed(r"in C:\Users")), "an absolute path"),
    "time": (notebook_rules.no_traces, ran("x", output=printed("at 12:30:01")), "a time of day"),
    "address": (notebook_rules.no_traces, ran("x", output=printed("<a at 0x7f12ab34>")), "a memory address"),
    "widgets": (notebook_rules.no_state, new_notebook(metadata=METADATA | {"widgets": {}}), "metadata must be"),
    "view": (
        notebook_rules.no_state,
        ran("x", output=new_output("display_data", {"application/vnd.jupyter.widget-view+json": {}})),
        "no widget view",
    ),
    "timing": (
        notebook_rules.no_state,
        new_notebook(metadata=METADATA, cells=[new_code_cell("x", metadata={"ExecuteTime": {}})]),
        "got ['ExecuteTime']",
    ),
    "untagged error": (notebook_rules.errors_are_tagged, ran("x", output=ERROR), "cell 1"),
    "no error": (notebook_rules.errors_are_tagged, ran("x", tags=("raises-exception",)), "cell 1"),
    "skipped": (notebook_rules.nothing_bypassed, ran("x", tags=("nbval-skip",)), "got ['nbval-skip']"),
    "comment": (notebook_rules.nothing_bypassed, ran("# NBVAL_IGNORE_OUTPUT\nx"), "marker in a comment"),
    "no assert": (notebook_rules.ignored_are_asserted, ran(*"abcdef", tags=("nbval-ignore-output",)), "must assert"),
    "vacuous assert": (
        notebook_rules.ignored_are_asserted,
        ran("assert True", *"bcdef", tags=("nbval-ignore-output",)),
        "must assert",
    ),
    "too many ignored": (
        notebook_rules.ignored_are_asserted,
        ran("assert a", "b", tags=("nbval-ignore-output",)),
        "at most 20%",
    ),
    "handed out run": (notebook_rules.no_outputs, ran("x"), "no output and no number"),
    "large": (notebook_rules.size, ran("x", output=printed("x" * 600_000)), "at most 600000 bytes"),
    "no title": (lesson_rules.opening, text("## x"), "a title"),
    "no script": (lesson_rules.opening, text("# Lesson 01: x"), "a link to the script"),
    "no summary": (lesson_rules.closing, text("## Checklist\n## Next"), "the last headings must be"),
    "long cell": (lesson_rules.one_idea_a_cell, ran("x\n" * 9), "at most 8 lines, got 9"),
    "many imports": (lesson_rules.one_idea_a_cell, ran("import x\n" * 11), "at most 10 lines, got 11"),
    "one assignment": (lesson_rules.one_idea_a_cell, ran("x = 1"), "got one assignment"),
    "no mistake": (lesson_rules.deliberate_error, ran("x"), "a deliberate error"),
}


@pytest.mark.parametrize(("rule", "notebook", "message"), BAD.values(), ids=BAD)
def test_rule_refuses(rule, notebook, message):
    assert re.search(re.escape(message), "\n".join(rule(notebook)))


@pytest.mark.parametrize(
    ("prose", "refused"),
    [
        ("A token.", True),
        ("Many\nKV\ncaches.", True),
        ("A [token](../../concepts/glossary.md#token).", True),
        ("A **token**.", True),
        (f"A {LINK.format('tokens', 'token')}, then a token.", False),
        ("`token`, and a [token](other.md).\n\n# token", False),
        ("A tokenizer.", False),
    ],
)
def test_terms(prose, refused):
    assert bool(lesson_rules.terms_are_linked(text("# token", prose), TERMS)) is refused


def test_glossary_terms():
    assert lesson_rules.glossary_terms("# Glossary\n\n## Token\n\n## KV cache\n") == TERMS


def test_map_rules_refuse(tmp_path):
    table = "| a |\n|---|\n| [x](lessons/02-gone/x.ipynb) |\n"
    assert len(map_rules.table_problems(table, {"01-here"})) == 2
    assert map_rules.table_problems("[x](lessons/01-here/x.ipynb)", {"01-here"}), "a link outside a table"
    assert len(map_rules.missing_parts(tmp_path, "01-here")) == 7


def test_minutes_rule_refuses():
    cell, row = "| Time | 50 minutes, and 90 minutes for the exercises |", "| 50 + 90 | [x.ipynb](01-here/x.ipynb) |"
    assert map_rules.minutes_problems(row, "01-here", cell) == []
    assert map_rules.minutes_problems(row.replace("90", "80"), "01-here", cell)
    assert map_rules.minutes_problems(row, "02-gone", cell) and map_rules.minutes_problems(row, "01-here", "| Time |")


def test_a_lesson_holds_one_notebook_and_one_script(tmp_path):
    folder = tmp_path / "01-first-steps"
    (folder / "more" / ".ipynb_checkpoints").mkdir(parents=True)
    (folder / "servers").mkdir()
    names = ["first_steps.py", "first_steps.ipynb", "prompts.txt", "checks.py", "more/part.py", "second.ipynb"]
    for name in [*names, "more/.ipynb_checkpoints/x.ipynb", "servers/short.py"]:
        (folder / name).touch()
    (folder / "servers/long.py").write_text("x = 1\n" * 61)
    names.append("servers/long.py")
    found = map_rules.strangers(folder)
    assert [name for name in names if any(f"got {name}." in problem for problem in found)] == names[3:] and len(
        found
    ) == 4
