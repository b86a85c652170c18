"""Whatever a learner writes into the settings, one line says what is wrong with it; and what a drill shows."""

import itertools

import pandas as pd
import pytest

from vllm_course import CourseError, check, drill, load_model
from vllm_course.checks import exercises, require
from vllm_course.checks.fingerprint import fingerprint
from vllm_course.drills.drill import trouble
from vllm_course.drills.log import written
from vllm_course.drills.service import MOST_LETTERS, MOST_PROMPTS, SETTINGS, Run, serve, times

pytestmark = pytest.mark.usefixtures("one_engine")

BROKEN = [
    ({"params": 3}, "TypeError: "),
    ({"params": {"nope": 1}}, "TypeError: Unexpected keyword argument 'nope'"),
    ({"params": {"temperature": "hot"}}, "TypeError: "),
    ({"params": {"max_tokens": 0}}, "VLLMValidationError: max_tokens must be at least 1, got 0"),
    (
        {"params": {"n": 1000, "temperature": 1, "max_tokens": None}},
        "must ask for at most 20,000 tokens in all, got 3,072",
    ),
    ({"params": {"n": "many"}}, "n"),
    ({"engine": {}}, "settings['engine'] must name a model, got {}. drill(...) makes them anew."),
    ({"engine": "pocket-base"}, "settings['engine'] must be a dict, got 'pocket-base'"),
    ({"engine": {"model": "pocket-bse"}}, "Did you mean 'pocket-base'?"),
    ({"engine": {"model": None, 1: 2}}, "TypeError: "),
    ({"engine": {"model": "pocket-base", "swap_space": 4}}, "TypeError: EngineArgs.__init__() got an unexpected"),
    ({"engine": {"model": "pocket-base", "dtype": "float7"}}, "ValidationError: dtype"),
    ({"engine": {"model": "pocket-base", "kv_cache_memory_bytes": 10**15}}, "CourseError: free memory must be"),
    ({"template": "no place"}, "settings['template'] must hold {prompt}, got 'no place'"),
    ({"template": ["{prompt}"]}, "settings['template'] must be a str"),
    ({"template": "x" * MOST_LETTERS + "{prompt}"}, "must hold texts of at most 20,000 characters, got 'xxx"),
    ({"prompts": []}, "must hold 1 to 60 prompts, got 0"),
    ({"prompts": ["Hello"] * (MOST_PROMPTS + 1)}, "must hold 1 to 60 prompts, got 61"),
    ({"prompts": "Hello"}, "settings['prompts'] must be a list, got 'Hello'"),
    ({"prompts": [1]}, "must hold texts"),
    ({"prompts": ["a" * 10**6]}, "must hold texts of at most 20,000 characters"),
    ({"prompts": itertools.repeat("Hello")}, "settings['prompts'] must be a list"),
    ({"prompts": (prompt for prompt in ["Hello"])}, "TypeError: cannot pickle"),
    ({"api": "chat"}, "ChatTemplateResolutionError: "),
    ({"api": ["generate"]}, "settings['api'] must be 'generate' or 'chat', got ['generate']. Take one of them."),
    ({"together": "yes"}, "settings['together'] must be True or False"),
    ({"defaults": None}, "settings['defaults'] must be 'vllm' or 'model', got None"),
    ({"tokenization": 3}, "settings['tokenization'] must be a dict, got 3"),
    ({"tokenization": {"truncate_prompt_tokens": "few"}}, "TypeError: "),
    ({"prompts": ["half a \ud800 character"]}, "Error: "),
    ({"param": {}}, "settings must have names that the service knows, got 'param'. Did you mean 'params'?"),
    ({3: {}}, "settings must have names that the service knows, got 3. They have engine"),
]


@pytest.mark.parametrize(("changes", "part"), BROKEN, ids=[str(number) for number in range(len(BROKEN))])
def test_what_is_wrong_with_settings_is_one_line(changes, part):
    found = drill("07.1")
    found.settings.update(changes)
    error = found.run().error
    assert part in error and "\n" not in error and len(error) < 2000
    assert repr(found).endswith(error) and found.outputs == []


@pytest.mark.parametrize(
    "settings", [None, [], "", {}, *({k: v for k, v in SETTINGS.items() if k != n} for n in SETTINGS)]
)
def test_missing_settings_are_one_line(settings):
    found = drill("07.1")
    found.settings = settings
    assert found.run().error.startswith("CourseError: settings must ")
    assert trouble(found, "07.1").startswith("The service ends with CourseError: settings must ")


def test_broken_settings_leave_the_engine_usable():
    for changes, _ in BROKEN[:9]:
        found = drill("07.1")
        found.settings.update(changes)
        found.run()
    assert len(load_model().generate(["Hello"])) == 1


def test_what_is_no_drill_or_another_one_is_refused():
    assert trouble(3, "07.1").startswith("Give the drill itself: what drill('07.1') returns")
    assert trouble(drill("07.2"), "07.1") == "This is drill 07.2. The exercise asks for drill('07.1')."
    with pytest.raises(CourseError, match=r"a drill must be one of 07\.1, .*, got '7\.1'\. Take one of them\."):
        drill("7.1")
    with pytest.raises(CourseError, match=r"got \['07\.1'\]"):
        drill(["07.1"])


@pytest.fixture
def exercise_99_7(monkeypatch):
    """Stand for an exercise with a drill, as the lesson has them."""
    monkeypatch.setattr(exercises, "_exercises", {})

    @exercises.exercise("99.7", hints=["Look.", "Look there."], concept="errors.md#the-text-is-cut")
    def texts_stop_early(answer):
        hint = trouble(answer, "07.1")
        require(not hint, hint)


def test_an_exercise_with_a_drill_takes_three_lines(exercise_99_7):
    assert check("99.7", ...).status == "not attempted"
    mended = drill("07.1")
    first = check("99.7", mended)
    assert first.status == "not yet" and "A text ends after 16 tokens" in first.message
    mended.settings["params"]["max_tokens"] = 100
    assert check("99.7", mended).passed
    assert fingerprint((mended,)) != fingerprint((drill("07.1"),)) == fingerprint((drill("07.1"),))


def test_verdicts():
    fine = drill("07.5")
    for verdict in ("it is broken", True, 3):
        fine.verdict = verdict
        assert 'set the verdict to "nothing is wrong"' in fine.judge()
    for verdict in ("nothing is wrong", "Nothing is wrong."):
        fine.verdict = verdict
        assert fine.judge() == ""
    fine.settings["params"] = pd.DataFrame()
    assert "You changed settings that were right" in fine.judge()
    fine = drill("07.5")
    fine.settings["prompts"] *= 2
    assert "You changed settings that were right" in fine.judge()
    broken = drill("07.1")
    broken.verdict = "nothing is wrong"
    assert broken.judge().startswith("Something is wrong here.")


def test_sampling_parameters_may_be_an_object():
    from vllm import SamplingParams

    found = drill("07.1")
    found.settings["params"] = SamplingParams(temperature=0, max_tokens=100)
    assert found.judge() == ""


def test_a_drill_shows_story_settings_and_the_last_run():
    found = drill("07.1")
    before = repr(found)
    assert found.story in before and "'params': {'temperature': 0}" in before and "last run" not in before
    assert (found.log, found.error, len(found.film), found.outputs) == ("", None, 0, [])
    assert found.run() is found and repr(found) == before + "\n\n" + found.log + "\n" + repr(found.film)
    assert "request 0: 8 prompt tokens, 0 cached, 16 tokens, finish_reason=length, stop_reason=None" in found.log
    assert "16 steps, 60 tokens computed, 0 preemptions, 3 of 3 prompts answered" in found.log
    assert "disk /var is 91 % full" in found.log and len(found.film) == 16 and len(found.outputs) == 3
    assert found.log == drill("07.1").run().log
    page = found._repr_html_()
    assert page.count("<pre>") == 2 and "&#x27;temperature&#x27;: 0" in page and "<p>Last run</p>" in page
    assert [line.split()[0] for line in found.explained.splitlines()] == list(SETTINGS)


def test_two_drills_share_no_settings():
    drill("07.1").settings["params"]["max_tokens"] = 1
    drill("07.4").settings["engine"]["block_size"] = 32
    assert drill("07.1").settings["params"] == {"temperature": 0}
    assert drill("07.4").settings["engine"] == SETTINGS["engine"] == {"model": "pocket-base"}


def test_one_answer_each_notes_the_error_of_one():
    run = serve(drill("07.6").settings | {"together": False}, ["Hello", "the fox and the duck " * 400])
    assert (
        run.error is None and len(run.outputs) == 1 and run.answers[1].startswith("VLLMValidationError: This model's")
    )
    assert "ERROR service: request 1: VLLMValidationError" in written(run, ())


def test_noise_is_in_the_log_even_of_a_run_that_never_began():
    run = Run([])
    run.error = "TypeError: x"
    assert written(run, ("INFO service: noise",)).splitlines()[-2:] == [
        "INFO service: noise",
        "ERROR service: TypeError: x",
    ]
    assert times(["a"] * MOST_PROMPTS)[-1] == "09:59"


def test_a_long_text_is_shown_by_its_beginning():
    shown = repr(drill("07.6"))
    assert "the fox and the … (8,400 characters)" in shown and shown.count("the fox") < 10
    assert len(drill("07.6").settings["prompts"][1]) == 8400
