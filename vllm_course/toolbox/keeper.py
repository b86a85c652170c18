"""Stand between a client and an MCP server that it starts: `python keeper.py PROGRAM ARGUMENT...`.

The client's SDK ends a server with the client. It cannot do that where the client is killed, and a server that ends by
itself may leave processes of its own behind. So this small process starts the server, which takes over its standard
input and output. It looks whether the server has ended, or the client is gone, and then kills their process group.

It imports the standard library only and starts in a moment. `vllm_course/serving/guard.py` does the same for vLLM's
server, which does not speak on its standard input.
"""

import os
import signal
import subprocess
import sys
import time

LOOK_EVERY = 0.1  # seconds


def main(*command: str) -> None:
    """Start the server, wait until it or the client ends, and kill all that is left in the group."""
    client = os.getppid()
    # SIGTERM ends this process with the rest of the group; who ignores it is killed by the SDK a little later.
    server = subprocess.Popen(command)
    while server.poll() is None and os.getppid() == client:
        time.sleep(LOOK_EVERY)
    if server.poll() is not None:
        print(f"exit code {server.returncode}", file=sys.stderr, flush=True)
    os.killpg(os.getpgrp(), signal.SIGKILL)


if __name__ == "__main__":
    main(*sys.argv[1:])
