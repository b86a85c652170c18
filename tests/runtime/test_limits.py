"""How much memory a process may take: what control groups of both kinds say, wherever they are and however deep."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from vllm_course import CourseError, loading_errors
from vllm_course.runtime import limits

GIB = 2**30
NAMES = {"v2": ("memory.max", "memory.current", ""), "v1": ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_")}
MOUNTS = {
    "v2": "30 23 0:26 {mounted} {top} rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate",
    "v1": "35 31 0:32 {mounted} {top} rw,nosuid shared:9 - cgroup cgroup rw,memory",
}
OWN = {"v2": "0::{path}", "v1": "4:cpu,memory:{path}"}
OTHERS = "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n33 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu"


class Machine:
    """A folder that looks like the root of a machine of 16 GiB, 12 of them free, with control groups of one kind."""

    def __init__(self, root: Path, version: str, *, path: str, mounted: str = "/", top: str = "/sys/fs/cgroup") -> None:
        self.root, self.version, self.top = root, version, top.replace("\\040", " ")
        self.write("proc/meminfo", f"MemTotal: {16 * 2**20} kB\nMemFree: 7 kB\nMemAvailable: {12 * 2**20} kB\n")
        self.write("proc/self/mountinfo", f"{OTHERS}\n{MOUNTS[version].format(mounted=mounted, top=top)}\n")
        self.write("proc/self/cgroup", f"9:name=systemd:/a\n{OWN[version].format(path=path)}\n")

    def group(self, path: str, limit: float | str, used: float, cached: float = 0) -> "Machine":
        """Add a group, sizes in GiB."""
        limit_name, used_name, prefix = NAMES[self.version]
        folder = f"{self.top}/{path}"
        self.write(f"{folder}/{limit_name}", f"{limit if isinstance(limit, str) else int(limit * GIB)}\n")
        self.write(f"{folder}/{used_name}", f"{int(used * GIB)}\n")
        stat = f"anon 5\n{prefix}inactive_file {int(cached * GIB) - 4096}\n{prefix}active_file 4096\n{prefix}shmem 9\n"
        self.write(f"{folder}/memory.stat", stat)
        return self

    def write(self, path: str, text: str) -> None:
        file = self.root / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    @property
    def seen(self) -> tuple[float, float, float | None]:
        """What is free, what there is, and the limit, in GiB."""
        root = str(self.root)
        limit = limits.memory_limit(root)
        return limits.free_memory(root) / GIB, limits.total_memory(root) / GIB, limit and limit / GIB


both = pytest.mark.parametrize("version", ["v1", "v2"])


@both
def test_a_limit_counts_and_what_linux_can_take_back_is_free(tmp_path, version):
    assert Machine(tmp_path, version, path="/a").group("a", 1, 0.5, cached=0.25).seen == (0.75, 1, 1)


@both
def test_of_all_groups_around_the_process_the_tightest_counts(tmp_path, version):
    machine = Machine(tmp_path, version, path="/a/b/c")
    machine.group("a", 2, 1.75).group("a/b", "max" if version == "v2" else 8, 0.5).group("a/b/c", 4, 0.25)
    assert machine.seen == (0.25, 2, 2)


@both
def test_a_group_beside_does_not_count(tmp_path, version):
    assert Machine(tmp_path, version, path="/a").group("a", 8, 1).group("ab", 1, 1).seen == (7, 8, 8)


@both
def test_more_is_used_than_the_limit(tmp_path, version):
    assert Machine(tmp_path, version, path="/a").group("a", 1, 1.5).seen == (0, 1, 1)


@both
@pytest.mark.parametrize("limit", ["max", "9223372036854771712", 64])
def test_no_limit_and_one_above_the_machine_change_nothing(tmp_path, version, limit):
    assert Machine(tmp_path, version, path="/a").group("a", limit, 3).seen == (12, 16, None)


@both
@pytest.mark.parametrize(
    ("path", "mounted"),
    [("/docker/1f", "/docker/1f"), ("/", "/"), ("/../../x", "/"), ("/docker/1f", "/"), ("/docker/1f", "/docker/1f/")],
)
def test_a_container_sees_its_own_group_at_the_top(tmp_path, version, path, mounted):
    """With a namespace of groups or without one, and where the path names what the container cannot see."""
    assert Machine(tmp_path, version, path=path, mounted=mounted).group("", 1, 0.5).seen == (0.5, 1, 1)


@both
def test_a_group_below_what_a_container_sees(tmp_path, version):
    machine = Machine(tmp_path, version, path="/docker/1f/job", mounted="/docker/1f")
    assert machine.group("", 4, 0.5).group("job", 1, 0.5).seen == (0.5, 1, 1)


@both
def test_a_place_with_a_blank_in_its_name(tmp_path, version):
    machine = Machine(tmp_path, version, path="/a b", top="/sys/my\\040groups")
    assert machine.group("a b", 1, 0.5).seen == (0.5, 1, 1)


def test_a_machine_without_groups(tmp_path):
    machine = Machine(tmp_path, "v2", path="/a")
    (tmp_path / "proc/self/mountinfo").unlink()
    (tmp_path / "proc/self/cgroup").unlink()
    assert machine.seen == (12, 16, None) and limits.of_the_limit(str(tmp_path)) == ""


def test_another_system_asks_psutil(tmp_path, monkeypatch):
    monkeypatch.setattr("psutil.virtual_memory", lambda: SimpleNamespace(total=5, available=4))
    assert limits.free_memory(str(tmp_path)) == 4 and limits.total_memory(str(tmp_path)) == 5


def test_this_machine_is_read():
    assert 0 < limits.free_memory() < limits.total_memory() <= limits.machine()["MemTotal"]


def test_a_model_is_refused_in_a_container_that_is_too_small(tmp_path, monkeypatch):
    machine = Machine(tmp_path, "v2", path="/").group("", 1, 0.25)
    monkeypatch.setattr(loading_errors, "free_memory", lambda: limits.free_memory(str(machine.root)))
    monkeypatch.setattr(loading_errors, "of_the_limit", lambda: limits.of_the_limit(str(machine.root)))
    with pytest.raises(CourseError) as caught:
        loading_errors.require_memory(2**28)
    said = str(caught.value)
    assert "at least 1.8 GiB to load this model, got 0.8 GiB of the 1.0 GiB that this container may take. Give" in said


def test_it_needs_nothing_but_python():
    code = f"import runpy, sys; runpy.run_path({limits.__file__!r})['free_memory'](); print('psutil' in sys.modules)"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("False\n", "")
