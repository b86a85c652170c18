"""The check of 2.9 runs a learner's shell script, which may do anything."""

import subprocess

from vllm_course import check


def test_a_script_that_never_ends_is_ended(monkeypatch):
    def waits(*arguments, timeout, **options):
        raise subprocess.TimeoutExpired(arguments, timeout)

    monkeypatch.setattr(subprocess, "run", waits)
    said = check("2.9", "python text_generation.py; sleep infinity").message
    assert said == "The script has not ended after two minutes: what does it wait for?"
