"""A film without an engine: two requests, one of which waits, is preempted and begins anew."""

from vllm_course.film.engine import Seen, Step
from vllm_course.film.recording import Film


def made_up() -> Film:
    """Return a film of five steps."""
    film = Film()
    film.steps_seen += [
        Step([Seen("0", "running", "prefill", 6, 6, 0, 1), Seen("1", "waiting", "", 0, 0, 0, 0)], 1, 0, 4),
        Step([Seen("0", "running", "decode", 1, 7, 0, 1), Seen("1", "running", "prefill", 2, 34, 32, 2)], 2, 1, 4),
        Step([Seen("0", "running", "decode", 1, 8, 0, 1), Seen("1", "preempted", "", 0, 0, 0, 0)], 1, 1, 4),
        Step([Seen("0", "finished", "decode", 1, 9, 0, 1), Seen("1", "preempted", "", 0, 0, 0, 0)], 1, 1, 4),
        Step([Seen("1", "finished", "prefill", 34, 34, 0, 2)], 2, 1, 4),
    ]
    return film
