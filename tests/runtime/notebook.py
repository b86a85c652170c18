"""A person who runs the cells of a notebook: with a real kernel, and with the interrupt button at hand."""

import contextlib
from collections.abc import Iterator

from jupyter_client import KernelManager
from jupyter_client.kernelspec import KernelSpecManager


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


@contextlib.contextmanager
def notebook() -> Iterator[Person]:
    """Give a block a person with a kernel of this very interpreter."""
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
