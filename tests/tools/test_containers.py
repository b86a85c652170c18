"""What Codespaces, VS Code and Docker read: keys and steps that exist, and commands of this course.

No daemon builds the image here. What can be said without one is: each instruction is one that Docker knows, files and
commands are there, nobody is root when learners' code runs, and the environment is the set-up's.
"""

import json
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.rules import doc_shell
from vllm_course import paths

DEVCONTAINER = Path(".devcontainer/devcontainer.json")
# Of https://containers.dev/implementors/json_reference/, as far as this project may use it.
KEYS = {"name": str, "image": str, "hostRequirements": dict, "containerEnv": dict, "postCreateCommand": str}
KEYS |= {"forwardPorts": list, "portsAttributes": dict, "customizations": dict}
INSTRUCTION = re.compile(r"^(FROM|RUN|USER|WORKDIR|ENV|COPY|EXPOSE|HEALTHCHECK|CMD) (.+)$")
DEVCONTAINER_CLI = shutil.which("devcontainer")


def devcontainer() -> dict:
    """Return what Codespaces and VS Code are told."""
    return json.loads(DEVCONTAINER.read_text("utf-8"))


def instructions() -> list[tuple[str, str]]:
    """Return the Dockerfile's instructions, each with its words; a line that is none fails."""
    text = re.sub(r"^#.*\n", "", Path("Dockerfile").read_text("utf-8"), flags=re.MULTILINE).replace("\\\n", " ")
    found = [(line, INSTRUCTION.match(line)) for line in text.splitlines() if line.strip()]
    assert [line for line, match in found if not match] == []
    return [match.groups() for _, match in found]


def test_the_devcontainer_has_keys_of_the_specification():
    found = devcontainer()
    assert {key: type(value) for key, value in found.items()} == {key: KEYS[key] for key in found}
    assert found["hostRequirements"].keys() <= {"cpus", "memory", "storage", "gpu"}


def test_the_devcontainer_names_commands_and_files_that_are_there():
    found = devcontainer()
    assert doc_shell.problems(shlex.split(found["postCreateCommand"])) == []
    assert all(Path(file).is_file() for file in found["customizations"]["codespaces"]["openFiles"])
    interpreter = found["customizations"]["vscode"]["settings"]["python.defaultInterpreterPath"]
    assert interpreter == "${containerWorkspaceFolder}/.venv/bin/python"


@pytest.mark.skipif(DEVCONTAINER_CLI is None, reason="the devcontainer CLI is not here: npm install @devcontainers/cli")
def test_the_devcontainers_own_command_reads_it():
    no_daemon = ["--docker-path", "/bin/true"]
    command = [DEVCONTAINER_CLI, "read-configuration", "--workspace-folder", str(paths.root()), *no_daemon]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["configuration"]["name"] == "vLLM course"


def test_learners_code_runs_as_nobody_special_and_the_port_asks_for_a_token():
    steps = instructions()
    users = [words for name, words in steps if name == "USER"]
    assert users == ["learner"] and steps[-1][0] == "CMD"
    command = json.loads(steps[-1][1])
    assert command[:3] == ["jupyter", "lab", "--ip=0.0.0.0"] and not any("token" in word for word in command)
    url = next(word for word in command if "default_url" in word).partition("/lab/tree/")[2]
    assert Path(url).is_file()


def test_the_image_is_set_up_by_the_course_as_the_learner():
    steps = instructions()
    names = [name for name, _ in steps]
    bootstrap = next(i for i, (name, words) in enumerate(steps) if name == "RUN" and "tools.bootstrap" in words)
    assert names.index("USER") < names.index("COPY") < bootstrap
    assert "python -m tools.bootstrap learner --here" in steps[bootstrap][1]
    assert any(name == "ENV" and "BUILD=cpu" in words for name, words in steps)
    assert any(name == "HEALTHCHECK" and "127.0.0.1:8888/api" in words for name, words in steps)


def test_the_image_takes_nothing_from_the_host_that_git_ignores():
    ignored = {line.rstrip("/") for line in Path(".gitignore").read_text("utf-8").splitlines() if line[:1] not in "#*"}
    left_out = {line.removeprefix("**/") for line in Path(".dockerignore").read_text("utf-8").splitlines()}
    assert ignored - left_out <= {"", "build", "dist", ".nbgrader.log"}
    assert ".git" in left_out
