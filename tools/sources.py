"""Where the packages come from: what pip was told about indexes and folders is handed to uv, which does not read it.

Torch's CPU wheel is on no default index. A folder named by pip's or uv's find-links may hold it; otherwise uv takes it
from the PyTorch CPU index, which it knows by the name `cpu`. Standard library only, as in `tools.bootstrap`.
"""

import ast
import glob
import os

from tools.console import base_python, output

UV_NAMES = {"index-url": "UV_DEFAULT_INDEX", "cert": "SSL_CERT_FILE"}


def read_pip():
    """Return pip's settings on this machine, {} where there is no pip."""
    return pip_settings(output(base_python(), "-m", "pip", "config", "list").splitlines())


def pip_settings(lines):
    """Read the output of `pip config list`.

    Args:
        lines: For example ["global.find-links='/srv/wheels'", ":env:.timeout='60'"].

    Returns:
        The settings without pip's sections, for example {"find-links": "/srv/wheels", "timeout": "60"}. The
        environment variables (PIP_...) win.
    """
    pairs = [line.split("=", 1) for line in lines if "=" in line]
    return {key.rsplit(".", 1)[1]: ast.literal_eval(value) for key, value in reversed(pairs)}


def find_links(settings, environ):
    """Return the places, besides an index, that pip and uv are told to look for wheels in, in order, each once."""
    text = " ".join((environ.get("UV_FIND_LINKS", "").replace(",", " "), settings.get("find-links", "")))
    return list(dict.fromkeys(text.split()))


def torch_wheel(version, links, python, machine):
    """Return the local file of torch's wheel for a Python and a machine, or "".

    Args:
        version: With the local part, for example "2.13.0+cpu".
        links: Folders (or file:// addresses of folders) to look in; other addresses are left to uv.
        python: Version that the wheel must be for, for example (3, 12).
        machine: As `platform.machine()`, for example "aarch64".
    """
    name = f"torch-{version}-cp{python[0]}{python[1]}-cp*_{machine}.whl"
    for link in links:
        folder = link[len("file://") :] if link.startswith("file://") else link
        found = glob.glob(os.path.join(glob.escape(folder), name))
        if found:
            return found[0]
    return ""


def torch_source(version, links, python, machine):
    """Return uv's arguments that make torch's CPU wheel available, and where it comes from, in words."""
    wheel = torch_wheel(version, links, python, machine)
    if wheel:
        return [], f"torch from {os.path.dirname(wheel)} (find-links)"
    return ["--torch-backend", "cpu"], "torch from the PyTorch CPU index"


def uv_variables(settings, environ):
    """Return the environment variables that tell uv what pip was told; those that are set already stay as they are."""
    known = {UV_NAMES[name]: value for name, value in settings.items() if name in UV_NAMES}
    return {name: value for name, value in known.items() if name not in environ}
