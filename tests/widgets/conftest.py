"""What tests of several widgets start with."""

import pytest

from vllm_course.widgets import background


@pytest.fixture
def shell_calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple]:
    """Return what a widget tells the kernel to call, or to call no longer: what was done, the event, the function."""
    calls = []

    class Shell:
        class events:
            register = staticmethod(lambda name, what: calls.append(("register", name, what)))
            unregister = staticmethod(lambda name, what: calls.append(("unregister", name, what)))

    monkeypatch.setattr(background, "get_ipython", lambda: Shell)
    return calls
