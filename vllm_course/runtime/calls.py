"""A call of an engine gives its own outputs, whatever became of the call before.

vLLM hands out whatever an engine has finished, and a call of `LLM.generate` goes on until nothing is left there. So
what an interrupted call leaves behind would be computed by the next one, and come out of it. Two things prevent that:

- Ctrl-C waits for the end of a step, some milliseconds. In the middle of one it would leave half a state behind.
- Each call begins and ends with an engine that holds nothing of its thread.

An error in the middle of a step, or a second Ctrl-C, does leave half a state behind. Then the next call starts the
engine anew.
"""

import contextlib
import functools
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import TYPE_CHECKING, Any

from vllm_course.runtime.waiting import Bar

if TYPE_CHECKING:
    from vllm import LLM
    from vllm.v1.engine.llm_engine import LLMEngine

STEPS = ("add_request", "step", "abort_request")  # what changes an engine
CALLS = ("_run_completion", "_run_chat", "_render_and_run_requests")  # what adds requests and runs them to the end
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM)


def separate(llm: "LLM", *, renew: Callable[[], None]) -> "LLM":
    """Keep the calls of an engine apart from each other, and return it.

    Requests of another thread are left alone as long as that thread runs. `LLM.enqueue` and `LLM.wait_for_completion`
    work as ever; a call of `generate` or `chat` in between ends what was enqueued.

    Args:
        llm: An engine; its methods are replaced by their equals.
        renew: Starts the engine anew, in the same object.
    """
    engine = llm.llm_engine
    engine.seen, engine.renew, engine.broken = _nothing, renew, False
    for name in STEPS:
        setattr(engine, name, _whole(engine, getattr(engine, name)))
    engine.output_processor.add_request = _signed(engine, engine.output_processor.add_request)
    for name in CALLS:
        setattr(llm, name, _alone(llm, getattr(llm, name)))
    llm._render_and_add_requests = _all_or_none(llm, llm._render_and_add_requests)
    llm._run_engine = _to_the_end(llm, llm._run_engine)
    return llm


def end_left(engine: "LLMEngine", *, kept: frozenset[str] = frozenset()) -> None:
    """End the requests of this thread, and of threads that are no more.

    Args:
        engine: Where they are.
        kept: Names of those that may stay.
    """
    me = threading.current_thread()
    states = engine.output_processor.request_states
    left = {name: state for name, state in list(states.items()) if name not in kept and _is_free(state, me)}
    parents = {state.parent_req.request_id for state in left.values() if state.parent_req}
    if left:
        engine.abort_request([*left, *parents], internal=True)


def ready(llm: "LLM") -> None:
    """Make an engine ready for a call: one that an error has broken is started anew, and what was left there is ended.

    Raises:
        CourseError: The engine was freed, or cannot start again.
    """
    if getattr(llm.llm_engine, "broken", False):
        llm.llm_engine.renew()
    end_left(llm.llm_engine)


@contextlib.contextmanager
def signals_wait() -> Iterator[None]:
    """Let Ctrl-C, and other signals that Python handles, wait for the end of the block. The second one does not."""
    if threading.current_thread() is not threading.main_thread():
        yield  # Python handles signals in the main thread
        return
    handlers = {number: handler for number in SIGNALS if callable(handler := signal.getsignal(number))}
    came: list[tuple[int, FrameType | None]] = []

    def note(number: int, frame: FrameType | None) -> None:
        came.append((number, frame))
        if len(came) > 1:
            came.clear()
            handlers[number](number, frame)

    try:
        for number in handlers:
            signal.signal(number, note)
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        for number, frame in came:
            handlers[number](number, frame)


def _nothing() -> None:
    """Stand for a bar where none is wanted."""


def _whole(engine: "LLMEngine", method: Callable) -> Callable:
    """Let nothing interrupt a method, and note where something did."""

    @functools.wraps(method)
    def _call(*arguments: Any, **options: Any) -> Any:
        with signals_wait():
            try:
                found = method(*arguments, **options)
            except BaseException as error:
                # What add_request refuses, it refuses before it changes anything.
                refused = method.__name__ != "step" and isinstance(error, Exception)
                engine.broken = engine.broken or not refused
                raise
        engine.seen()
        return found

    return _call


def _signed(engine: "LLMEngine", add: Callable) -> Callable:
    """Note on each request the thread that it came from."""

    @functools.wraps(add)
    def _call(request: Any, *arguments: Any, **options: Any) -> None:
        add(request, *arguments, **options)
        engine.output_processor.request_states[request.request_id].thread = threading.current_thread()

    return _call


def _alone(llm: "LLM", method: Callable) -> Callable:
    @functools.wraps(method)
    def _call(*arguments: Any, **options: Any) -> Any:
        ready(llm)
        try:
            return method(*arguments, **options)
        finally:
            end_left(llm.llm_engine)

    return _call


def _all_or_none(llm: "LLM", add: Callable) -> Callable:
    """Take requests back that were added before an interruption."""

    @functools.wraps(add)
    def _call(*arguments: Any, **options: Any) -> list[str]:
        before = frozenset(llm.llm_engine.output_processor.request_states)
        try:
            return add(*arguments, **options)
        except BaseException:
            end_left(llm.llm_engine, kept=before)
            raise

    return _call


def _to_the_end(llm: "LLM", run: Callable) -> Callable:
    """Show a bar when it takes long, in place of vLLM's own, which moves at the end of a text only."""

    @functools.wraps(run)
    def _call(*arguments: Any, use_tqdm: Any = True, **options: Any) -> list:
        engine = llm.llm_engine
        with contextlib.closing(Bar(lambda: _tokens_to_come(engine), wanted=not use_tqdm)) as bar:
            engine.seen = bar.look
            try:
                return run(*arguments, use_tqdm=use_tqdm, **options)
            finally:
                engine.seen = _nothing
                end_left(engine)

    return _call


def _tokens_to_come(engine: "LLMEngine") -> int:
    """Return how many tokens the engine's requests can still get; most end earlier."""
    states = [state for state in list(engine.output_processor.request_states.values()) if state.detokenizer]
    return sum((state.max_tokens_param or 0) - state.detokenizer.num_output_tokens() for state in states)


def _is_free(state: Any, me: threading.Thread) -> bool:
    thread = getattr(state, "thread", me)
    return thread is me or not thread.is_alive()
