"""The one place that looks into vLLM's engine: what its scheduler does with each request in each step.

A step is two calls of the scheduler. `schedule()` decides how many tokens of which requests the model computes, and
`update_from_output()` takes the tokens that were drawn and lets finished requests go. Both are wrapped for as long as
a film runs, nothing else is touched.
"""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from vllm_course.streaming import require_in_process

if TYPE_CHECKING:
    from vllm import LLM
    from vllm.v1.core.sched.output import SchedulerOutput
    from vllm.v1.request import Request

RANDOM_END = re.compile(r"-[0-9a-f]{8}$")  # vLLM adds it to a request's id to make it unique
STATUSES = ("running", "waiting", "preempted", "finished")
BLOCKS = ("blocks_used", "blocks_cached", "blocks")
TOTALS = (*STATUSES, "prefill", "decode", "cached_tokens", *BLOCKS)


class Seen(NamedTuple):
    """A request in one step.

    Attributes:
        request_id: As in `RequestOutput.request_id`; with `n` completions, each has its number before it: `"1_7"`.
        status: Where the step leaves it: `"waiting"`, `"running"`, `"preempted"` or `"finished"`.
        phase: What its tokens were computed for: `"prefill"`, `"decode"`, or `""` where it had none.
        scheduled_tokens: Tokens that the model computed for it in this step.
        computed_tokens: Tokens of it that are in the KV cache after the step.
        cached_tokens: Tokens that the prefix cache spared it in this step.
        blocks: Blocks of the KV cache that it held during the step.
    """

    request_id: str
    status: str
    phase: str
    scheduled_tokens: int
    computed_tokens: int
    cached_tokens: int
    blocks: int


class Step(NamedTuple):
    """One step of the engine.

    Attributes:
        requests: What became of each request, in the order in which they came.
        blocks_used: Blocks of the KV cache that requests held during the step.
        blocks_cached: Blocks that the prefix cache knew, held by a request or not.
        blocks: Blocks that there are.
    """

    requests: list[Seen]
    blocks_used: int
    blocks_cached: int
    blocks: int

    def totals(self) -> dict[str, int]:
        """Add the step up: requests by status, tokens by phase, blocks; the keys are `TOTALS`."""
        found = dict.fromkeys(TOTALS, 0) | {name: getattr(self, name) for name in BLOCKS}
        for seen in self.requests:
            found[seen.status] += 1
            found["cached_tokens"] += seen.cached_tokens
            if seen.phase:
                found[seen.phase] += seen.scheduled_tokens
        return found


class Camera:
    """Watches the scheduler of an engine from `start()` to `stop()`.

    Args:
        llm: An engine in this process, as `load_model` makes it.
        record: Called with each step when it has ended.

    Raises:
        CourseError: The engine runs in another process.

    Source:
        `vllm.v1.core.sched.scheduler.Scheduler`, `vllm.v1.core.kv_cache_manager.KVCacheManager`.
    """

    def __init__(self, llm: "LLM", record: Callable[[Step], None]) -> None:
        require_in_process(llm)
        self._scheduler, self._record = llm.llm_engine.engine_core.engine_core.scheduler, record
        self._planned: dict[int, Step] = {}  # by the plan: with asynchronous scheduling two can be open

    def start(self) -> None:
        """Begin to watch."""
        self._schedule, self._update = self._scheduler.schedule, self._scheduler.update_from_output
        self._scheduler.schedule, self._scheduler.update_from_output = self._plan, self._finish

    def stop(self) -> None:
        """Leave the scheduler as it was."""
        self._scheduler.schedule, self._scheduler.update_from_output = self._schedule, self._update

    def _plan(self, *args: Any, **keywords: Any) -> "SchedulerOutput":
        before = {request.request_id: request.num_computed_tokens for request in self._scheduler.running}
        plan = self._schedule(*args, **keywords)
        seen = [self._look(request, plan, before) for request in self._scheduler.requests.values()]
        pool = self._scheduler.kv_cache_manager.block_pool
        every = pool.num_gpu_blocks - 1  # block 0 is never handed out
        cached = len(pool.cached_block_hash_to_block)
        self._planned[id(plan)] = Step(seen, every - pool.get_num_free_blocks(), cached, every)
        return plan

    def _finish(self, plan: "SchedulerOutput", *args: Any, **keywords: Any) -> Any:
        outputs = self._update(plan, *args, **keywords)
        step = self._planned.pop(id(plan), None)
        if step is not None:
            left = {public_id(request_id) for request_id in self._scheduler.requests}
            ended = [seen if seen.request_id in left else seen._replace(status="finished") for seen in step.requests]
            self._record(step._replace(requests=ended))
        return outputs

    def _look(self, request: "Request", plan: "SchedulerOutput", before: dict[str, int]) -> Seen:
        tokens = plan.num_scheduled_tokens.get(request.request_id, 0)
        # schedule() has counted what it scheduled already, and what the prefix cache holds of a request that begins.
        first = request.num_computed_tokens - tokens
        cached = first - before.get(request.request_id, 0) if tokens else 0
        status = request.status.name.partition("_")[0].lower()  # WAITING_FOR_... counts as waiting
        blocks = sum(map(len, self._scheduler.kv_cache_manager.get_block_ids(request.request_id)))
        return Seen(
            public_id(request.request_id),
            status,
            _phase(request, first) if tokens else "",
            tokens,
            request.num_computed_tokens,
            cached,
            blocks,
        )


def public_id(request_id: str) -> str:
    """Return a request's id as its output has it.

    Example:
        >>> public_id("7-1f0c93ab"), public_id("1_7-1f0c93ab"), public_id("mine")
        ('7', '1_7', 'mine')
    """
    return RANDOM_END.sub("", request_id)


def _phase(request: "Request", first: int) -> str:
    """Name the work of a step: decode goes on from the last token that was drawn, everything before it is prefill."""
    last = max(request.num_prompt_tokens, request.num_tokens - 1)
    return "decode" if first >= last else "prefill"
