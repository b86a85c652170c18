"""Stands for vLLM's server where its process is tested: `python -m tests.serving.standin PORT HOW`.

Like vLLM's it has a second process, writes a log, answers on /health, and ends with 0 when its engine has died.
"""

import http.server
import os
import signal
import subprocess
import sys
import threading
import time

FAILED = "Engine core initialization failed. See root cause above."
ENGINE = "import time; time.sleep(600)"
STOPPING = threading.Event()


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers, on /slow after a while."""

    def do_GET(self) -> None:
        """Answer with what /v1/models says."""
        time.sleep(2 if self.path == "/slow" else 0)
        body = b'{"data": [{"id": "standin"}]}'
        self.server.unwell -= 1
        self.send_response(503 if self.server.unwell >= 0 else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Write nothing."""


class Server(http.server.ThreadingHTTPServer):
    """Waits for the requests that run, when it is closed."""

    daemon_threads = False
    unwell = 0  # how many questions more are answered so


def main(port: str, how: str, *_: str) -> None:
    """Serve until SIGTERM, or as it is told."""
    if how == "fails":
        raise OSError(98, "Address already in use")
    if how == "reads":
        sys.stdin.read()
    if how == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if how == "engine killed":
        raise RuntimeError(f"{FAILED} Failed core proc(s): {{'EngineCore': -9}}")
    # vLLM's engine writes its title over its variables; another one might leave the group.
    variables = {} if how == "retitled" else None
    engine = subprocess.Popen([sys.executable, "-c", ENGINE], env=variables, start_new_session=how == "leaves")
    print("engine", engine.pid, flush=True)
    if how == "late":
        time.sleep(0.5)
    server = Server(("127.0.0.1", int(port)), Handler)
    server.unwell = 2 if how == "unwell" else 0
    stop = signal.SIG_IGN if how == "stubborn" else lambda *_: threading.Thread(target=server.shutdown).start()
    signal.signal(signal.SIGTERM, stop)
    threading.Thread(target=watch, args=(engine, how), daemon=True).start()
    server.serve_forever()
    server.server_close()
    print("vllm.v1.engine.exceptions.EngineDeadError: EngineCore encountered an issue.", flush=True)
    STOPPING.set()
    engine.kill()


def watch(engine: subprocess.Popen, how: str) -> None:
    """End with 0 when the engine has died, as vLLM does."""
    engine.wait()
    if STOPPING.is_set():
        return
    killed = "WARNING [shutdown] MPClient: engine core exited unexpectedly; starting cleanup"
    print("ERROR EngineCore encountered a fatal error." if how == "fatal" else killed, flush=True)
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
