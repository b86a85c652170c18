"""Lesson 02's script: which value of a setting is used, and where it is said to come from."""

import json

import pytest
import yaml

from tests.completion.cases import SCRIPT, SHORT, Tool
from tests.rules.scripts import module_of
from vllm_course.models import MODEL_VARIABLE, engine_args, load_model

pytestmark = pytest.mark.usefixtures("one_engine")
FRANCE = "The capital of France is"


@pytest.fixture
def tool(tmp_path, capsys):
    return Tool(tmp_path, capsys)


def configuration(tool: Tool, *words: str) -> dict[str, tuple]:
    """Return value and source of every setting, as `--json` prints them."""
    run = tool("--json", *words)
    assert (run.code, run.err) == (0, "")
    return {name: (s["value"], s["from"]) for name, s in json.loads(run.out)["configuration"].items()}


def test_without_words_the_models_own_defaults_count(tool):
    found = configuration(tool)
    assert found["temperature"] == (0.7, "the model's default") and found["top_k"] == (40, "the model's default")
    assert found["max_tokens"] == (16, "vLLM's default") and found["min_p"] == (0.0, "vLLM's default")
    assert found["model"] == ("models/pocket-base", "the course's default")
    assert found["dtype"] == ("float32", "the course's default")


def test_only_what_was_given_is_overridden(tool):
    before, after = configuration(tool), configuration(tool, "--top-p", "0.5")
    assert {name for name in before if before[name] != after[name]} == {"top_p"}
    assert after["top_p"] == (0.5, "command line")


@pytest.mark.parametrize("name", ["settings.json", "settings.yaml", "settings.yml"])
def test_command_line_beats_file_beats_model(tool, name):
    content = {"temperature": 0.2, "top-p": 0.4, "max_num_seqs": 8, "enforce-eager": True, "stop": ["\n", "."]}
    text = json.dumps(content) if name.endswith("json") else yaml.safe_dump(content)
    tool.write(**{name.replace(".", "_"): text})
    file = str(tool.folder / name)
    found = configuration(tool, "--temperature", "0.9", "--config", file)
    assert found["temperature"] == (0.9, "command line") and found["top_p"] == (0.4, file)
    assert found["top_k"] == (40, "the model's default") and found["stop"] == (["\n", "."], file)
    assert found["max_num_seqs"] == (8, file) and found["enforce_eager"] == (True, file)
    assert load_model("pocket-base", max_num_seqs=8).llm_engine.vllm_config.scheduler_config.max_num_seqs == 8


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        ("seed: 010", "seed", 10),  # as --seed 010
        ("temperature: 1e-1", "temperature", 0.1),
        ("temperature: +.5", "temperature", 0.5),
        ("top_p: 1.", "top_p", 1.0),
        ("stop: 12:30", "stop", ["12:30"]),
        ("stop: [on, 2024-01-01, 0x10]", "stop", ["on", "2024-01-01", "0x10"]),
        (
            "override_generation_config: {top_k: 1e1, min_p: 0.10}",
            "override_generation_config",
            {"top_k": 10, "min_p": 0.1},
        ),
        ("served_model_name: 010", "served_model_name", ["010"]),
    ],
)
def test_yaml_is_read_as_it_is_written(tool, line, name, value):
    """YAML itself makes 8, a text, 750, true and a date of some of these."""
    from vllm_course.completion.settings import read_settings

    tool.write(settings_yaml=line)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tool.folder)
        found = read_settings(module_of(SCRIPT).build_parser(), ["--config", "settings.yaml"])[name]
    assert (found.value, found.source) == (value, "settings.yaml")


def test_prompts_of_the_command_line_replace_those_of_the_file(tool):
    tool.write(settings_yaml="prompt: [The moon, The sun]\nmax_tokens: 2\n", in_txt="The sea\n\n# no comment\r\n")
    config = ("--config", str(tool.folder / "settings.yaml"), "--json")

    def prompts(*words: str) -> list[str]:
        return [record["prompt"] for record in json.loads(tool(*config, *words).out)["results"]]

    assert prompts() == ["The moon", "The sun"]
    assert prompts("--prompt", FRANCE) == [FRANCE]
    in_file = ["The sea", "# no comment"]
    assert prompts("--prompts-file", str(tool.folder / "in.txt")) == in_file
    assert prompts("--prompts-file", str(tool.folder / "in.txt"), "--prompt", FRANCE) == [FRANCE, *in_file]


@pytest.mark.parametrize(
    "words", [["--max_tokens", "3"], ["--max-tokens=3"], ["--max_tokens=3"], ["--max-tokens", "3"]]
)
def test_both_forms_of_a_name(tool, words):
    assert configuration(tool, *words)["max_tokens"] == (3, "command line")


@pytest.mark.parametrize(
    ("flag", "key", "value"),
    [
        ("--enforce-eager", "enforce_eager: true", True),
        ("--no-enable-prefix-caching", "enable-prefix-caching: false", False),
    ],
)
def test_boolean_flags(tool, flag, key, value):
    name = key.partition(":")[0].replace("-", "_")
    tool.write(settings_yaml=key)
    file = str(tool.folder / "settings.yaml")
    assert configuration(tool, flag)[name] == (value, "command line")
    assert configuration(tool, "--config", file)[name] == (value, file)
    both = configuration(tool, "--config", file, "--enable-prefix-caching")
    assert both["enable_prefix_caching"] == (True, "command line")


def test_a_negative_number_and_a_dotted_name(tool):
    """vLLM's parser takes -0.5 for an option unless it is joined to the name before it."""
    found = configuration(tool, "--presence-penalty", "-0.5", "--override-generation-config.temperature", "0.3")
    assert found["presence_penalty"] == (-0.5, "command line")
    assert found["temperature"] == (0.3, "the model's default")
    assert found["override_generation_config"] == ({"temperature": 0.3}, "command line")
    text = "- one. two"
    assert json.loads(tool(*SHORT[2:], "--prompt", text, "--json").out)["results"][0]["prompt"] == text


def test_the_two_seeds(tool):
    found = configuration(tool, "--seed", "3", "--engine-seed", "5")
    assert found["seed"] == (3, "command line") and found["engine_seed"] == (5, "command line")
    assert load_model("pocket-base", seed=5).llm_engine.model_config.seed == 5
    words = ("--prompt", FRANCE, "--temperature", "1.5", "--json")
    texts = [tool(*words, "--seed", seed).out for seed in ("1", "1", "2")]
    assert texts[0] == texts[1] != texts[2]


def test_a_share_of_memory_replaces_the_courses_cache(monkeypatch):
    """Or else vLLM would ignore it."""
    from vllm_course.completion.engine import arguments
    from vllm_course.completion.settings import Setting, Settings

    given = Settings(gpu_memory_utilization=Setting(0.3, "command line"))
    assert arguments(given) == {"gpu_memory_utilization": 0.3, "kv_cache_memory_bytes": None}
    given["kv_cache_memory_bytes"] = Setting(1024, "command line")
    assert arguments(given) == {"gpu_memory_utilization": 0.3, "kv_cache_memory_bytes": 1024}


def test_model_of_the_environment(tool, monkeypatch):
    monkeypatch.setenv(MODEL_VARIABLE, "pocket-base-mini")
    assert configuration(tool, *SHORT)["model"][0] == engine_args("pocket-base-mini")["model"]
