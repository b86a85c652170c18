"""The kernel in which submissions run: one that also takes requests of the grader, which no cell can make.

A request is JSON after `MARK`. It does not go through the shell, so no hook of an answer sees it. A verdict comes with
a proof, made with a key and with a word that the grader thinks up for each request.
"""

import json
import os
from typing import Any

from ipykernel.ipkernel import IPythonKernel
from ipykernel.kernelapp import IPKernelApp

MARK = "# the grader asks\n"
SEPARATOR = "\n"


class GradingKernel(IPythonKernel):
    """Runs cells as every kernel does, and answers the grader."""

    requests: Any  # set by the first one; no attribute of the class, which the guard would put back

    async def do_execute(self, code: str, silent: bool, *args: Any, **options: Any) -> dict[str, Any]:
        """Answer a request, or run a cell."""
        if not code.startswith(MARK):
            reply = await super().do_execute(code, silent, *args, **options)
            if self.shell.exit_now:  # it would end a moment later, in the cell of another answer
                os._exit(0)
            return reply
        asked = json.loads(code.removeprefix(MARK))
        try:
            if asked["do"] == "begin":
                self.requests = _begin(self.shell, **asked["with"])
            said = os.getpid() if asked["do"] == "begin" else self.requests(**asked)
        except BaseException as error:  # without a reply the grader would wait in vain
            said = f"{type(error).__name__}: {error}"
        return {"status": "ok", "execution_count": 0, "payload": [], "user_expressions": {}, "said": said}


def _begin(shell: Any, *, key: str, lesson: str, folder: str) -> Any:
    """Return what answers the grader. It is a closure, so that the key is nobody's attribute."""
    from tools.grading.guard import Guard, prover

    guard, prove = Guard(shell, lesson, folder), prover(bytes.fromhex(key))
    os.chdir(folder)

    def answer(do: str, word: str = "", **options: Any) -> Any:
        if do == "judge":
            verdict = guard.judge(**options)
            return [*verdict, prove(SEPARATOR.join([word, options["number"], *verdict]))]
        return guard.before() if do == "before" else guard.after(**options)

    return answer


if __name__ == "__main__":
    IPKernelApp.launch_instance(kernel_class=GradingKernel)
