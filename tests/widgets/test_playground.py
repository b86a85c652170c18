"""The playground: its chart shows vLLM's own probabilities, its text is vLLM's, and its mistakes are explained."""

import asyncio
import gc
import re
import weakref
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from vllm_course import CourseError, load_model, playground
from vllm_course.distribution import distribution
from vllm_course.models import free_engine
from vllm_course.streaming import Stream, end_running
from vllm_course.widgets import figure, rendering

PROMPT = "The weather today is"
AT = 4  # the second position that is compared
SETTINGS = {
    "off": {},
    "hot, filtered": {"temperature": 1.4, "top_p": 0.9, "top_k": 50, "min_p": 0.02},
    "cold": {"temperature": 0.3, "top_p": 0.95},
    "penalties": {"repetition_penalty": 1.4, "presence_penalty": 0.6, "frequency_penalty": 0.7},
    "all": {"temperature": 0.8, "top_k": 20, "min_p": 0.01, "repetition_penalty": 1.2, "frequency_penalty": -0.5},
}

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:ipywidgets")


@pytest.fixture(scope="module")
def shown() -> dict[str, list[np.ndarray]]:
    """What the playground computes at positions 0 and AT, for every setting."""
    llm, found = load_model(dtype="float32"), {}
    for name, setting in SETTINGS.items():
        bench = playground(llm, PROMPT, seed=1, max_tokens=12, **setting)
        found[name] = [bench.scene.distribution(bench.settings, at).probabilities for at in (0, AT)]
        found[name].append(bench.scene.output_ids[:AT])
    return found


@pytest.fixture(scope="module")
def reported(shown) -> dict[str, list[np.ndarray]]:
    """What an engine that reports its processed log probabilities says of the same positions."""
    llm, found = load_model(dtype="float32", logprobs_mode="processed_logprobs"), {}
    from vllm import SamplingParams

    for name, setting in SETTINGS.items():
        params = SamplingParams(seed=1, max_tokens=12, logprobs=-1, **setting)
        completion = llm.generate(PROMPT, params)[0].outputs[0]
        vectors = [[entries[token].logprob for token in range(len(entries))] for entries in completion.logprobs]
        found[name] = [np.exp(vectors[0]), np.exp(vectors[AT]), list(completion.token_ids)[:AT]]
    free_engine()
    return found


@pytest.fixture
def bench(reported):
    """A playground on the shipped model. It comes after `reported`, so that engines are not loaded in turn."""
    return playground(load_model(), PROMPT, seed=0, max_tokens=12)


@pytest.mark.parametrize("name", SETTINGS)
def test_the_charts_probabilities_are_vllms_own(shown, reported, name):
    assert shown[name][2] == reported[name][2], "both took the same way"
    for computed, expected in zip(shown[name][:2], reported[name][:2], strict=True):
        np.testing.assert_allclose(computed, expected, atol=1e-4, rtol=0)
    assert not np.allclose(reported[name][0], reported[name][1], atol=1e-2), "two positions that differ"


def test_penalties_change_what_is_compared(reported):
    assert not np.allclose(reported["penalties"][1], reported["off"][1], atol=1e-3)


def test_a_slider_redraws_without_generating(bench, monkeypatch):
    monkeypatch.setattr(bench._llm, "generate", lambda *_, **__: pytest.fail("a slider ran the model"))
    monkeypatch.setattr(Stream, "step", lambda *_: pytest.fail("a slider ran the engine"))
    for name, value in {"temperature": 0.5, "top_p": 0.6, "top_k": 3, "min_p": 0.3, "presence_penalty": 1}.items():
        before = bench.parts.chart.value
        bench.controls[name].value = value
        assert bench.parts.error.value == ""
        if name != "presence_penalty":  # nothing is generated before position 0, so nothing is penalised
            assert bench.parts.chart.value != before, name
    bench.controls["repetition_penalty"].value = 1.9
    assert "cut: top_k" in bench.parts.chart.value or "cut: min_p" in bench.parts.chart.value


def test_generate_draws_what_vllm_draws(bench):
    bench.controls["n"].value = 2
    bench.controls["seed"].value = 3
    bench.parts.generate.click()
    from vllm import SamplingParams

    expected = bench._llm.generate(PROMPT, SamplingParams(n=2, seed=3, max_tokens=12))[0].outputs
    assert [c.text for c in bench.scene.stream.completions] == [c.text for c in expected]
    assert bench.parts.text.value.count("vc-sample-title") == 2
    assert "n=2" in bench.parts.state.value and "seed=3" in bench.parts.state.value


def test_every_token_shows_its_alternatives(bench):
    tokens = len(bench.scene.output_ids)
    assert bench.parts.text.value.count("vc-alternatives") == tokens > 3
    first = re.search(r'vc-alternatives">(.*?)</span>', bench.parts.text.value, re.DOTALL).group(1)
    assert len(first.splitlines()) == 5 and first.count("→") == 1


def test_the_position_moves_the_chart_through_the_text(bench):
    bench.parts.position.value = 3
    assert "vc-chosen" in bench.parts.chart.value
    assert bench.scene.context(3) in bench.parts.chart.value
    assert bench.parts.position.max == len(bench.scene.output_ids)
    bench.parts.position.value = bench.parts.position.max
    assert "vc-chosen" not in bench.parts.chart.value, "after the end nothing was taken"


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"top_p": 0.0}, "top_p must be in (0, 1], got 0.0."),
        ({"repetition_penalty": 0.0}, "repetition_penalty must be greater than zero, got 0.0."),
        ({"n": 2, "temperature": 0.0}, "n must be 1 when using greedy sampling, got 2."),
    ],
)
def test_a_refused_combination_shows_vllms_rule(bench, changes, rule):
    chart = bench.parts.chart.value
    for name, value in changes.items():
        bench.controls[name].value = value
    assert f'role="alert">VLLMValidationError: {rule}' in bench.parts.error.value
    text = bench.parts.text.value
    bench.parts.generate.click()
    assert rule in bench.parts.error.value and bench.parts.text.value == text
    for name, value in {"top_p": 1.0, "repetition_penalty": 1.0, "n": 1, "temperature": 1.0}.items():
        bench.controls[name].value = value
    assert (bench.parts.error.value, bench.parts.chart.value) == ("", chart)


def test_a_prompt_that_is_too_long_shows_the_rule_and_another_one_mends_it(bench):
    bench.parts.prompt.value = "word " * 2000
    assert "maximum context length is 1024 tokens" in bench.parts.error.value
    bench.parts.prompt.value = "The capital of France is"
    assert bench.parts.error.value == ""
    assert "' Paris'" in bench.parts.chart.value.replace("&#x27;", "'")
    assert bench.parts.position.max == 0


def test_an_engine_that_was_freed_is_explained(bench):
    free_engine()
    bench.parts.generate.click()
    assert "load_model() freed" in bench.parts.error.value


def run_until(bench, *, then) -> None:
    """Press Generate on an event loop, as in a kernel, and do something while the text grows."""

    async def work() -> None:
        bench.controls["max_tokens"].value = 900
        bench.controls["temperature"].value = 1.7
        bench.parts.generate.click()
        while not bench.scene.stream.completions:
            await asyncio.sleep(0)
        then()
        await asyncio.wait_for(bench._task, timeout=60)

    asyncio.run(work())


def test_a_long_text_streams_and_can_be_stopped(bench):
    seen, states = [], []
    bench.parts.progress.value = 0  # the text before could have as many tokens as this one when it is stopped
    bench.parts.progress.observe(lambda change: seen.append(change["new"]), "value")

    def stop() -> None:
        states.extend([bench.parts.stop.disabled, bench.parts.generate.disabled, bench.parts.position.disabled])
        bench.parts.stop.click()

    run_until(bench, then=stop)
    tokens = len(bench.scene.output_ids)
    assert states == [False, True, True]
    assert seen and 0 < tokens < 900
    assert "not finished" in bench.parts.text.value
    assert (bench.parts.stop.disabled, bench.parts.generate.disabled) == (True, False)
    assert bench.parts.position.max == tokens
    assert not bench._llm.llm_engine.has_unfinished_requests()


def test_a_cell_that_runs_meanwhile_ends_the_text_and_gets_its_own_alone(bench):
    """`LLM.generate` would collect a foreign request's output among its own."""
    answers = []

    def cell() -> None:
        bench._stop()  # what the event pre_execute calls
        answers.extend(bench._llm.generate(["Hello", "Once"]))

    run_until(bench, then=cell)
    assert [answer.prompt for answer in answers] == ["Hello", "Once"]
    assert 0 < len(bench.scene.output_ids) < 900


def test_a_slider_that_moves_meanwhile_does_not_run_the_model(bench, monkeypatch):
    """The chart may show a later position of the text before; there is no such position in the new one yet."""
    bench.parts.position.value = 3

    def move() -> None:
        monkeypatch.setattr(bench._llm, "generate", lambda *_, **__: pytest.fail("a slider ran the model"))
        bench.controls["temperature"].value = 1.6
        assert (bench.parts.error.value, bench.parts.position.value) == ("", 0)
        bench.parts.stop.click()

    run_until(bench, then=move)


@pytest.mark.parametrize("what", ["generate", "prompt"])
def test_a_second_playground_ends_the_text_of_the_first(bench, what):
    """Two requests at once would take each other's outputs, and the first would never learn of its end."""
    other = playground(bench._llm, "Once upon a time", max_tokens=8)

    def disturb() -> None:
        if what == "generate":
            other.scene.draw(other.settings)
        else:
            other.parts.prompt.value = "The capital of France is"
        assert bench.scene.stream.finished

    run_until(bench, then=disturb)
    assert 0 < len(bench.scene.output_ids) < 900
    end_running()
    assert not bench._llm.llm_engine.has_unfinished_requests()


def test_a_playground_does_not_keep_a_freed_engine_in_memory(bench):
    engine = weakref.ref(bench._llm.llm_engine)
    free_engine()
    gc.collect()
    assert engine() is None


def test_the_kernel_is_told_to_stop_it_before_a_cell(bench, shell_calls):
    bench.parts.generate.click()
    assert shell_calls == [("register", "pre_execute", bench._stop), ("unregister", "pre_execute", bench._stop)]


def test_without_widgets_there_is_a_figure_with_an_alternative_text(bench):
    data = bench._repr_mimebundle_()
    assert set(data) == {"application/vnd.jupyter.widget-view+json", "text/plain", "image/svg+xml"}
    image, text = ET.fromstring(data["image/svg+xml"]), data["text/plain"]
    assert image.get("role") == "img"
    assert image.findtext("{*}desc") == text
    assert text.startswith(f"Next token after {PROMPT!r}: ")
    assert repr(bench.scene.stream.completions[0].text) in text
    assert text.endswith("temperature=1, max_tokens=12, seed=0")
    assert re.search(r"^  ' \w+' +\d+\.\d %  kept$", text, re.MULTILINE)


def test_the_figure_shows_probabilities_as_lengths_and_cut_tokens_as_hollow():
    found = distribution(np.log([0.6, 0.3, 0.1]), top_k=2)
    source = figure.svg(found, ["' a'", "<b>", "c"], title="chart", notes=["note"], alternative="all of it")
    _, *bars = ET.fromstring(source).findall("{*}rect")
    assert [bar.get("width") for bar in bars] == ["280", "140", "42"]
    assert [bar.get("fill") == "#fff" for bar in bars] == [False, False, True]
    texts = [text.text for text in ET.fromstring(source).findall("{*}text")]
    assert texts == ["chart", "' a'", "66.7 %  kept", "<b>", "33.3 %  kept", "c", "0.0 %  cut: top_k", "note"]


def test_the_static_view_shows_the_settings_that_its_text_was_drawn_with(bench):
    before = bench._repr_mimebundle_()["text/plain"]
    bench.controls["temperature"].value = 0.4
    assert bench._repr_mimebundle_()["text/plain"] == before


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"temprature": 1}, "a control must be one of temperature, top_p, .* got 'temprature'. Leave it out."),
        ({"temperature": 3}, "temperature must be a number from 0 to 2, got 3."),
        ({"top_k": "many"}, "top_k must be a number from 0 to 100, got 'many'."),
    ],
)
def test_a_control_that_is_not_there_or_cannot_show_the_value(bench, setting, message):
    with pytest.raises(CourseError, match=message):
        playground(load_model(), PROMPT, **setting)


def test_an_engine_in_another_process_is_refused(bench, monkeypatch):
    monkeypatch.setattr(bench._llm.llm_engine, "engine_core", object())
    with pytest.raises(CourseError, match="llm must run in this process, .* VLLM_ENABLE_V1_MULTIPROCESSING=0"):
        playground(bench._llm)


def test_what_a_model_writes_is_text_and_not_html():
    assert rendering.error("<b>") == '<div class="vc-error" role="alert">&lt;b&gt;</div>'

    class Entry:
        logprob, decoded_token = -0.1, "<script>"

    class Completion:
        index, token_ids, logprobs, finish_reason = 0, [7], [{7: Entry}], "stop"

    shown = rendering.text([Completion], prompt="<i>")
    assert "<script>" not in shown and "<i>" not in shown
    assert shown.count("&lt;script&gt;") == 2


def test_tints_follow_the_probability_and_are_named_in_the_legend():
    levels = [sum(p >= bound for bound in rendering.BOUNDS) for p in (0.01, 0.1, 0.3, 0.9)]
    assert levels == [0, 1, 2, 3]
    assert all(f"vc-p{level}" in rendering.LEGEND for level in levels[:3])
