"""An MCP server in a process of its own, which fails as it is told: `python -m tests.toolbox.server HOW`.

It speaks the protocol by hand, and so starts in a moment.
"""

import json
import os
import signal
import subprocess
import sys
import time

SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]
NAMES = {"names": {"type": "array", "items": {"type": "string"}}}
TOOLS = {"odd": ["variables", "odd name!\n"], "weather": ["get_weather"]}  # by how; all but two of them hang
HELLO = {"protocolVersion": "2025-06-18", "capabilities": {"tools": {}}, "serverInfo": {"name": "own", "version": "1"}}


def main(how: str = "") -> None:
    """Serve, or fail."""
    if how == "fails":
        raise ValueError("no table here")
    if how == "silent":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        time.sleep(600)
    while how == "talks":
        print("Welcome to this server!", flush=True)
        time.sleep(0.01)
    if how == "greets":
        print("Welcome to this server!", flush=True)
    if how in ("stubborn", "leaves"):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        subprocess.Popen(SLEEP)
    for line in sys.stdin:
        answer(json.loads(line), tools=TOOLS.get(how, ["variables", "die", "hang"]))
    if how == "stubborn":
        time.sleep(600)  # its standard input is closed, and it stays


def answer(asked: dict, tools: list[str]) -> None:
    """Answer a request; notifications have no id."""
    if "id" not in asked:
        return
    method, found = asked["method"], None
    if method == "initialize":
        found = HELLO
    elif method == "tools/list":
        found = {"tools": [{"name": n, "inputSchema": {"type": "object", "properties": NAMES}} for n in tools]}
    elif method == "tools/call" and asked["params"]["name"] == "variables":
        values = {name: os.environ.get(name, "") for name in asked["params"]["arguments"]["names"]}
        found = {"content": [{"type": "text", "text": json.dumps(values | {"folder": os.getcwd()})}]}
    elif method == "tools/call" and asked["params"]["name"] == "die":
        os._exit(3)
    elif method == "tools/call":
        return  # it takes for ever
    said = {"result": found} if found else {"error": {"code": -32601, "message": f"no {method}"}}
    print(json.dumps({"jsonrpc": "2.0", "id": asked["id"], **said}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
