"""The journal: whole lines count, a beginning of one is cut off, one process writes, and nothing else is touched."""

import fcntl
import json
import os
import signal
import subprocess
import sys

import pytest

from tests.completion.cases import full_disk
from vllm_course.batch.journal import Journal
from vllm_course.errors import CourseError, UsageError

SETTINGS = {"model": "pocket-base", "max_tokens": 40}
ANSWER = {"id": 1, "prompt": "The moon\né", "text": " is", "finish_reason": "length", "tokens": 1}
RECORDS = [ANSWER, {"id": "b", "error": "prompt must be a text."}, ANSWER | {"id": 3, "prompt": [{"role": "user"}]}]
LINES = [(json.dumps(record, ensure_ascii=False) + "\n").encode() for record in RECORDS]


@pytest.fixture
def source(tmp_path):
    (tmp_path / "in.jsonl").write_text("{}\n")
    return tmp_path / "in.jsonl"


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out.jsonl"


def test_lines_come_back(source, out):
    with Journal(out, source=source, settings=SETTINGS) as journal:
        assert journal.count == 0 and list(journal.records()) == []
        journal.append(RECORDS[:2])
        journal.append(RECORDS[2:])
        assert journal.count == 3 and list(journal.records()) == RECORDS
    assert out.read_bytes() == b"".join(LINES)
    with Journal(out, source=source, settings=SETTINGS) as journal:
        assert journal.count == 3 and list(journal.records()) == RECORDS


def test_a_kill_at_every_byte(source, out):
    whole = b"".join(LINES)
    for length in range(len(whole) + 1):
        out.write_bytes(whole[:length])
        done = whole[:length].count(b"\n")
        with Journal(out, source=source, settings=SETTINGS) as journal:
            assert list(journal.records()) == RECORDS[:done] and journal.count == done
            assert out.read_bytes() == b"".join(LINES[:done])
            journal.append(RECORDS[done:])
        assert out.read_bytes() == whole


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"a text of somebody\n", 1),
        (b"a text without an end", 1),
        (b'{"id": "a", "prompt": "a line of an input"}\n', 1),
        (b'{"id": "a", "prompt": "a line of an input"}', 1),
        (LINES[0] + b"\n" + LINES[1], 2),
        (LINES[0] + b"[]\n" + LINES[1][:20], 2),
        (LINES[0] + b'{"text": "x', 2),
        (b"\xff\xfe\n", 1),
        (b"[" * 100_000 + b"\n", 1),
    ],
)
def test_a_file_of_another_kind_stays_as_it_is(source, out, content, line):
    out.write_bytes(content)
    with pytest.raises(UsageError) as refused:
        Journal(out, source=source, settings=SETTINGS)
    said = f"--output must be a file that this tool wrote, got {out} with another line {line}. Choose another name."
    assert str(refused.value) == said
    assert out.read_bytes() == content
    out.write_bytes(b"")
    Journal(out, source=source, settings=SETTINGS).append(RECORDS)  # the lock is free again, though the error is kept


def test_one_process_at_a_time(source, out):
    with Journal(out, source=source, settings=SETTINGS) as journal:
        journal.append(RECORDS[:1])
        with pytest.raises(UsageError) as refused:
            Journal(out, source=source, settings=SETTINGS)
    said = f"--output must be open only once, got {out}, which another process writes. Wait for it, or choose another"
    assert said in str(refused.value) and out.read_bytes() == LINES[0]


def test_a_process_that_is_killed_leaves_no_lock(source, out):
    code = f"import fcntl; out = open({str(out)!r}, 'ab'); fcntl.flock(out, 2); print(1, flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        holder.stdout.readline()
        with pytest.raises(UsageError, match="--output must be open only once"):
            Journal(out, source=source, settings=SETTINGS)
        holder.kill()
    with Journal(out, source=source, settings=SETTINGS) as journal:
        assert journal.count == 0


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("none/out.jsonl", "--output must be in a folder that is there, got "),
        ("out.json", "--output must end with .jsonl, got "),
        ("out", "--output must end with .jsonl, got "),
        ("folder.jsonl", "--output must be a file, got "),
        (f"{'x' * 300}.jsonl", "--output must be a name for a file, got File name too long: "),
        ("in.jsonl", "--output must be another file than INPUT, got "),
        ("link.jsonl", "--output must be another file than INPUT, got "),
    ],
)
def test_a_wrong_place(source, tmp_path, name, error):
    (tmp_path / "folder.jsonl").mkdir()
    (tmp_path / "link.jsonl").symlink_to(source)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(UsageError) as refused:
        Journal(tmp_path / name, source=source, settings=SETTINGS)
    assert error in str(refused.value)
    assert sorted(tmp_path.iterdir()) == before and source.read_text() == "{}\n"


def test_settings_of_the_first_run(source, out):
    kept = out.with_name("out.jsonl.settings.json")
    Journal(out, source=source, settings={"model": "other"}).__exit__()
    with Journal(out, source=source, settings=SETTINGS) as journal:  # nothing was done with the first ones
        journal.append(RECORDS[:1])
    assert json.loads(kept.read_text()) == SETTINGS
    for name, value in {"max_tokens": 8, "model": "pocket-chat"}.items():
        with pytest.raises(UsageError) as refused:
            Journal(out, source=source, settings=SETTINGS | {name: value})
        option, first = f"--{name.replace('_', '-')}", SETTINGS[name]
        said = (
            f"{option} must be {first!r} as in the first run, got {value!r}. Give the same, or choose another --output."
        )
        assert str(refused.value) == said
    kept.write_text("{")
    with pytest.raises(UsageError, match="--output must be beside the settings of its first run, got .*valid JSON"):
        Journal(out, source=source, settings=SETTINGS)
    kept.unlink()
    Journal(out, source=source, settings={"model": "other"}).__exit__()
    assert json.loads(kept.read_text()) == {"model": "other"} and out.read_bytes() == LINES[0]


def test_a_full_disk_keeps_what_was_there(source, out):
    with Journal(out, source=source, settings=SETTINGS) as journal:
        journal.append(RECORDS[:1])
        with full_disk(len(LINES[0]) + 10), pytest.raises(CourseError) as refused:
            journal.append(RECORDS[1:])
        assert out.read_bytes() == LINES[0]
        journal.append(RECORDS[1:])
    said = f"--output must be a file that can be written, got File too large: {out}. Free some space; the same command"
    assert said in str(refused.value)
    assert out.read_bytes() == b"".join(LINES)


def test_ctrl_c_waits_until_the_lines_count(source, out, monkeypatch):
    write_through = os.fsync
    with Journal(out, source=source, settings={}) as journal:
        monkeypatch.setattr(os, "fsync", lambda number: signal.raise_signal(signal.SIGINT) or write_through(number))
        with pytest.raises(KeyboardInterrupt):
            journal.append(RECORDS)
        assert journal.count == 3 and out.read_bytes() == b"".join(LINES)


def test_a_system_that_cannot_lock(source, out, monkeypatch):
    def refuse(*_):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(CourseError, match="--output must be a file that can be written, got Operation not supported: "):
        Journal(out, source=source, settings=SETTINGS)
