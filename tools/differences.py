"""Print as JSON how the running environment differs from locks: `python -m tools.differences requirements/cpu.txt`.

`tools.shared` asks this of an environment that belongs to another clone.
"""

import json
import sys
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools.installer import CLONE_FIRST


def main(locks: list[str]) -> None:
    """Print what differs, and the clone that the environment was made for."""
    different = [*versions(locks), *copies(Path(sys.prefix), Path.cwd())]
    print(json.dumps({"different": different, "clone": clone()}))


def versions(locks: list[str]) -> Iterator[str]:
    """Name each package that is missing or of another version, for example "numpy 2.3.4 for 2.3.5"."""
    found = {canonicalize_name(entry.metadata["Name"]): entry.version for entry in metadata.distributions()}
    lines = [line for lock in locks for line in Path(lock).read_text(encoding="utf-8").splitlines()]
    for wanted in (Requirement(line) for line in lines if not line.startswith("#")):
        version = found.get(canonicalize_name(wanted.name), "none")
        if (wanted.marker is None or wanted.marker.evaluate()) and str(wanted.specifier) != f"=={version}":
            yield f"{wanted.name} {version} for {str(wanted.specifier).removeprefix('==')}"


def copies(prefix: Path, root: Path) -> Iterator[str]:
    """Name what the set-up copied into the environment from a clone that was older or newer than this one."""
    hatch = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]
    for source, target in hatch["build"]["targets"]["wheel"]["shared-data"].items():
        files = (file for file in (root / source, *(root / source).rglob("*")) if file.is_file())
        if not all(_same(file, prefix / target / file.relative_to(root / source)) for file in files):
            yield f"another {target}"
    places = prefix.glob(f"lib/python*/site-packages/{CLONE_FIRST}.py")
    if not any(_same(root / "tools/clone_first.py", place) for place in places):
        yield f"another or no {CLONE_FIRST}.py"


def clone() -> str:
    """Return the folder that the course was installed from, "" where nobody noted it."""
    try:
        noted = metadata.distribution("vllm-course").read_text("direct_url.json")
    except metadata.PackageNotFoundError:
        return ""
    return json.loads(noted or "{}").get("url", "").removeprefix("file://")


def _same(one: Path, other: Path) -> bool:
    return other.is_file() and one.read_bytes() == other.read_bytes()


if __name__ == "__main__":
    main(sys.argv[1:])
