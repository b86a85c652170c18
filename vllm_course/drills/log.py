"""The log of a drill's service: the lines that matter stand among those that do not."""

from vllm_course.drills.service import OPENS, Run, preemptions

NORMAL = (
    "WARNING vllm: Triton is installed, but doesn't include CPU backend; it is only available for GPU backends",
    "INFO vllm: Reset SSM cache type to match the cache type",
    "INFO service: GET /health 200",
)


def written(run: Run, noise: tuple[str, ...]) -> str:
    """Return the log of a run.

    Args:
        run: The run.
        noise: Lines that have nothing to do with the trouble.
    """
    lines = [f"INFO service: open at {OPENS}:00"]
    if run.tokens:
        lines.append(f"INFO vllm: Using max model len {run.longest}")
        lines.append(f"INFO vllm: KV cache size: {run.tokens:,} tokens, in blocks of {run.block}")
    lines += [_answered(number, answer) for number, answer in enumerate(run.answers)]
    lines += [f"ERROR service: {run.error}"] if run.error else [_summary(run)]
    return "\n".join(_between(lines, (*NORMAL, *noise)))


def _between(lines: list[str], noise: tuple[str, ...]) -> list[str]:
    """Put a line of noise after every other line, and the rest of it before the last one."""
    mixed: list[str] = []
    rest = list(noise)
    for number, line in enumerate(lines[:-1]):
        mixed += [line, *([rest.pop(0)] if rest and number % 2 else [])]
    return [*mixed, *rest, lines[-1]]


def _answered(number: int, answer: object) -> str:
    if isinstance(answer, str):
        return f"ERROR service: request {number}: {answer}"
    ends = answer.outputs[0]
    return (
        f"INFO service: request {number}: {len(answer.prompt_token_ids)} prompt tokens, {answer.num_cached_tokens} "
        f"cached, {len(ends.token_ids)} tokens, finish_reason={ends.finish_reason}, stop_reason={ends.stop_reason!r}"
    )


def _summary(run: Run) -> str:
    steps = run.film.steps()
    return (
        f"INFO service: {len(run.film)} steps, {steps['prefill'].sum() + steps['decode'].sum()} tokens computed, "
        f"{preemptions(run)} preemptions, {len(run.outputs)} of {len(run.prompts)} prompts answered"
    )
