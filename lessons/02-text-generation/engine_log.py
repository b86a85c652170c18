"""vLLM's log as data: what a process printed, without what differs from run to run."""

import re

COLOUR = re.compile(r"\x1b\[[0-9;]*m")
LINE = re.compile(
    r"^(?:\(.*? pid=\d+\) )?(?P<level>DEBUG|INFO|WARNING|ERROR) \S+ \S+ \[(?P<file>[\w.]+):\d+\] (?P<message>.*)$"
)


def log_lines(printed: str) -> list[str]:
    """Return the lines of vLLM's log in a text, each as level, file and message.

    Process number, date and line number are left out, and so is everything that is not a line of the log.

    Args:
        printed: What a process wrote to stdout, where vLLM's log goes unless `VLLM_LOGGING_STREAM` names stderr.

    Example:
        >>> log_lines("INFO 11-20 23:40:24 [model.py:733] Resolved architecture: LlamaForCausalLM\\nPrompt: 'Hello'")
        ['INFO model.py: Resolved architecture: LlamaForCausalLM']
    """
    found = (LINE.match(COLOUR.sub("", line)) for line in printed.splitlines())
    return [f"{line['level']} {line['file']}: {line['message']}" for line in found if line]
