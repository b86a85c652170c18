"""A real kernel that a person uses: what it shows of long work, and the interrupt button in a long call."""

import pytest
from jupyter_client import KernelManager
from jupyter_client.kernelspec import KernelSpecManager

LOAD = """
from vllm_course import generate, load_model
from vllm_course.runtime import waiting
waiting.LATE = 0.05
llm = load_model("pocket-base-mini")
"""
ASK = 'print(*generate(llm, ["Hello", "Once"], temperature=0, max_tokens=8)["text"], sep="|")'
LONG = "generate(llm, ['Once upon a time'] * 16, max_tokens=450, n=4, ignore_eos=True)"


class Person:
    """Runs cells of a kernel as JupyterLab does, which can answer questions, and notes what they show."""

    def __init__(self, client, manager) -> None:
        self.client, self.manager = client, manager

    def run(self, code: str, *, interrupt_at: str = "", allow_stdin: bool = True) -> list[dict]:
        """Run a cell to its end, and return its messages; interrupt it at the first message of a type."""
        sent, messages = self.client.execute(code, allow_stdin=allow_stdin), []
        while not messages or messages[-1]["content"].get("execution_state") != "idle":
            message = self.client.get_iopub_msg(timeout=300)
            if message["parent_header"].get("msg_id") == sent:
                messages.append(message)
                if message["msg_type"] == interrupt_at:
                    interrupt_at = ""
                    self.manager.interrupt_kernel()
        return messages


@pytest.fixture(scope="module")
def person():
    """A person with a kernel of this very interpreter."""
    manager = KernelManager(kernel_name="python3", kernel_spec_manager=KernelSpecManager(kernel_dirs=[]))
    manager.start_kernel()
    client = manager.blocking_client()
    client.start_channels()
    client.wait_for_ready(timeout=120)
    yield Person(client, manager)
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def kinds(messages: list[dict]) -> list[str]:
    """Return the types of the messages that a cell shows something with."""
    return [message["msg_type"] for message in messages if message["msg_type"] not in ("status", "execute_input")]


def printed(messages: list[dict]) -> str:
    """Return what a cell printed."""
    return "".join(message["content"]["text"] for message in messages if message["msg_type"] == "stream")


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
