"""Films of real runs are held to what vLLM says of them, on settings that force waiting, preemption and chunks.

When a release of vLLM moves what `film/engine.py` looks at, the first test names what is gone.
"""

import pytest
from vllm import SamplingParams

from vllm_course import CourseError, load_model, xray

pytestmark = pytest.mark.usefixtures("one_engine")
PROMPTS = ["Hello", "Once upon a time there was", "The cat", "Yes, I do", "Where"]
STORY = "Once upon a time there was a little girl who lived in a house by the sea with her cat and her dog. "
LENGTHS = [3, 9, 1, 6, 4]
FEW_BLOCKS = {"block_size": 32, "num_gpu_blocks_override": 12, "max_model_len": 256, "enable_prefix_caching": False}
CHUNKS = {"enable_chunked_prefill": True, "max_num_batched_tokens": 64, "max_model_len": 1024}


def greedy(tokens: int) -> SamplingParams:
    return SamplingParams(temperature=0, max_tokens=tokens, ignore_eos=True)


def shot(llm, prompts, params):
    """Return a film of a run and its outputs, after checks that hold for every film."""
    with xray(llm) as film:
        outputs = llm.generate(prompts, params)
    frame, steps = film.frame(), film.steps()
    for output in outputs:
        rows = frame[frame["request_id"] == output.request_id]
        assert list(rows["status"])[-1] == "finished" and (rows["status"] == "finished").sum() == 1
        known = len(output.prompt_token_ids) + len(output.outputs[0].token_ids) - 1
        assert rows["scheduled_tokens"].sum() + rows["cached_tokens"].sum() == known + recomputed(rows)
    most = llm.llm_engine.vllm_config.scheduler_config.max_num_seqs
    assert (frame["scheduled_tokens"] > 0).groupby(frame["step"]).sum().max() <= most
    assert list(frame.groupby("step")["scheduled_tokens"].sum()) == list(steps["prefill"] + steps["decode"])
    assert list(frame.groupby("step")["blocks"].sum() >= steps["blocks_used"]) == [True] * len(film)
    pool = llm.llm_engine.engine_core.engine_core.scheduler.kv_cache_manager.block_pool
    assert pool.get_num_free_blocks() == pool.num_gpu_blocks - 1  # all are back
    return film, outputs


def recomputed(rows) -> int:
    """Return how many tokens a request computed that it had computed before it was preempted."""
    before = rows["computed_tokens"].shift(fill_value=0)
    return int(before[(rows["status"] == "preempted") & (before > 0)].sum())


def test_all_that_is_looked_at_is_there():
    scheduler = load_model().llm_engine.engine_core.engine_core.scheduler
    for name in ("schedule", "update_from_output", "running", "requests", "kv_cache_manager"):
        assert hasattr(scheduler, name), f"Scheduler.{name} is gone"
    assert hasattr(scheduler.kv_cache_manager, "get_block_ids"), "KVCacheManager.get_block_ids is gone"
    for name in ("num_gpu_blocks", "get_num_free_blocks", "cached_block_hash_to_block"):
        assert hasattr(scheduler.kv_cache_manager.block_pool, name), f"BlockPool.{name} is gone"


def test_requests_wait_for_a_place():
    llm = load_model(max_num_seqs=2)
    film, outputs = shot(llm, PROMPTS, [greedy(tokens) for tokens in LENGTHS])
    frame = film.frame()
    assert film.steps()["waiting"].iloc[0] == 3 and film.steps()["waiting"].iloc[-1] == 0
    assert len(film) == 9 + 4  # a place that is free is taken in the next step
    firsts = frame[frame["phase"] == "prefill"].groupby("request_id")["step"].min()
    assert list(firsts[[o.request_id for o in outputs]]) == [1, 1, 4, 5, 10]
    plain = llm.generate(PROMPTS, [greedy(tokens) for tokens in LENGTHS])
    assert [o.outputs[0].text for o in plain] == [o.outputs[0].text for o in outputs]  # filming changes no text


def test_a_request_that_is_preempted_begins_anew():
    film, outputs = shot(load_model(**FEW_BLOCKS), PROMPTS, greedy(90))
    frame, last = film.frame(), outputs[-1].request_id
    assert set(frame.loc[frame["status"] == "preempted", "request_id"]) == {outputs[-2].request_id, last}
    again = frame[(frame["request_id"] == last) & (frame["phase"] == "prefill")]
    assert len(again) == 2 and again["scheduled_tokens"].iloc[1] > again["scheduled_tokens"].iloc[0]
    assert film.steps()["blocks_used"].max() == 11


def test_a_long_prompt_is_computed_in_chunks_beside_the_others():
    film, _ = shot(load_model(**CHUNKS), ["Hello", STORY * 8], greedy(12))
    steps = film.steps()
    assert (steps["prefill"] + steps["decode"]).max() == 64
    assert ((steps["prefill"] > 0) & (steps["decode"] > 0)).any()


def test_the_prefix_cache_spares_what_it_knows():
    llm = load_model(block_size=32)
    llm.reset_prefix_cache()
    film, outputs = shot(llm, STORY * 2, greedy(4))
    assert film.steps()["cached_tokens"].sum() == 0 and film.steps()["blocks_cached"].iloc[0] > 0
    film, outputs = shot(llm, STORY * 2, greedy(4))
    assert film.steps()["cached_tokens"].sum() == outputs[0].num_cached_tokens > 0


def test_each_of_n_completions_is_a_lane():
    with xray(load_model()) as film:
        (output,) = load_model().generate("Hello", SamplingParams(n=3, seed=1, max_tokens=2))
    assert set(film.frame()["request_id"]) == {f"{n}_{output.request_id}" for n in range(3)}


def test_the_scheduler_is_left_as_it_was_whatever_happens():
    llm = load_model()
    scheduler = llm.llm_engine.engine_core.engine_core.scheduler
    before = scheduler.schedule, scheduler.update_from_output
    with pytest.raises(ZeroDivisionError), xray(llm) as film, xray(llm) as inner:
        llm.generate("Hello", greedy(2))
        raise ZeroDivisionError
    assert (scheduler.schedule, scheduler.update_from_output) == before
    llm.generate("Hello", greedy(2))
    assert len(film) == len(inner) == 2


def test_an_engine_in_a_process_of_its_own_is_refused():
    class Elsewhere:
        class llm_engine:
            engine_core = object()

    with pytest.raises(CourseError, match="llm must run in this process, got an engine in a process of its own"):
        xray(Elsewhere).__enter__()
