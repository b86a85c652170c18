"""The checks of scripts refuse what they are there for."""

import textwrap

import pytest

from tests.rules import scripts

GOOD = '"""Doc."""\n\ndef main(argv=None):\n    return 0\n\nif __name__ == "__main__":\n    main()\n'


@pytest.mark.parametrize(
    ("source", "refused"),
    [
        (GOOD, False),
        (GOOD + "#\n" * 150, True),
        (GOOD.replace("__main__", "main"), True),
        (GOOD.replace("def main", "def run"), True),
        (GOOD + "main()\n", True),
        (GOOD[10:], True),
    ],
)
def test_shape(source, refused):
    assert bool(scripts.shape(source)) is refused


@pytest.mark.parametrize(
    ("stderr", "refused"),
    [
        ("x.py: argument --top-p: must be > 0, got 0. Use 1 to keep all tokens.\n", False),
        ("top_p must be > 0, got 0. Use 1 to keep all tokens.\n", False),
        ("usage: x.py\ntop_p must be > 0, got 0. Use 1.\n", True),
        ("must be > 0, got 0. Use 1.\n", True),
        ("top_p must be > 0, got 0.\n", True),
        ("top_p must be > 0. Use 1.\n", True),
        ("", True),
    ],
)
def test_one_line(stderr, refused):
    assert bool(scripts.one_line(stderr, "--top-p", "0")) is refused


WAIT = "import time\ndata = bytearray(400 * 2**20)\ntime.sleep(60)"
CATCHING = (
    f"def wait():\n{textwrap.indent(WAIT, '  ')}\ntry:\n  wait()\nexcept KeyboardInterrupt:\n  raise SystemExit(130)"
)


@pytest.mark.parametrize(("code", "messages"), [(CATCHING, 0), (WAIT, 2), ("pass", 1)])
def test_interrupted(code, messages):
    assert len(scripts.interrupted(scripts.start("-c", code, cold=True))) == messages
