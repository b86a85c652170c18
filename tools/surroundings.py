"""What the set-up finds around it: whether it may write where it has to, and whether the proxies that are set answer.

Facts alone; the rules are in `tools.preflight`. Standard library only, and no syntax newer than Python 3.6, as in
`tools.bootstrap`.
"""

import os
import socket
import sysconfig
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

PROXIES = ("https_proxy", "http_proxy", "all_proxy")  # pip and uv read them in small letters and in capital ones
PORTS = {"http": 80, "https": 443}  # where an address names none
SOCKS = 1080
PATIENCE = 3  # seconds for a proxy to answer


def home():
    """Return the user's home folder, as HOME or the system's list of users names it."""
    return Path(os.path.expanduser("~"))


def uv_cache(environ):
    """Return where uv keeps what it downloads, unless a configuration file of uv's says otherwise."""
    caches = environ.get("XDG_CACHE_HOME") or str(home() / ".cache")
    return Path(environ.get("UV_CACHE_DIR") or os.path.join(caches, "uv"))


def progress(environ):
    """Return the folder of the learner's progress, as `vllm_course.progress` finds it."""
    data = environ.get("XDG_DATA_HOME") or str(home() / ".local" / "share")
    return Path(os.path.expanduser(environ.get("VLLM_COURSE_HOME") or os.path.join(data, "vllm-course")))


def temporary(environ):
    """Return the folder for temporary files. Python looks for another one where this cannot be written, uv does not."""
    return Path(environ.get("TMPDIR") or "/tmp")


def places(environ, venv, here=False):
    """Return the places that the set-up writes to, by the names of `tools.preflight.PLACES`.

    Args:
        environ: Environment variables.
        venv: The environment, which may be there or not.
        here: Whether the running Python's environment takes the packages, and none is made.
    """
    packages = {"environment": Path(venv)} if os.path.exists(str(venv)) else {}
    if here:
        packages = {"packages": Path(sysconfig.get_paths()["purelib"])}
    return {"checkout": Path.cwd(), **packages, "cache": uv_cache(environ)}


def notebooks():
    """Return the folders of the notebooks: JupyterLab saves into them, and some cells write files there."""
    return sorted(path for part in ("lessons", "exercises") for path in Path(part).glob("*/") if path.is_dir())


def write_trouble(place):
    """Try to write at a place, or where it would be made, and return why that fails, "" where it works.

    Only a try tells: a read-only mount, a full quota and a file that may not be changed bind root, too.
    """
    place = place.absolute()
    folder = next(str(part) for part in (place, *place.parents) if os.path.exists(str(part)))
    try:
        with tempfile.TemporaryFile(dir=folder):
            return ""
    except OSError as error:
        return f"{place} ({error.strerror})"


def write_troubles(found):
    """Return the places, by name, at which nothing can be written, with the reason.

    Args:
        found: What `places` returns.
    """
    tried = {name: write_trouble(place) for name, place in found.items()}
    return {name: trouble for name, trouble in tried.items() if trouble}


def proxies(environ):
    """Return the proxies that are set: by the variable's name the address without a password, and why it fails."""
    names = [name for small in PROXIES for name in (small.upper(), small) if environ.get(name)]
    return {name: (_without_password(environ[name]), proxy_trouble(environ[name])) for name in names}


def proxy_trouble(address):
    """Return why a proxy does not answer, "" where it does.

    Args:
        address: As an environment variable holds it, for example "http://proxy:3128" or "proxy:3128".
    """
    try:
        parts = urlsplit(address if "://" in address else f"http://{address}")
        place = parts.hostname or "", parts.port or PORTS.get(parts.scheme, SOCKS)
        socket.create_connection(place, timeout=PATIENCE).close()
    except ValueError:
        return "no address"
    except OSError as error:
        return error.strerror or str(error)
    return ""


def _without_password(address):
    scheme, separator, rest = address.rpartition("://")
    return scheme + separator + rest.rpartition("@")[2]
