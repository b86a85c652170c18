"""What the Hugging Face Hub refuses reaches the learner as one message.

The failures are real: a Hub on this machine that refuses every model, and then that Hub being gone.
"""

import http.server
import json
import os
import subprocess
import sys
import threading

import pytest

ASK = """
import json, sys, time
time.sleep = lambda seconds: None  # libraries wait half a minute between their tries
from vllm_course import CourseError, load_model

for model in sys.argv[1:]:
    try:
        load_model(model)
    except CourseError as error:
        print(json.dumps([model, str(error)]), flush=True)
    if model.endswith("missing"):
        # Tell the test to take the Hub away, and wait until it has.
        print(json.dumps(["close", ""]), flush=True)
        sys.stdin.readline()
"""


class RefusingHub(http.server.BaseHTTPRequestHandler):
    """Answers as the Hub does: 403 for a gated model, 404 for all others."""

    def do_GET(self):
        gated = "gated" in self.path
        self.send_response(403 if gated else 404)
        self.send_header("X-Error-Code", "GatedRepo" if gated else "RepoNotFound")
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_HEAD = do_GET

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture(scope="module")
def refusals(tmp_path_factory) -> dict[str, str]:
    """What a fresh process says of a gated model, of one that is missing, and of one without a connection."""
    names = ["someone/gated", "someone/missing", "someone/unreachable"]
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), RefusingHub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    hub = {"HF_ENDPOINT": f"http://127.0.0.1:{server.server_port}", "HF_HOME": str(tmp_path_factory.mktemp("hub"))}
    offline = {name: "" for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")}
    told = {}
    with subprocess.Popen(
        [sys.executable, "-c", ASK, *names],
        env=os.environ | hub | offline,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        for line in process.stdout:
            name, message = json.loads(line)
            if name == "close":
                server.shutdown()
                server.server_close()
                process.stdin.write("\n")
                process.stdin.flush()
            told[name] = message
    return told


def test_a_gated_model(refusals):
    assert refusals["someone/gated"] == (
        "someone/gated must be open to you, got a gated model. Accept its licence on huggingface.co, "
        "then log in with: hf auth login"
    )


def test_a_model_that_the_hub_does_not_have(refusals):
    assert refusals["someone/missing"].startswith(
        "model must be the id of a public model on the Hugging Face Hub, got "
    )
    assert "'someone/missing'" in refusals["someone/missing"]


def test_no_connection(refusals):
    assert "got no connection to the Hugging Face Hub" in refusals["someone/unreachable"]
    assert refusals["someone/unreachable"].endswith("hf download someone/unreachable")
