"""A script's `main` called in a notebook: the stream that it prints to may have no file number, as on Colab."""

import errno
import io
import sys

from vllm_course.tool import tool


class Bare(io.StringIO):
    """A kernel's stream on a full disk."""

    reconfigure = property(lambda self: (_ for _ in ()).throw(AttributeError("reconfigure")))

    def flush(self) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_is_one_line_there_too(monkeypatch, capsys):
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", Bare())
        code = tool(lambda argv: 0)([])
    assert code == 1
    assert "stdout must be writable to the end, got No space left on device." in capsys.readouterr().err
