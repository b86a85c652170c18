"""The process of a server: started, waited for until it is ready, and ended for certain.

The server belongs to a guard (`vllm_course.serving.guard`), which ends it with this program. Both are in sessions of
their own, so Ctrl-C at a terminal and a notebook's interrupt button reach this program alone.
"""

import contextlib
import http.client
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from vllm_course.errors import CourseError
from vllm_course.runtime.limits import BY_LINUX
from vllm_course.runtime.quiet import COLOUR
from vllm_course.serving import guard

SERVER = "vllm.entrypoints.launchers.api_server.entry"
LOOK_EVERY = 0.1  # seconds
ANSWER_WITHIN = 5.0  # seconds for one question, of which many are asked
AFTER_GRACE = 10.0  # seconds in which the guard ends what the grace has left
# What vLLM logs when its engine was killed, and when it failed. EngineDeadError is also said in an ordinary end.
FATAL = "EngineCore encountered a fatal error"
ENGINE_DEAD = re.compile(f"engine core exited unexpectedly|{FATAL}")
ENGINE_RULE = "the server's engine must run as long as the server, got an engine that "
ENGINE_REMEDY = "Start the server again; its log says more."
ENGINE_DIED = f"{ENGINE_RULE}was killed, {BY_LINUX}. {ENGINE_REMEDY}"
ENGINE_FAILED = f"{ENGINE_RULE}failed. {ENGINE_REMEDY}"
KILLED, KILLED_EARLY = 128 + signal.SIGKILL, re.compile(r"Failed core proc\(s\): .*: -9\b")
# What vLLM's log says last is often only that something else failed before.
ERROR = re.compile(
    r"(?:^|\s)(?:[\w.]*\.)?(?P<said>(?:[A-Z]\w*(?:Error|Exit)|\w*Exception): .+)$|: error: (?P<usage>.+)$"
)
FOLLOWS = re.compile(r"Engine core initialization failed|leaked \w+ objects|KeyboardInterrupt")
RULE = re.compile(r"^\s*(?:Value error, )?(?P<rule>.+?)(?: \[type=.*)?$")


class Launched:
    """A server that was started, and may have ended since.

    Attributes:
        pid: The number of its first process, which takes the requests.
        asked: Whether this program has asked it to end.
    """

    def __init__(self, watcher: subprocess.Popen, log: IO[bytes], *, pid: int, grace: float) -> None:
        self._guard, self._log, self._grace, self.asked = watcher, log, grace, False
        self.pid = pid

    def poll(self) -> int | None:
        """Return the exit code, as a shell reports it, and None while any process of the server is there.

        It is 1 where the engine died, although vLLM says 0 then.
        """
        code = self._guard.poll()
        if code is None:
            return None
        return 1 if self.engine_died else code if code >= 0 else 128 - code

    def wait(self) -> int:
        """Wait for the end and return the exit code, as `poll`; say in one line on stderr if the engine died."""
        self._guard.wait()
        if self.engine_died:
            print(ENGINE_FAILED if FATAL in self.log_text() else ENGINE_DIED, file=sys.stderr)
        return self.poll()

    def stop(self) -> None:
        """Let running requests finish, end the server and wait until nothing is left of it."""
        self.asked = True
        if not self._guard.stdin.closed:
            with contextlib.suppress(BrokenPipeError), self._guard.stdin as pipe:
                pipe.write(b"end\n")
        self._guard.wait(self._grace + AFTER_GRACE)

    def kill(self) -> None:
        """End the server at once, with all that runs on it, and wait until nothing is left of it."""
        with contextlib.suppress(ProcessLookupError):
            if self._guard.poll() is None:
                os.killpg(self.pid, signal.SIGKILL)
        self.stop()

    def log_text(self) -> str:
        """Return what the server has written so far."""
        content = os.pread(self._log.fileno(), os.fstat(self._log.fileno()).st_size, 0)
        return COLOUR.sub("", content.decode(errors="replace"))

    @property
    def ending(self) -> str:
        """How it ended, in words: its exit code, and what its log tells, or what a kill usually means."""
        code, log = self.poll(), self.log_text()
        killed = code == KILLED or KILLED_EARLY.search(log) or (self.engine_died and FATAL not in log)
        return f"exit code {code} ({f'killed, {BY_LINUX}' if killed else telling(log)})"

    @property
    def engine_died(self) -> bool:
        """Whether the server ended because its engine had."""
        return self._guard.poll() == 0 and not self.asked and bool(ENGINE_DEAD.search(self.log_text()))


def launch(
    arguments: list[str], *, environment: dict[str, str], log: Path | None, grace: float, module: str = SERVER
) -> Launched:
    """Start vLLM's server and return at once. It ends with this program, however that ends.

    Args:
        arguments: The server's command line, as after `vllm serve`; the model is named with `--model`.
        environment: Variables for the server, beside those of this process.
        log: A file for what the server writes, which is emptied; None keeps it out of sight, for `log_text`.
        grace: Seconds in which running requests may finish when the server is stopped; more than `--shutdown-timeout`.
        module: What is started in the server's place, for a test.

    Raises:
        CourseError: The log cannot be written.
    """
    command = [sys.executable, "-I", "-S", guard.__file__, str(grace), sys.executable, "-m", module, *arguments]
    # Not the working folder: a learner's openai.py would be imported in place of the package.
    variables = os.environ | {"PYTHONSAFEPATH": "1"} | environment
    output = _opened(log)
    streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": output}
    watcher = subprocess.Popen(command, env=variables, start_new_session=True, **streams)
    pid = int(watcher.stdout.readline() or 0)
    started = Launched(watcher, output, pid=pid, grace=grace)
    if not pid:
        raise CourseError(f"python must start the server, got: {telling(started.log_text())}. See `make doctor`.")
    return started


def wait_ready(url: str, launched: Launched, timeout: float | None = None) -> None:
    """Wait until the server answers on /health.

    Args:
        url: Where it listens: `"http://127.0.0.1:8000"`.
        launched: What `launch` returned.
        timeout: Seconds after which it is given up, None for never. The server goes on then.

    Raises:
        CourseError: It has ended, with the line of its log that tells why; or the time is over.
    """
    end = time.monotonic() + (timeout if timeout is not None else float("inf"))
    while not _healthy(url):
        if launched.poll() is not None:
            raise CourseError(f"the server must start, got {launched.ending}. Its log says more.")
        if time.monotonic() > end:
            raise CourseError(
                f"the server must be ready within {timeout} s, got no answer. Allow more, or see its log."
            )
        time.sleep(LOOK_EVERY)


def telling(log: str) -> str:
    """Return what a log says about why the server ended: the last error that does not point to another one.

    Example:
        >>> telling("(APIServer pid=7) OSError: [Errno 98] Address already in use\\nbye")
        'OSError: [Errno 98] Address already in use'
    """
    lines = [line for line in log.splitlines() if line.strip()] or ["no line in its log"]
    found = ""
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        match = ERROR.search(line)
        if match and not FOLLOWS.search(line):
            found = match["said"] or match["usage"]
            if "validation error" in found:  # pydantic's: the rule is in the next line
                found = f"{found.partition(':')[0]}: {RULE.match(_bare(following))['rule']}"
    return (found or _bare(lines[-1]).strip()).rstrip(".")


def _bare(line: str) -> str:
    """Return a line of vLLM's log without the process, the level, the time and the place that it begins with."""
    return re.sub(r"^(?:\(.*? pid=\d+\) )?(?:[A-Z]+ \S+ \S+ \[[\w.]+:\d+\] )?", "", line)


def _healthy(url: str) -> bool:
    # Not with httpx, which would ask a proxy that the environment names.
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=ANSWER_WITHIN)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _opened(log: Path | None) -> IO[bytes]:
    """Open a log; all processes append to it, so that it can be read meanwhile."""
    if log is None:
        return tempfile.TemporaryFile()
    try:
        Path(log).write_bytes(b"")
        return open(log, "a+b")  # noqa: SIM115, it is open as long as the server
    except OSError as error:
        raise CourseError(f"log must be a file that can be written, got {log} ({error.strerror}).") from None
