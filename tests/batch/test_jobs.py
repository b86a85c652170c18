"""Jobs from JSON lines, CSV and text: ids, order, and each wrong line with its reason."""

import os
import threading
from pathlib import Path

import pytest

from tests.batch.cases import LATIN, NO_TEXT, WRONG_FILES, WRONG_LINES, WRONG_ROWS, json_lines
from vllm_course.batch.jobs import Job, read_jobs
from vllm_course.errors import UsageError


def jobs_of(folder: Path, name: str, content: str | bytes) -> list[Job]:
    """Write a file and read its jobs."""
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return list(read_jobs(folder / name))


@pytest.mark.parametrize("ending", ["jsonl", "ndjson", "JSONL"])
def test_json_lines(tmp_path, ending):
    messages = [{"role": "user", "content": "Hello!"}]
    content = json_lines(
        {"id": "a", "prompt": "The moon", "params": {"max_tokens": 3}}, {"prompt": "é"}, {"id": 0, "messages": messages}
    )
    assert jobs_of(tmp_path, f"in.{ending}", content) == [
        Job("a", "The moon", {"max_tokens": 3}),
        Job(2, "é"),
        Job(0, messages),
    ]


def test_csv(tmp_path):
    content = 'id,prompt,topic\r\na,"The moon, ""again""\r\nand again",sky\r\n,The sun,sky\r\n\r\n" 3",é,\r\n'
    expected = [Job("a", 'The moon, "again"\r\nand again'), Job(2, "The sun"), Job(" 3", "é")]
    assert jobs_of(tmp_path, "in.csv", content) == expected


def test_a_long_cell(tmp_path):
    assert jobs_of(tmp_path, "in.csv", f"prompt\n{'x' * 200_000}\n") == [Job(1, "x" * 200_000)]


@pytest.mark.parametrize("name", ["in.txt", "prompts", "in.TXT"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_text(tmp_path, name, end):
    content = end.join(['{"prompt": "x"}', "", " ", " The moon, ", "a\u2028b\x0c", "last"])
    expected = [Job(1, '{"prompt": "x"}'), Job(4, " The moon, "), Job(5, "a\u2028b\x0c"), Job(6, "last")]
    assert jobs_of(tmp_path, name, content) == expected


@pytest.mark.parametrize("name", ["in.jsonl", "in.csv", "in.txt"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_mark_before_the_text_and_line_ends_change_nothing(tmp_path, name, mark, end):
    lines = {
        "in.jsonl": ['{"prompt": "x"}', "", '{"prompt": "y"}'],
        "in.csv": ["prompt", "x", "y"],
        "in.txt": ["x", "y"],
    }
    found = jobs_of(tmp_path, name, mark + end.join(lines[name]) + end)
    assert [(job.prompt, job.error) for job in found] == [("x", ""), ("y", "")]


@pytest.mark.parametrize("case", WRONG_LINES)
def test_a_wrong_line_is_a_job_with_the_reason_and_the_next_is_read(tmp_path, case):
    line, name, error = WRONG_LINES[case]
    line = line if isinstance(line, bytes) else line.encode()
    wrong, right = jobs_of(tmp_path, "in.jsonl", line + b'\n{"id": "z", "prompt": "y"}\n')
    assert repr(wrong.id) == repr(name) and error in wrong.error and "\n" not in wrong.error
    assert right == Job("z", "y")


@pytest.mark.parametrize("case", WRONG_ROWS)
def test_a_wrong_row(tmp_path, case):
    row, name, error = WRONG_ROWS[case]
    row = row if isinstance(row, bytes) else row.encode()
    wrong, *rest = jobs_of(tmp_path, "in.csv", b"id,prompt\n" + row + b"\nz,y\n")
    assert wrong.id == name and error in wrong.error
    assert rest == ([] if case == "open quotation mark" else [Job("z", "y")])


def test_text_in_another_encoding(tmp_path):
    assert jobs_of(tmp_path, "in.txt", LATIN + b"\nx\0\nok\n") == [
        Job(1, error=NO_TEXT),
        Job(2, error=NO_TEXT),
        Job(3, "ok"),
    ]


def test_an_id_that_is_there_twice(tmp_path):
    content = json_lines({"id": 2, "prompt": "x"}, {"prompt": "y"}, {"id": "2", "prompt": "z"}, {"id": 2, "prompt": 5})
    found = jobs_of(tmp_path, "in.jsonl", content)
    assert [job.error for job in found] == [
        "",
        "id must be there once, got 2 again. Give every line an id of its own.",
        "",
        "prompt must be a text, got 5. Put it into quotation marks.",
    ]
    assert [job.id for job in found] == [2, 2, "2", 2]


@pytest.mark.parametrize("case", WRONG_FILES)
def test_a_wrong_file_is_refused_at_once(tmp_path, case):
    name, content, error = WRONG_FILES[case]
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(UsageError) as refused:
        read_jobs(tmp_path / name)
    assert error in str(refused.value) and "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("none.txt", "No such file or directory"),
        (".", "Is a directory"),
        ("x" * 300, "File name too long"),
        ("x\0.txt", "embedded null byte"),
    ],
)
def test_what_is_no_file(name, reason):
    with pytest.raises(UsageError, match=f"INPUT must be a readable file, got {reason}: .*. Check the path."):
        read_jobs(Path(name))


def test_a_pipe_and_a_file_larger_than_what_is_read(tmp_path):
    """Jobs are read as they are needed: the writer of a pipe is not awaited to the end."""
    os.mkfifo(pipe := tmp_path / "pipe")
    go_on, in_time = threading.Event(), []

    def write() -> None:
        with pipe.open("w") as lines:
            lines.write("first\n" * 20_000)
            lines.flush()
            in_time.append(go_on.wait(20))

    writer = threading.Thread(target=write)
    writer.start()
    jobs = read_jobs(pipe)
    assert next(jobs) == Job(1, "first")
    go_on.set()
    assert sum(1 for _ in jobs) == 19_999
    writer.join()
    assert in_time == [True]
