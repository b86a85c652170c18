"""Serve a model over HTTP, as OpenAI's API: one command, from a YAML file to a running server.

A setting comes from the command line, or else from the YAML file, or else from the defaults. The file has the sections
model, inference, server and generation; see lessons/08-serving/configs/. The values of generation are what a request
gets that does not say otherwise.

The server listens on this machine only. Other addresses need an API key, which is read from an environment variable.
Ctrl-C and SIGTERM let running requests finish.

It ends with 0 after Ctrl-C or SIGTERM. It ends with 1 when the configuration is wrong, or the server does not start or
breaks down, and with 2 for a wrong command line.

Examples:
  python lessons/08-serving/serve_model.py --model pocket-chat
  python lessons/08-serving/serve_model.py --config lessons/08-serving/configs/pocket-chat.yaml --port 8080
  python lessons/08-serving/serve_model.py --config lessons/08-serving/configs/production.yaml --print-config
  python lessons/08-serving/serve_model.py --model pocket-base --temperature 0.2 --max-tokens 64 --dry-run
  VLLM_API_KEY=secret python lessons/08-serving/serve_model.py --model pocket-chat --host 0.0.0.0
"""

import argparse
import contextlib
import json
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

from vllm_course import CourseError
from vllm_course.configuring.config import ServeConfig
from vllm_course.configuring.options import add_options
from vllm_course.output import table
from vllm_course.runtime.interrupting import raise_from_now_on
from vllm_course.serving.command import command, served_name, shown_command, start_server
from vllm_course.serving.preflight import preflight
from vllm_course.serving.process import Launched, wait_ready
from vllm_course.tool import ToolParser, tool


def build_parser() -> argparse.ArgumentParser:
    """Return the parser. Options have no defaults here: an option that is not given leaves the file's value."""
    parser = ToolParser(description=__doc__)
    parser.add_argument("--config", type=Path, metavar="FILE.yaml", help="settings that the other options replace")
    add_options(parser)
    parser.add_argument("--log-file", type=Path, metavar="FILE", help="where the server's log goes")
    parser.add_argument("--print-config", action="store_true", help="print the settings and their origins")
    parser.add_argument("--dry-run", action="store_true", help="print also the command line of vLLM")
    parser.add_argument("--json", action="store_true", help="print JSON in place of text")
    return parser


def configuration(args: argparse.Namespace) -> ServeConfig:
    """Return the configuration that a command line asks for: the file's, or a bare one, with the options."""
    base = ServeConfig.from_yaml(args.config) if args.config else ServeConfig()
    config = base.merge_cli_args(args)
    config.require_complete()
    return config


def report(config: ServeConfig, *, with_command: bool) -> dict:
    """Return the settings with their origins, and the command line that they amount to, as data."""
    settings = {name: {"value": value, "from": config.sources[name]} for name, value in config.values.items()}
    commands = {"arguments": command(config), "command": shown_command(config)} if with_command else {}
    return {"settings": settings} | commands


def shown(found: dict) -> str:
    """Return a report as a table."""
    rows = [[name, as_text(one["value"]), one["from"]] for name, one in found["settings"].items()]
    return "\n\n".join([table(["setting", "value", "from"], rows), *([found["command"]] if "command" in found else [])])


def as_text(value: object) -> str:
    """Show a value as YAML has it; "-" is left to the model or to vLLM."""
    return "-" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def serve(config: ServeConfig, *, log: Path | None, as_json: bool) -> int:
    """Start the server, say where it is once it answers, wait for its end, and return its exit code."""
    launched = start_server(config, log=log)
    try:
        host = f"[{config.server.host}]" if ":" in config.server.host else config.server.host
        said = {"url": f"http://{host}:{config.server.port}", "model": served_name(config), "pid": launched.pid}
        wait_ready(said["url"], launched)
        print(json.dumps(said) if as_json else "Serving {model} at {url}. Ctrl-C stops it.".format(**said), flush=True)
        code = launched.wait()
        if code and not launched.engine_died:  # of an engine's end, wait has told
            raise CourseError(f"the server must run until it is stopped, got {launched.ending}. Its log says more.")
        return code
    finally:
        stop(launched)


def stop(launched: Launched) -> None:
    """Let running requests finish, or end them as well at a second signal."""
    if launched.poll() is None:
        print("stopping: running requests finish first; Ctrl-C once more ends them too", file=sys.stderr)
    try:
        launched.stop()
    except KeyboardInterrupt:
        launched.kill()


@contextlib.contextmanager
def signals_raise() -> Iterator[None]:
    """Let Ctrl-C and SIGTERM raise KeyboardInterrupt in the block."""

    def _raise(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    raise_from_now_on()
    before = {number: signal.signal(number, _raise) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@tool
def main(argv: list[str] | None = None) -> int:
    """Run the tool, in the six steps of a server's start.

    Args:
        argv: Command line without the program's name; None takes the real one.

    Returns:
        Exit code: 0 when stopped, 1 for a wrong configuration or a failed start. A wrong command line exits with 2.
    """
    args = build_parser().parse_args(argv)  # 1. read the command line
    config = configuration(args)  # 2. to 4. load the file, merge, and see that a model is named
    if args.print_config or args.dry_run:
        found = report(config, with_command=args.dry_run)
        print(json.dumps(found, indent=2, ensure_ascii=False) if args.json else shown(found))
        return 0
    with contextlib.suppress(KeyboardInterrupt), signals_raise():
        for warning in preflight(config):  # 5. see whether it can work on this machine
            print(warning, file=sys.stderr)
        return serve(config, log=args.log_file, as_json=args.json)  # 6. start, and wait for the end
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
