"""What the tests of serving share: a place for a stand-in, and one real server."""

import uuid
from collections.abc import Iterator

import pytest

from tests.online.cases import until
from tests.serving.cases import free_port, is_free, start_real, tagged
from vllm_course.serving.client import Server


@pytest.fixture
def place():
    """Return a free port and a tag; afterwards the port must be free and no process may have the tag."""
    port, tag = free_port(), uuid.uuid4().hex
    yield port, tag
    until(lambda: not tagged(tag))
    assert is_free(port)


@pytest.fixture(scope="session")
def running() -> Iterator[Server]:
    """Return a server of pocket-chat that the tests share: ask it, and leave it running."""
    with start_real() as server:
        yield server
