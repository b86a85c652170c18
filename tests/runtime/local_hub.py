"""A stand-in for the Hugging Face Hub on this machine, with one model, whose weights come slowly."""

import hashlib
import http.server
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

COMMIT = "a" * 40


class Hub(http.server.BaseHTTPRequestHandler):
    """Answers what `huggingface_hub` asks for when it downloads a model."""

    protocol_version = "HTTP/1.1"
    model = ""
    folder = Path()
    seconds = 0.0  # that the weights take

    def do_HEAD(self) -> None:
        """Say what a file is."""
        self._answer(send=False)

    def do_GET(self) -> None:
        """List the model's files, or send one."""
        self._answer(send=True)

    def do_POST(self) -> None:
        """Say which of the files that are asked for are there."""
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self._json([self._entry(file) for file in self._files()])

    def log_message(self, *_) -> None:
        """Say nothing."""

    def _answer(self, *, send: bool) -> None:
        path = unquote(urlsplit(self.path).path)
        if path.startswith(f"/api/models/{self.model}/tree/"):
            self._json([self._entry(file) for file in self._files()])
        elif path.startswith(f"/api/models/{self.model}"):
            siblings = [{"rfilename": file.name} for file in self._files()]
            self._json({"id": self.model, "modelId": self.model, "sha": COMMIT, "siblings": siblings, "private": False})
        elif path.startswith(f"/{self.model}/resolve/") and (file := self.folder / path.split("/")[-1]).is_file():
            self._file(file, send=send)
        else:
            self._begin(404, {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": COMMIT}, length=0)

    def _file(self, file: Path, *, send: bool) -> None:
        content = file.read_bytes()
        headers = {"ETag": f'"{_digest(file)}"', "X-Repo-Commit": COMMIT, "Accept-Ranges": "bytes"}
        self._begin(200, headers, length=len(content))
        parts = 20 if file.suffix == ".safetensors" else 1
        size = len(content) // parts + 1
        for begin in range(0, len(content) if send else 0, size):
            self.wfile.write(content[begin : begin + size])
            self.wfile.flush()
            time.sleep(self.seconds / parts if parts > 1 else 0)

    def _json(self, content: object) -> None:
        text = json.dumps(content).encode()
        self._begin(200, {"Content-Type": "application/json"}, length=len(text))
        self.wfile.write(text)

    def _begin(self, status: int, headers: dict[str, str], *, length: int) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(length))
        self.end_headers()

    def _files(self) -> list[Path]:
        return sorted(file for file in self.folder.iterdir() if file.is_file())

    def _entry(self, file: Path) -> dict:
        return {"type": "file", "path": file.name, "size": file.stat().st_size, "oid": _digest(file)}


@contextmanager
def serve(model: str, folder: Path, *, seconds: float) -> Iterator[dict[str, str]]:
    """Serve a model as long as the block lasts.

    Args:
        model: Its id, OWNER/NAME.
        folder: Its files.
        seconds: How long its weights take.

    Yields:
        The variables of the environment with which a process finds this Hub.
    """
    handler = type("OneModel", (Hub,), {"model": model, "folder": folder, "seconds": seconds})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield {
            "HF_ENDPOINT": f"http://127.0.0.1:{server.server_port}",
            **{name: "" for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")},
            **{name: "1" for name in ("HF_HUB_DISABLE_XET", "HF_HUB_DISABLE_TELEMETRY")},
        }
    finally:
        server.shutdown()
        server.server_close()


def _digest(file: Path) -> str:
    return hashlib.sha1(file.read_bytes(), usedforsecurity=False).hexdigest()
