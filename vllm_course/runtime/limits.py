"""How much memory this process may take: what the machine has, and what a container leaves of it.

A container, a Hub or a batch system puts a process into a control group. `free` and psutil do not see its limit, and
Linux kills what takes more without a word. Standard library only, and no syntax newer than Python 3.6: `tools.doctor`
reads this file before anything is installed.
"""

import re
import signal
from collections import namedtuple
from pathlib import Path

GIB = 2**30
BY_LINUX = "as Linux does where memory runs out"  # what SIGKILL usually means where nobody sent it
GIVE_MORE = "Give the container more (Docker: --memory 4g)"
# What a kind of control group calls its limit, its use, and the part of its use that Linux takes back when it has to.
VERSIONS = {
    "cgroup2": ("memory.max", "memory.current", ("active_file", "inactive_file")),
    "cgroup": ("memory.limit_in_bytes", "memory.usage_in_bytes", ("total_active_file", "total_inactive_file")),
}
Group = namedtuple("Group", "limit used")  # bytes


def free_memory(root: str = "/") -> int:
    """Return the bytes that this process may still take.

    Args:
        root: The folder that holds `proc` and what is mounted, for a test.
    """
    return max(0, min([machine(root)["MemAvailable"], *(group.limit - group.used for group in groups(root))]))


def total_memory(root: str = "/") -> int:
    """Return the bytes that this process may take at most: the machine's, or the smallest limit around it."""
    return min([machine(root)["MemTotal"], *(group.limit for group in groups(root))])


def memory_limit(root: str = "/") -> "int | None":
    """Return the bytes that a container may take, None where it may take all that the machine has."""
    total = total_memory(root)
    return total if total < machine(root)["MemTotal"] else None


def of_the_limit(root: str = "/") -> str:
    """Return what a message adds to the free memory where a container has a limit, with a remedy; "" elsewhere."""
    limit = memory_limit(root)
    return f" of the {limit / GIB:.1f} GiB that this container may take. {GIVE_MORE}" if limit else ""


def signal_name(number: int) -> str:
    """Return the name of the signal that ended a process, and what it usually means where nobody sent it.

    Example:
        >>> signal_name(9), signal_name(15)
        ('SIGKILL, as Linux does where memory runs out', 'SIGTERM')
    """
    name = signal.Signals(number).name
    return f"{name}, {BY_LINUX}" if number == signal.SIGKILL else name


def machine(root: str = "/") -> "dict[str, int]":
    """Return the machine's `MemTotal` and `MemAvailable` in bytes."""
    try:
        text = Path(root, "proc/meminfo").read_text(encoding="utf-8")
    except OSError:  # not Linux
        import psutil

        memory = psutil.virtual_memory()
        return {"MemTotal": memory.total, "MemAvailable": memory.available}
    return {name: int(size) * 1024 for name, size in re.findall(r"^(MemTotal|MemAvailable): +(\d+) kB", text, re.M)}


def groups(root: str = "/") -> "list[Group]":
    """Return the limit and the use of each control group around this process that has a limit."""
    found = (_group(folder, VERSIONS[kind]) for kind, folder in _folders(Path(root)))
    return [group for group in found if group]


def _folders(root):
    """Yield the folders of the control groups, from the innermost to where each kind is mounted."""
    for kind, top, mounted in _mounts(root):
        own = _own_path(root, kind)
        inside = own[len(mounted.rstrip("/")) :] if (own + "/").startswith(mounted.rstrip("/") + "/") else ""
        parts = Path(inside.lstrip("/")).parts
        for depth in range(len(parts), -1, -1):
            yield kind, root.joinpath(top.lstrip("/"), *parts[:depth])


def _mounts(root):
    """Yield the kind, the place and the group at that place of each mount that counts memory."""
    for line in _lines(root / "proc/self/mountinfo"):
        before, _, after = line.partition(" - ")
        kind, _, options = (after.split(" ") + ["", ""])[:3]
        if kind == "cgroup2" or (kind == "cgroup" and "memory" in options.split(",")):
            mounted, top = before.split(" ")[3:5]
            yield kind, _unescaped(top), _unescaped(mounted)


def _own_path(root, kind):
    """Return the path of the process's own group, as `/proc/self/cgroup` names it."""
    for line in _lines(root / "proc/self/cgroup"):
        _, controllers, path = line.split(":", 2)
        if "memory" in controllers.split(",") if kind == "cgroup" else not controllers:
            return path
    return "/"


def _group(folder, names):
    limit, used, parts = names
    try:
        size = int((folder / limit).read_text())
        taken = int((folder / used).read_text())
        counted = dict(line.split() for line in _lines(folder / "memory.stat"))
    except (OSError, ValueError):  # the top group has no such files, and "max" is no limit
        return None
    return Group(size, taken - sum(int(counted.get(part, 0)) for part in parts))


def _lines(file):
    try:
        return file.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []


def _unescaped(path):
    r"""Return a path of `mountinfo`, where a blank is written as `\040`."""
    return re.sub(r"\\(\d{3})", lambda found: chr(int(found.group(1), 8)), path)
