"""Every try is kept and shown, hints follow what was seen, and trouble with the store never stops a check."""

import os

import pytest

from vllm_course import check, checks, hint, progress
from vllm_course.checks import exercises, hints
from vllm_course.progress import place

FULL = "the disk must have room, got none. Make some."


@pytest.fixture(autouse=True)
def lesson(monkeypatch):
    """Exercise 97.1, which asks for 7."""
    monkeypatch.setattr(exercises, "_exercises", {})

    @checks.exercise("97.1", hints=["vague", "clear"], concept="page.md#one-section")
    def is_seven(answer):
        checks.require(answer == 7, f"Not {answer}.")


@pytest.fixture
def full_disk(monkeypatch):
    """A store that refuses everything."""

    def refuse(*args, **kwargs):
        raise progress.ProgressError(FULL)

    for name in ("record_attempt", "record_hint", "hint_level"):
        monkeypatch.setattr(progress, name, refuse)


def kept() -> list[tuple[str, str]]:
    return [(attempt.status, attempt.message) for attempt in progress.read().attempts.get("97.1", [])]


def test_every_try_is_kept_and_shown():
    assert [check("97.1", answer).history for answer in (1, 2, 7)] == ["", "tries: ✘ ✘", "tries: ✘ ✘ ✔"]
    assert kept() == [("not yet", "Not 1."), ("not yet", "Not 2."), ("passed", "")]


def test_the_same_answer_again_is_no_try():
    """A hidden test and the cell below it check the same answer; so does a cell that is run again."""
    assert repr(check("97.1", 7)) == repr(check("97.1", 7)) == "✔ 97.1 passed"
    assert len(kept()) == 1


def test_another_answer_with_the_same_message_is_a_try():
    checks.exercise("97.1", hints=["a"], concept="page.md#x")(lambda answer: checks.require(False, "No."))
    assert [len(check("97.1", answer).tries) for answer in (1, 2)] == [1, 2]


def test_an_open_exercise_is_no_try():
    check("97.1", 1)
    assert repr(check("97.1", ...)) == "○ 97.1 not attempted"
    assert len(kept()) == 1


def test_strict_checks_and_hints_keep_and_show_nothing(monkeypatch, empty_progress):
    monkeypatch.setenv(checks.STRICT, "1")
    for answer in (1, 2):
        with pytest.raises(checks.CheckFailedError, match=rf"✘ 97.1 not yet: Not {answer}\.$"):
            check("97.1", answer)
    assert repr(check("97.1", 7)) == "✔ 97.1 passed"
    hint("97.1")
    assert os.listdir(empty_progress) == []


def test_strict_shows_no_history_of_an_earlier_learner(monkeypatch):
    check("97.1", 1)
    monkeypatch.setenv(checks.STRICT, "1")
    assert repr(check("97.1", 7)) == "✔ 97.1 passed"


def test_from_the_second_refusal_on_the_next_hint_is_named():
    advice = [check("97.1", 1).advice, check("97.1", 2).advice]
    hint("97.1")
    advice.append(check("97.1", 3).advice)
    hint("97.1", 2)
    advice += [check("97.1", 4).advice, check("97.1", 7).advice]
    assert advice == [
        "",
        'Stuck? hint("97.1") helps.',
        'Stuck? hint("97.1", 2) helps.',
        "Read on: concepts/page.md, section one section.",
        "",
    ]


def test_one_refusal_after_a_pass_needs_no_hint():
    check("97.1", 7)
    assert check("97.1", 1).advice == ""


def test_a_vague_hint_again_does_not_hide_the_clear_one_that_was_seen():
    hint("97.1", 2)
    hint("97.1")
    assert hints.advice(exercises.find("97.1")).startswith("Read on")


def test_trouble_is_told_once_and_the_result_is_shown_all_the_same(full_disk):
    assert repr(check("97.1", 1)) == f"✘ 97.1 not yet: Not 1.\n  Not kept: {FULL}"
    assert repr(check("97.1", 7)) == "✔ 97.1 passed"
    assert hint("97.1") == 'Hint 1 of 2: vague One more: hint("97.1", 2).'


def test_other_trouble_is_told_too(full_disk, monkeypatch):
    check("97.1", 1)

    def refuse(*args):
        raise progress.ProgressError("Another reason.")

    monkeypatch.setattr(progress, "record_attempt", refuse)
    assert check("97.1", 1).trouble == "Not kept: Another reason."


def test_a_hint_tells_trouble_once(full_disk):
    assert hint("97.1").splitlines() == ['Hint 1 of 2: vague One more: hint("97.1", 2).', f"Not kept: {FULL}"]
    assert "Not kept" not in hint("97.1")


def test_a_hint_level_that_cannot_be_read(monkeypatch):
    def refuse(number):
        raise progress.ProgressError(FULL)

    monkeypatch.setattr(progress, "hint_level", refuse)
    check("97.1", 1)
    assert repr(check("97.1", 2)) == f"✘ 97.1 not yet: Not 2.\n  Not kept: {FULL}"


def test_a_real_folder_that_cannot_be_made(monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv(place.HOME, str(tmp_path / "file" / "below"))
    first, second = check("97.1", 1), check("97.1", 7)
    assert first.trouble.startswith("Not kept: ") and (second.passed, second.trouble) == (True, "")


def test_a_long_message_is_kept_in_part():
    check("97.1", "x" * 10_000)
    assert len(kept()[0][1]) == checks.LONGEST_MESSAGE
