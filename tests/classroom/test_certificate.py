"""`vllm-course certificate`: written for what is completed, and held to its checksum."""

import re
from pathlib import Path

import pytest

from tests.classroom.cases import EMOJI, HTML, LONG_NAMES, Page
from tests.progress.cases import course_of_two
from vllm_course import cli, progress

LIMIT = "anybody who has the course can write such a file"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A course of two lessons in which lesson 01 is completed, and the folder where one works."""
    course_of_two(tmp_path, monkeypatch)
    monkeypatch.setenv("VLLM_COURSE_HOME", str(tmp_path / "home"))
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    days = iter(["2026-11-02", "2026-11-03", "2026-11-04", "2026-11-05"])
    monkeypatch.setattr(progress, "_now", lambda: f"{next(days, '2026-12-24')}T23:59:59+00:00")
    for number, status in (("1.1", "not yet"), ("1.2", "passed"), ("1.1", "passed"), ("1.2", "not yet")):
        progress.record_attempt(number, status, "", number)
    progress.set_tick("01", "load", ticked=True)
    return tmp_path / "work"


def certificate(*arguments: str) -> int:
    """Run `vllm-course certificate` and return its exit code."""
    try:
        return cli.main(["certificate", *arguments])
    except SystemExit as end:
        return end.code


def test_it_names_the_lessons_that_are_completed_and_the_days(folder, capsys):
    assert certificate("--name", "Ada Lovelace") == 0
    assert capsys.readouterr().out == "The certificate is in certificate.html, and as a text in certificate.txt.\n"
    assert sorted(path.name for path in folder.iterdir()) == ["certificate.html", "certificate.txt"]
    text = Path("certificate.txt").read_text()
    assert "\nfor Ada Lovelace\n\nwho passed all exercises of 1 of 2 lessons:\n" in text
    assert "  01  A lesson: 2 exercises, checklist 1 of 2, 2026-11-02 to 2026-11-04\n" in text
    assert "02  A lesson" not in text and "It does not prove who did the work." in text
    page = Page(Path("certificate.html").read_text())
    assert "Ada Lovelace" in page.texts and "01 A lesson" in page.texts and page.open == []
    assert "2026-11-02" in page.texts and "2026-11-04" in page.texts and "2026-11-05" not in page.texts
    assert "It does not prove who did the work." in " ".join(page.source.split())
    assert "script" not in page.tags and not re.search(r"url\(|@import|https?://", page.source)


@pytest.mark.parametrize("form", ["certificate.html", "certificate.txt"])
@pytest.mark.parametrize("name", ["Ada", *LONG_NAMES])
def test_a_certificate_is_verified_for_any_name(form, name, capsys):
    assert certificate("--name", name) == 0
    assert name in " ".join(Page(Path("certificate.html").read_text()).texts)
    capsys.readouterr()
    assert certificate("--verify", form) == 0
    captured = capsys.readouterr()
    assert re.fullmatch(rf"{form} is as the course wrote it \(checksum [0-9a-f]{{64}}\)\.\n", captured.out)
    assert LIMIT in captured.err


@pytest.mark.parametrize("form", ["certificate.html", "certificate.txt"])
@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("Ada", "Eve"),
        lambda text: text.replace("2026-11-04", "2026-11-01"),
        lambda text: text.replace("A lesson", "A  lesson"),
        lambda text: text.replace("of 2 lessons", "of 1 lessons"),
        lambda text: re.sub("[0-9a-f]{64}", "0" * 64, text),
        lambda text: re.sub("[0-9a-f]{64}", "1" * 64, text),
        lambda text: text + "and more",
        lambda text: "and more\n" + text,
    ],
)
def test_a_changed_one_is_refused_with_one_line(form, change, capsys):
    assert certificate("--name", "Ada") == 0
    Path(form).write_text(change(Path(form).read_text()))
    capsys.readouterr()
    assert certificate("--verify", form) == 1
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err.count("\n") == 1
    rule = f"--verify must be a certificate of this course, whole and unchanged, got {form}: its text has the checksum "
    assert captured.err.startswith(rule) and captured.err.endswith(" Ask for it again.\n")


def test_line_ends_that_mail_changed_do_not_count():
    certificate("--name", EMOJI)
    for form in ("certificate.html", "certificate.txt"):
        Path(form).write_bytes(b"\xef\xbb\xbf" + Path(form).read_bytes().rstrip(b"\n").replace(b"\n", b"\r\n"))
        assert certificate("--verify", form) == 0


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "--verify must be a readable file, got No such file or directory: a.txt. Check the path."),
        (b"\xff\xfe", "--verify must be text in UTF-8, got other bytes in a.txt."),
        (b"", "got a.txt: it must hold one checksum, got 0. Ask for the file that the command wrote."),
        (b"Checksum (SHA-256): " + b"a" * 63, "it must hold one checksum, got 0."),
        (2 * (b"Checksum (SHA-256): " + b"a" * 64 + b"\n"), "it must hold one checksum, got 2."),
    ],
)
def test_what_is_no_certificate_is_one_line(content, message, capsys):
    if content is not None:
        Path("a.txt").write_bytes(content)
    assert certificate("--verify", "a.txt") == 2
    captured = capsys.readouterr()
    assert captured.out == "" and message in captured.err and captured.err.count("\n") == 1


def test_nothing_completed_is_refused_with_one_line(folder, capsys, monkeypatch, tmp_path):
    progress.reset()
    assert certificate("--name", "Ada") == 1
    rule = "a certificate must have a lesson whose exercises are all passed, got none."
    assert capsys.readouterr().err == f"{rule} Begin with: make lab\n"
    progress.record_attempt("1.1", "not yet", "no", "a")
    progress.record_attempt("1.2", "passed", "", "a")
    assert certificate("--name", "Ada") == 1
    assert capsys.readouterr().err == f"{rule} Lesson 01 is closest, 1 of 2: go on there.\n"
    assert [*folder.iterdir()] == []


@pytest.mark.parametrize("name", ["", " ", "a\nb", "x" * 300, "\x1b[31mred", "=1+1", "\u202eevil"])
def test_a_name_that_is_none(name, folder, capsys):
    assert certificate(f"--name={name}") == 1
    error = capsys.readouterr().err
    assert error.startswith("--name must be 1 to 100 printable characters and not begin with = + - or @, got ")
    assert error.endswith(" Give a name: --name NAME.\n") and error.count("\n") == 1
    assert [*folder.iterdir()] == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "one of the arguments --name --verify is required"),
        (["--name", "Ada", "--verify", "a"], "argument --verify: not allowed with argument --name"),
        (["--verify", "a", "--output", "b.html"], "--output must come with --name, got --verify."),
        (["--name", "Ada", "--output", "a.pdf"], "--output must end in .html, got a.pdf. The text gets the same name"),
        (["--name", "Ada", "--output", "no/a.html"], "--output must be in a folder that is there, got no/a.html."),
    ],
)
def test_usage_errors_are_one_line_and_2(arguments, message, folder, capsys):
    assert certificate(*arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"vllm-course certificate: {message}") and error.count("\n") == 1
    assert [*folder.iterdir()] == []


def test_where_the_text_would_go_must_be_a_file_too(folder, capsys):
    (folder / "a.txt").mkdir()
    assert certificate("--name", HTML, "--output", "a.html") == 2
    assert "--output must be a file, got a.txt, which is something else." in capsys.readouterr().err
