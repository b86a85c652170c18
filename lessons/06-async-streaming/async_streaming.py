"""Stream several prompts side by side, each with its time to first token and its tokens a second.

At a terminal the texts grow next to each other, and each is printed when it has ended. Elsewhere each is printed when
it has ended, and nothing before. So the order is that of the ends.

--limit is how many requests run at once; the others wait for a place. --timeout is for each request, from the moment
when it has a place. What was got by then is kept and shown, as "timeout". Ctrl-C cancels all that run, and what was
got is shown as "cancelled". A prompt that vLLM refuses is shown as "refused", and the others go on.

Examples:
  python lessons/06-async-streaming/async_streaming.py
  python lessons/06-async-streaming/async_streaming.py --prompt "The moon" --prompt "The sea" --max-tokens 200
  python lessons/06-async-streaming/async_streaming.py --prompts-file prompts.txt --limit 2 --timeout 0.5
  python lessons/06-async-streaming/async_streaming.py --model pocket-base-mini --json
"""

import argparse
import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vllm_course import load_async_model
from vllm_course.errors import CourseError, one_line
from vllm_course.files import read_prompts
from vllm_course.online.timing import Stream
from vllm_course.parameters import PARAMETERS, filled_text, number, sampling_params
from vllm_course.terminal.streams import StreamsView, choose_streams_view
from vllm_course.tool import ToolParser, model_name, tool

if TYPE_CHECKING:
    from vllm import SamplingParams
    from vllm.v1.engine.async_llm import AsyncLLM

PROMPTS = [
    "The capital of France is",
    "Once upon a time",
    "The weather today is",
    "To bake bread, you need",
    "The moon is",
    "My favourite animal is",
]
DEFAULTS = {"temperature": 0.8, "top_p": 1.0, "max_tokens": 64, "seed": 0}


def build_parser() -> argparse.ArgumentParser:
    """Return the parser."""
    parser = ToolParser(description=__doc__)
    parser.add_argument(
        "--prompt", action="append", type=filled_text, help="text to continue; repeat it for more streams"
    )
    parser.add_argument("--prompts-file", type=Path, metavar="FILE", help="one prompt a line; blank lines are left out")
    parser.add_argument("--model", type=model_name, help="shipped model, folder or Hugging Face id")
    places = number(int, low=1, remedy="Use 4.")
    parser.add_argument("--limit", type=places, default=4, help="requests that run at once (default: %(default)s)")
    seconds = number(float, low=0, high=86400, above=True, remedy="Leave it out to wait for every end.")
    parser.add_argument("--timeout", type=seconds, help="longest time for each request, in seconds (default: none)")
    for name, default in DEFAULTS.items():
        kind, meaning = PARAMETERS[name]
        option = f"--{name.replace('_', '-')}"
        parser.add_argument(option, type=kind, default=default, help=f"{meaning} (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print one JSON list in place of text")
    return parser


async def receive(stream: Stream, engine: "AsyncLLM", prompt: str, params: "SamplingParams", name: str) -> None:
    """Take what the engine gives for one prompt, piece by piece."""
    # generate() gives an async generator: the request begins with the loop, and each round waits for the next output.
    async for output in engine.generate(prompt, params, name):
        stream.add(output.outputs[0])  # a delta: only what is new


async def run(stream: Stream, timeout: float | None, work: Any) -> None:
    """Let a stream go to its end, however that comes, and note which end it was."""
    from vllm.exceptions import VLLMClientError

    try:
        async with asyncio.timeout(timeout):  # None waits for ever
            await work
    except TimeoutError:  # the loop over the generator was cancelled, and that ended the request in the engine too
        stream.finish_reason = "timeout"
    except asyncio.CancelledError:  # Ctrl-C: the same for all; whoever is cancelled says so and passes it on
        stream.finish_reason = "cancelled"
        raise
    except VLLMClientError as error:  # about this prompt, so the others go on
        stream.finish_reason = f"refused: {one_line(error).rstrip('.')}"
    except CourseError:  # the engine has died, and with it all streams
        stream.finish_reason = "failed"
        raise


async def stream_all(engine: "AsyncLLM", args: argparse.Namespace, view: StreamsView, streams: list) -> None:
    """Run a request for each prompt, at most `--limit` at once."""
    from vllm.sampling_params import RequestOutputKind

    values = {name: getattr(args, name) for name in DEFAULTS}
    params = sampling_params(values | {"output_kind": RequestOutputKind.DELTA})
    places = asyncio.Semaphore(args.limit)

    async def one(number: int, prompt: str) -> None:
        async with places:  # waits for a place, and gives it back at the end
            stream = streams[number] = Stream()  # its clock starts now
            view.begin(number, stream)
            try:
                await run(stream, args.timeout, receive(stream, engine, prompt, params, f"stream-{number}"))
            finally:
                view.end(number, stream)

    try:
        async with asyncio.TaskGroup() as group:  # waits for all; when one fails, it cancels the others
            for number, prompt in enumerate(args.prompt):
                group.create_task(one(number, prompt))
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from None  # the first says what the others say


def record(prompt: str, stream: Stream | None) -> dict[str, Any]:
    """Return what is known about a stream; one that never had a place has no times."""
    stream = stream or Stream()
    found = {"prompt": prompt, "text": stream.text, "finish_reason": stream.finish_reason or "cancelled"}
    times = {"ttft": stream.ttft, "tokens_per_second": stream.tokens_per_second, "seconds": stream.total}
    rounded = {name: value if value is None else round(value, 4) for name, value in times.items()}
    return found | {"tokens": len(stream.token_ids)} | rounded


@tool
def main(argv: list[str] | None = None) -> int:
    """Run the tool; return 0 when every prompt had its stream, 1, 2 or 130 otherwise."""
    args = build_parser().parse_args(argv)
    lines = read_prompts(args.prompts_file, name="--prompts-file") if args.prompts_file else []
    args.prompt = (args.prompt or []) + lines or PROMPTS
    streams: list[Stream | None] = [None] * len(args.prompt)
    engine = load_async_model(args.model)  # before the event loop: it blocks for seconds
    try:
        with choose_streams_view(args.prompt, silent=args.json) as view:
            asyncio.run(stream_all(engine, args, view, streams))
    except KeyboardInterrupt:  # asyncio.run has cancelled all, and waited for their ends
        ended = sum(stream is not None and stream.finish_reason != "cancelled" for stream in streams)
        got = sum(len(stream.token_ids) for stream in streams if stream)
        said = f"interrupted: {ended} of {len(streams)} prompts to the end, {got} tokens in all"
        raise KeyboardInterrupt(said) from None
    finally:
        if args.json:
            found = [record(prompt, stream) for prompt, stream in zip(args.prompt, streams, strict=True)]
            print(json.dumps(found, indent=2, ensure_ascii=False))
    return int(any("refused" in stream.finish_reason for stream in streams))


if __name__ == "__main__":
    raise SystemExit(main())
