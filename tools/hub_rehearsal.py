"""Rehearse a class on a JupyterHub: four learners at once, on this machine, with teaching/jupyterhub_config.py.

Each learner logs in by the Hub's API, gets a server and a copy of the course, runs the first cells of lesson 01 in a
kernel, and must see the texts that are committed. Then each has progress of their own, on the course page and from the
command. One copy is changed, and its owner alone must be told. What the learners' processes took of memory is printed.
"""

import argparse
import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from importlib import metadata
from pathlib import Path

import psutil
from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest
from tornado.websocket import websocket_connect

from vllm_course import paths

NEEDED = ("jupyterhub", "nbgitpuller", "jupyterhub-idle-culler")
PROXY = "configurable-http-proxy"
HUB, INNER, PROXY_API = 18117, 18118, 18119  # ports on 127.0.0.1
TOKEN = "rehearsal-" + os.urandom(8).hex()
NOTEBOOK = "lessons/01-basic-inference/basic_inference.ipynb"
FORECAST = "from vllm_course import compare, predict\npredict('1.1', {0})\ncompare('1.1', 32)\n!vllm-course progress"
SPOIL = "open('../../checks/lesson_01.py', 'a').write('# older')\nfrom vllm_course import check\ncheck('1.1', 1)"
WAIT = 600  # seconds for anything; nothing here is judged by time
# The class's configuration, and what a rehearsal needs in place of real users, ports and a database that lasts.
CONFIG = """
exec(open({config!r}).read(), globals() | {{"__file__": {config!r}}})
c.JupyterHub.bind_url = "http://127.0.0.1:{hub}"
c.JupyterHub.hub_port = {inner}
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{proxy}"
c.JupyterHub.db_url = "sqlite://"
c.JupyterHub.cookie_secret_file = "cookie_secret"
c.JupyterHub.authenticator_class = "dummy"
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = {homes!r} + "/{{username}}"
c.Spawner.args += ["--allow-root", "--ServerApp.disable_check_xsrf=True"]  # no browser, but tokens
c.Spawner.start_timeout = c.Spawner.http_timeout = {wait}
c.JupyterHub.services += [dict(name="rehearsal", api_token={token!r})]
c.JupyterHub.load_roles += [
    dict(name="rehearsal", services=["rehearsal"], scopes=["admin:users", "admin:servers", "access:servers"])
]
"""


def missing() -> str:
    """Return what the rehearsal lacks here, "" for nothing."""
    found = {distribution.name.lower() for distribution in metadata.distributions()}
    lacks = [name for name in NEEDED if name not in found] + [name for name in (PROXY,) if not shutil.which(name)]
    return ", ".join(lacks)


async def ask(path: str, method: str = "GET", body: dict | None = None) -> dict | None:
    """Send a request to the Hub, or through it to a learner's server; return its answer."""
    sent = json.dumps(body or {}) if method == "POST" else None
    head = {"Authorization": f"token {TOKEN}"}
    url = f"http://127.0.0.1:{HUB}{path}"
    request = HTTPRequest(url, method, head, sent, request_timeout=WAIT, follow_redirects=False)
    answer = await AsyncHTTPClient().fetch(request)
    return json.loads(answer.body) if answer.body else None


async def until(what: str, ready) -> None:
    """Wait until something holds."""
    for _ in range(WAIT):
        try:
            if await ready():
                return
        except (HTTPClientError, ConnectionError, OSError):
            pass
        await asyncio.sleep(1)
    raise TimeoutError(f"{what} must be ready within {WAIT} s")


class Learner:
    """One learner: a server, a kernel in the folder of lesson 01, and what it printed."""

    def __init__(self, name: str) -> None:
        self.name, self.socket = name, None

    async def arrive(self) -> None:
        """Get a server and a kernel."""
        await ask(f"/hub/api/users/{self.name}", "POST")
        await ask(f"/hub/api/users/{self.name}/server", "POST")
        await until(f"{self.name}'s server", self._has_server)
        session = {"path": NOTEBOOK, "name": "lesson", "type": "notebook", "kernel": {"name": "python3"}}
        kernel = (await ask(f"/user/{self.name}/api/sessions", "POST", session))["kernel"]["id"]
        url = f"ws://127.0.0.1:{HUB}/user/{self.name}/api/kernels/{kernel}/channels"
        head = {"Authorization": f"token {TOKEN}"}
        request = HTTPRequest(url, headers=head, connect_timeout=WAIT, request_timeout=WAIT)
        self.socket = await websocket_connect(request)

    async def _has_server(self) -> bool:
        return (await ask(f"/hub/api/users/{self.name}"))["servers"].get("", {}).get("ready", False)

    async def cells(self, number: int) -> list[tuple[str, list[str]]]:
        """Return the first code cells of the copy's lesson 01, each with the committed outputs as texts."""
        notebook = (await ask(f"/user/{self.name}/api/contents/{NOTEBOOK}"))["content"]
        code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"][:number]
        return [(cell["source"], [shown for output in cell["outputs"] if (shown := text(output))]) for cell in code]

    async def run(self, code: str) -> list[str]:
        """Run a cell to its end and return its outputs as texts."""
        key = os.urandom(8).hex()
        header = {"msg_id": key, "msg_type": "execute_request", "username": "", "session": key, "version": "5.3"}
        message = {"header": header, "parent_header": {}, "metadata": {}, "channel": "shell"}
        content = {"code": code, "silent": False, "store_history": True, "allow_stdin": False}  # nobody sees a bar
        await self.socket.write_message(json.dumps(message | {"content": content}))
        outputs, answer = [], {}
        while answer.get("content", {}).get("execution_state") != "idle":
            answer = json.loads(await self.socket.read_message())
            if answer["parent_header"].get("msg_id") != key:
                answer = {}
            elif shown := text(answer["content"]):
                outputs.append(shown)
        return outputs


def text(output: dict) -> str:
    """Return what an output, of a notebook or of a kernel, shows as plain text."""
    shown = output.get("text") or output.get("data", {}).get("text/plain") or output.get("evalue") or ""
    return "".join(shown).strip()


def squeezed(outputs: list[str]) -> str:
    """Return outputs without blanks, as a kernel sends a text in pieces, and without the way to the shared models."""
    return re.sub(r"'[./\w-]*models/", "'models/", "".join("".join(outputs).split()))


def require(condition: bool, rule: str) -> None:
    """End the rehearsal where a rule does not hold, and say those that hold."""
    if not condition:
        raise SystemExit(f"The rehearsal failed: {rule}")
    print(f"ok: {rule}", flush=True)


def memory(home: Path) -> float:
    """Return the gigabytes that the processes of a home folder take; what several share is counted in parts."""
    total = 0
    for process in psutil.process_iter():
        try:
            if process.environ().get("HOME") == str(home):
                total += process.memory_full_info().pss
        except psutil.Error:
            continue
    return total / 1e9


async def rehearse(names: list[str], number: int, homes: Path) -> None:
    """Go through the lesson with all learners at once."""
    await until("the Hub", lambda: ask("/hub/api/"))
    learners = [Learner(name) for name in names]
    await asyncio.gather(*(learner.arrive() for learner in learners))
    require(True, f"{len(names)} learners have a server and a copy of the course each")

    async def differing(learner: Learner) -> list:
        cells = [(await learner.run(code), wanted) for code, wanted in await learner.cells(number)]
        return [(got, wanted) for got, wanted in cells if squeezed(got) != squeezed(wanted)]

    differ = [each for found in await asyncio.gather(*map(differing, learners)) for each in found]
    require(not differ, f"{number} cells at once print what is committed" + (f", got {differ[0]}" if differ else ""))
    takes = [memory(homes / name) for name in names]
    print("memory: " + ", ".join(f"{name} {each:.2f} GB" for name, each in zip(names, takes, strict=True)))
    told = await asyncio.gather(*(one.run(FORECAST.format(10 * i)) for i, one in enumerate(learners, 1)))
    require(all("1 compared" in " ".join(lines) for lines in told), "vllm-course progress answers in each terminal")
    pages = [await ask(f"/user/{name}/vllm-course/map") for name in names]
    require(len({page["forecasts"]["summary"] for page in pages}) == len(names), "each has progress of their own")
    opened = [page["next"]["path"] for page in pages]
    require(all(opened) and not any(page["problems"] for page in pages), f"course pages lead on to {opened[0]}")
    said = "\n".join(await learners[0].run(SPOIL))
    require("notebooks must be of the same version" in said, "a copy that differs is told by check()")
    problems = [(await ask(f"/user/{name}/vllm-course/map"))["problems"] for name in names]
    require([len(each) for each in problems] == [1] + [0] * (len(names) - 1), "and on the page of its owner alone")
    print(problems[0][0])


def main() -> int:
    """Run the rehearsal; return 0, also where the Hub is not installed and nothing is tried."""
    parser = argparse.ArgumentParser(prog="python -m tools.hub_rehearsal", description=__doc__.splitlines()[0])
    parser.add_argument("--learners", type=int, default=4, help="how many (default: %(default)s)")
    parser.add_argument("--cells", type=int, default=5, help="code cells of lesson 01 (default: %(default)s)")
    arguments = parser.parse_args()
    if lacks := missing():
        print(f"Skipped: the rehearsal needs {lacks}. teaching/jupyterhub.md says how to install it.")
        return 0
    with tempfile.TemporaryDirectory(prefix="hub-") as folder:
        log = Path(folder, "hub.log")
        config = str(paths.root() / "teaching/jupyterhub_config.py")
        values = {"config": config, "homes": folder, "hub": HUB, "inner": INNER, "proxy": PROXY_API, "token": TOKEN}
        values["wait"] = WAIT
        Path(folder, "config.py").write_text(CONFIG.format(**values), "utf-8")
        here = os.environ | {"COURSE_REPOSITORY": os.environ.get("COURSE_REPOSITORY", f"file://{paths.root()}")}
        branch = ["git", "-C", str(paths.root()), "rev-parse", "--abbrev-ref", "HEAD"]
        here |= {"COURSE_BRANCH": subprocess.run(branch, capture_output=True, text=True, check=True).stdout.strip()}
        with log.open("w") as stream:
            command = [sys.executable, "-m", "jupyterhub", "-f", "config.py"]
            hub = subprocess.Popen(command, cwd=folder, env=here, stdout=stream, stderr=stream)
        try:
            names = [f"learner{i}" for i in range(1, arguments.learners + 1)]
            asyncio.run(rehearse(names, arguments.cells, Path(folder)))
        except BaseException:
            print(log.read_text("utf-8")[-4000:], file=sys.stderr)
            raise
        finally:
            hub.terminate()
            hub.wait(60)
    return 0


if __name__ == "__main__":
    sys.exit(main())
