"""What the tests of lesson 03's script begin with."""

import pytest

from tests.terminal.cases import ChatTool


@pytest.fixture
def tool(tmp_path, capsys):
    """Lesson 03's script, to be called in a folder of its own."""
    return ChatTool(tmp_path, capsys)
