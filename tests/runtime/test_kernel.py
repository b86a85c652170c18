"""A real kernel that a person uses: what it shows of long work, and the interrupt button in a long call."""

import pytest

from tests.runtime.notebook import kinds, notebook, printed

LOAD = """
from vllm_course import generate, load_model
from vllm_course.runtime import waiting
waiting.LATE = 0.05
llm = load_model("pocket-base-mini")
"""
ASK = 'print(*generate(llm, ["Hello", "Once"], temperature=0, max_tokens=8)["text"], sep="|")'
LONG = "generate(llm, ['Once upon a time'] * 16, max_tokens=450, n=4, ignore_eos=True)"


@pytest.fixture(scope="module")
def person():
    """A person with a kernel of this very interpreter."""
    with notebook() as found:
        yield found


def test_the_import_is_said_and_the_line_goes_away(person):
    shown = [message["content"] for message in person.run(LOAD) if "data" in message["content"]]
    assert [content["data"]["text/plain"] for content in shown] == [
        "Importing vLLM, which takes some seconds the first time ...",
        "",
    ]


def test_the_interrupt_button_in_a_long_call_leaves_the_engine_as_new(person):
    reference = printed(person.run(ASK))
    assert reference.count("|") == 1
    for _ in range(3):
        messages = person.run(LONG, interrupt_at="comm_open")  # the bar appears
        assert [message["content"]["ename"] for message in messages if message["msg_type"] == "error"] == [
            "KeyboardInterrupt"
        ]
        assert printed(person.run(ASK)) == reference


def test_a_program_that_executes_a_notebook_sees_no_bar(person):
    short = LONG.replace("450", "20")
    assert "comm_open" in kinds(person.run(short, allow_stdin=True))
    assert kinds(person.run(short, allow_stdin=False)) == ["execute_result"]
