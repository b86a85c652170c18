"""Answer a file of prompts, many at once, and go on after an interruption where it ended.

INPUT is JSON lines (.jsonl), a CSV file with a column prompt (.csv), or one prompt a line (.txt). A line of JSON is
{"id": 1, "prompt": "The moon", "params": {"max_tokens": 8}}, or has messages in place of prompt. A line of the output
has id, prompt, text, finish_reason and tokens. For a bad line it has id and error.

Kill it at any moment: the same command goes on from there. Lines that are done stay as they are, those with an error
too. Settings must be those of the first run, which are in OUT.jsonl.settings.json; --chunk may change.
Exit codes: 0 every line has an answer or an error, 1 a failed run, 2 a wrong command line or file, 130 Ctrl-C.

Examples:
  python lessons/05-batch-inference/batch_inference.py lessons/05-batch-inference/prompts.jsonl --output answers.jsonl
  python lessons/05-batch-inference/batch_inference.py prompts.txt --output answers.jsonl --max-tokens 64 --json
  python lessons/05-batch-inference/batch_inference.py chats.jsonl --output answers.jsonl --model pocket-chat
"""

import argparse
import itertools
import json
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vllm_course import load_model
from vllm_course.batch.jobs import Job, read_jobs
from vllm_course.batch.journal import Journal
from vllm_course.batch.params import line_params
from vllm_course.batch.progress_bar import progress_bar
from vllm_course.chat.prompt import chat_token_ids
from vllm_course.errors import CourseError, UsageError, one_line
from vllm_course.models import chosen_model
from vllm_course.parameters import PARAMETERS
from vllm_course.tool import ToolParser, model_name, number, tool

if TYPE_CHECKING:
    from vllm import LLM, RequestOutput

DEFAULTS = {"temperature": 0.0, "max_tokens": 40, "seed": 0}  # a line's params replace them


def build_parser() -> argparse.ArgumentParser:
    """Return the parser."""
    parser = ToolParser(description=__doc__)
    parser.add_argument("input", type=Path, metavar="INPUT", help="the file of prompts")
    parser.add_argument("--output", type=Path, required=True, metavar="OUT.jsonl", help="where the answers go")
    parser.add_argument("--model", type=model_name, help="shipped model, folder or Hugging Face id")
    for name, default in DEFAULTS.items():
        kind, meaning = PARAMETERS[name]
        option = f"--{name.replace('_', '-')}"
        parser.add_argument(option, type=kind, default=default, help=f"{meaning} (default: %(default)s)")
    size = number(int, low=1, high=100_000, remedy="Use 256.")
    parser.add_argument("--chunk", type=size, default=256, help="lines given to vLLM at once (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print the summary as one JSON object")
    return parser


def left_to_do(jobs: Iterator[Job], journal: Journal) -> Iterator[Job]:
    """Leave out the jobs that the journal holds, which are the first of the file. Refuse a file that was changed."""
    for line, done in enumerate(journal.records(), start=1):
        job = next(jobs, None)
        if job is None or job.id != done["id"] or job.prompt != done.get("prompt", job.prompt):
            got = f"line {line} with the id {done['id']!r}, where INPUT has another one"
            raise UsageError(f"--output must hold answers to INPUT in its order, got {got}. Choose another name.")
    return jobs


def answer(llm: "LLM", jobs: list[Job], defaults: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a line for each job of a chunk; all that can be asked is asked in one call."""
    requests = [prepare(llm, job, defaults) for job in jobs]
    outputs = iter(generate(llm, [request for request in requests if not isinstance(request, str)]))
    found = [request if isinstance(request, str) else next(outputs) for request in requests]
    return [record(job, output) for job, output in zip(jobs, found, strict=True)]


def prepare(llm: "LLM", job: Job, defaults: dict[str, Any]) -> tuple[Any, Any] | str:
    """Return prompt and SamplingParams as vLLM takes them, or why there are none."""
    try:
        if job.error:
            return job.error
        prompt = job.prompt if isinstance(job.prompt, str) else {"prompt_token_ids": chat_token_ids(llm, job.prompt)}
        return prompt, line_params(defaults | job.params)
    except CourseError as error:
        return str(error)


def generate(llm: "LLM", requests: list[tuple[Any, Any]]) -> list["RequestOutput | str"]:
    """Answer requests in one call. vLLM refuses the whole call for one bad prompt, so its halves are tried then."""
    from vllm.exceptions import VLLMError

    if not requests:
        return []
    try:
        prompts, params = zip(*requests, strict=True)
        return llm.generate(list(prompts), list(params), use_tqdm=False)
    except (VLLMError, TypeError, ValueError, RecursionError) as error:
        if len(requests) == 1:
            return [one_line(error)]
    middle = len(requests) // 2
    return generate(llm, requests[:middle]) + generate(llm, requests[middle:])


def record(job: Job, output: "RequestOutput | str") -> dict[str, Any]:
    """Return a line of the output, for an answer or for an error."""
    if isinstance(output, str):
        return {"id": job.id, "error": output}
    (completion,) = output.outputs
    found = {"text": completion.text, "finish_reason": completion.finish_reason, "tokens": len(completion.token_ids)}
    return {"id": job.id, "prompt": job.prompt} | found


def run(args: argparse.Namespace, jobs: Iterator[Job], journal: Journal) -> dict[str, Any]:
    """Answer what is left, chunk by chunk, and return the summary."""
    found = Counter(done_before=journal.count, answered=0, failed=0, tokens=0)
    defaults, seconds = {name: getattr(args, name) for name in DEFAULTS}, 0.0
    with progress_bar(args.input, done=journal.count) as bar:
        while chunk := list(itertools.islice(jobs, args.chunk)):
            llm, started = load_model(args.model), time.perf_counter()
            lines = answer(llm, chunk, defaults)
            journal.append(lines)  # only now do they count: a kill before it repeats this chunk
            seconds += time.perf_counter() - started
            found.update("failed" if "error" in line else "answered" for line in lines)
            found.update(tokens=sum(line.get("tokens", 0) for line in lines))
            bar.update(len(lines))
    return {"output": str(args.output)} | found | {"seconds": round(seconds, 2)}


@tool
def main(argv: list[str] | None = None) -> int:
    """Run the tool; return 0 when every line has an answer or an error, 1, 2 or 130 otherwise."""
    args = build_parser().parse_args(argv)
    jobs = read_jobs(args.input)
    settings = {"model": chosen_model(args.model)} | {name: getattr(args, name) for name in DEFAULTS}
    with Journal(args.output, source=args.input, settings=settings) as journal:
        try:
            found = run(args, left_to_do(jobs, journal), journal)
        except KeyboardInterrupt:
            kept = f"{args.output} holds {journal.count} lines. The same command goes on from there."
            raise KeyboardInterrupt(f"interrupted: {kept}") from None
    if args.json:
        print(json.dumps(found, indent=2, ensure_ascii=False))
    else:
        print("{output}: {answered} answered, {failed} with an error, {done_before} done before,".format(**found))
        print("{tokens} tokens in {seconds} s".format(**found))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
