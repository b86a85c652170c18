"""Start a server from a notebook or a program, and see how it does: `server("pocket-chat")`.

The server is vLLM's own, in a process of its own. Nothing here imports vLLM.
"""

import atexit
import contextlib
import functools
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vllm_course.configuring.config import ServeConfig
from vllm_course.runtime import waiting
from vllm_course.serving import command
from vllm_course.serving.preflight import preflight, require_free_port
from vllm_course.serving.process import Launched, wait_ready

if TYPE_CHECKING:
    import httpx
    import openai
    import pandas as pd

NO_KEY = "EMPTY"  # what vLLM's examples give a client that must have some
STARTING = "Starting the server of {}, which takes half a minute ..."

_kept: "tuple[tuple, Server] | None" = None


class Server:
    """A running server, and clients for it. It stops at the end of its `with` block, or with this program.

    Attributes:
        model: The name that requests give.
        url: Where it listens, for example "http://127.0.0.1:8000".
        pid: The number of its first process.
    """

    def __init__(self, launched: Launched, url: str, *, api_key: str | None) -> None:
        self._launched, self._key = launched, api_key
        self.url, self.pid = url, launched.pid
        self.model: str = self.http.get("/v1/models").json()["data"][0]["id"]

    @property
    def base_url(self) -> str:
        """What an OpenAI client is given."""
        return f"{self.url}/v1"

    @functools.cached_property
    def http(self) -> "httpx.Client":
        """A client for all routes: `server.http.get("/v1/models")`. It sends the key, and asks no proxy."""
        import httpx

        headers = {"Authorization": f"Bearer {self._key}"} if self._key else {}
        return httpx.Client(base_url=self.url, headers=headers, timeout=None, trust_env=False)

    def openai(self, **options: Any) -> "openai.OpenAI":
        """Return an OpenAI client.

        Args:
            **options: Arguments of `openai.OpenAI`, for example `max_retries=0`.
        """
        import openai

        own = {"base_url": self.base_url, "api_key": self._key or NO_KEY} | options
        own.setdefault("http_client", openai.DefaultHttpxClient(trust_env=False))
        return openai.OpenAI(**own)

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self._launched.poll() is None

    @property
    def log(self) -> str:
        """What the server has written so far."""
        return self._launched.log_text()

    def metrics(self, prefix: str = "vllm:") -> "pd.Series":
        """Return what the server counts, as it is now: counters and gauges, without histograms.

        Args:
            prefix: How the names begin. "" for all, also those of Python and of the HTTP server.

        Returns:
            Numbers by name. Labels follow in braces, but for the model's name and the engine's number:
            `vllm:request_success_total{finished_reason="stop"}`.
        """
        import pandas as pd
        from prometheus_client.parser import text_string_to_metric_families

        families = text_string_to_metric_families(self.http.get("/metrics").raise_for_status().text)
        samples = [sample for family in families if family.type in ("counter", "gauge") for sample in family.samples]
        found = {_named(s.name, s.labels): s.value for s in samples if not s.name.endswith(("_created", "_info"))}
        return pd.Series({name: value for name, value in found.items() if name.startswith(prefix)}, dtype=float)

    def stop(self) -> None:
        """Let running requests finish, and end the server."""
        self._launched.stop()
        self.http.close()

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def __repr__(self) -> str:
        ended = "stopped" if self._launched.asked else f"ended with {self._launched.ending}"
        state = "ready" if self.is_running else ended
        return f"Server({self.model!r}, {state})"


def server(
    model: str | Path | ServeConfig = "pocket-chat",
    *,
    port: int | None = None,
    api_key: str | None = None,
    log: str | Path | None = None,
    **engine_arguments: Any,
) -> Server:
    """Start vLLM's server, or return the one that runs with the same arguments, when it answers.

    Other arguments stop the first server before the next one starts, as with `load_model`.

    Args:
        model: A shipped model's name, a folder, a Hugging Face id, or a configuration: `ServeConfig`, or its YAML file.
        port: Where it listens; None takes the configuration's, or else a free one.
        api_key: What requests to /v1 must bring; None takes the environment's `VLLM_API_KEY`, and asks for nothing
            without it.
        log: A file for the server's log. `Server.log` has it in any case.
        **engine_arguments: Arguments of `vllm serve` as Python writes them, for example `max_model_len=512`.

    Returns:
        The server: use it in a `with` block, or call its `stop`.

    Raises:
        CourseError: There is no such model, the port is in use, the memory does not suffice, or the server ended before
            it answered.
    """
    global _kept
    config = _configuration(model)
    key = (repr(config.values), port, api_key, str(log), repr(sorted(engine_arguments.items())))
    if _kept is not None and _kept[0] == key and _kept[1].is_running:
        return _kept[1]
    stop_server()
    _kept = (key, start(config, port=port, api_key=api_key, log=log, **engine_arguments))
    return _kept[1]


@atexit.register
def stop_server() -> None:
    """Stop the server that `server` keeps, also when Python ends."""
    global _kept
    if _kept is not None:
        running, _kept = _kept[1], None
        running.stop()


def start(
    config: ServeConfig, *, port: int | None, api_key: str | None, log: str | Path | None, **engine_arguments: Any
) -> Server:
    """Start a server beside the one that `server` keeps; the arguments are the same."""
    config.require_complete()
    if port is None and config.sources["server.port"] != "default":
        port = config.server.port
    with waiting.said(STARTING.format(config.model.name)), _reserved(config.server.host, port) as number:
        config = config.merge_cli_args({"port": number})
        for warning in preflight(config):
            print(warning, file=sys.stderr)
        key = api_key or command.api_key(config)
        arguments = {"disable_uvicorn_access_log": True} | engine_arguments
        launched = command.start_server(config, log=log, key=key, **arguments)
        try:
            wait_ready(url := _url(config.server.host, number), launched)
            return Server(launched, url, api_key=key)
        except BaseException:  # an interrupted cell, too
            launched.kill()
            raise


def _configuration(model: str | Path | ServeConfig) -> ServeConfig:
    if isinstance(model, ServeConfig):
        return model
    if Path(model).suffix in (".yaml", ".yml"):
        return ServeConfig.from_yaml(model)
    return ServeConfig().merge_cli_args({"model": str(model)})


@contextlib.contextmanager
def _reserved(host: str, port: int | None) -> Iterator[int]:
    """Keep a port from others until the server listens there.

    Linux lets the server bind it a second time, since nobody listens on the first socket.
    """
    if not port:
        require_free_port(host, 0)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # A port that is given is refused below, in the words of the preflight.
        with contextlib.suppress(OSError):
            holder.bind((host, port or 0))
        number = port or holder.getsockname()[1]
        if sys.platform != "linux":
            holder.close()
        yield number


def _url(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _named(name: str, labels: dict[str, str]) -> str:
    shown = ",".join(f'{key}="{value}"' for key, value in labels.items() if key not in ("engine", "model_name"))
    return f"{name}{{{shown}}}" if shown else name
