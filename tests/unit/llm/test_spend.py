"""No window ever exceeds its limit, and the ledger says where it went."""

from __future__ import annotations

import asyncio
import json
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from context_manager.errors import SpendLimitError
from context_manager.llm.adapters import Usage
from context_manager.llm.spend import Limit, Price, SpendGovernor, SpendLimits, charged_to
from context_manager.testing.clock import ManualClock


def spend(governor: SpendGovernor, tokens: int) -> None:
    governor.settle(governor.reserve(tokens), Usage(tokens, 0))


def test_without_limits_nothing_is_refused() -> None:
    governor = SpendGovernor()
    for _ in range(100):
        spend(governor, 10**9)
    assert governor.spent()["calls"] == 100


@pytest.mark.parametrize(
    ("limit", "match"),
    [(Limit(calls=2), "limit of 2 model calls in total"), (Limit(tokens=25), "20 of 25 model")],
)
def test_the_call_that_would_exceed_a_limit_is_refused(limit: Limit, match: str) -> None:
    governor = SpendGovernor(SpendLimits(total=limit))
    spend(governor, 10)
    spend(governor, 10)
    with pytest.raises(SpendLimitError, match=match):
        governor.reserve(10)
    assert governor.spent() == {"calls": 2, "tokens": 20}, "a refused call reserves nothing"


def test_what_a_call_did_not_use_is_free_again() -> None:
    governor = SpendGovernor(SpendLimits(total=Limit(tokens=100)))
    governor.settle(governor.reserve(100), Usage(10, 5))
    assert governor.spent()["tokens"] == 15
    governor.reserve(85)
    with pytest.raises(SpendLimitError):
        governor.reserve(1)


def test_an_hour_slides() -> None:
    clock = ManualClock(0)
    governor = SpendGovernor(SpendLimits(hour=Limit(calls=2, tokens=100)), clock=clock)
    spend(governor, 60)
    clock.advance(1800)
    spend(governor, 40)
    with pytest.raises(SpendLimitError, match="per hour"):
        governor.reserve(1)
    clock.advance(1800)
    governor.settle(governor.reserve(60), Usage(60, 0))
    with pytest.raises(SpendLimitError, match="per hour"):
        governor.reserve(1)
    clock.advance(3600)
    governor.reserve(100)


def test_users_and_turns_have_their_own_limits() -> None:
    governor = SpendGovernor(SpendLimits(user=Limit(calls=3), turn=Limit(calls=1)))
    for turn in ("t1", "t2", "t3"):
        with charged_to("ann", turn):
            spend(governor, 1)
    with charged_to("ann", "t4"), pytest.raises(SpendLimitError, match="per user"):
        spend(governor, 1)
    with charged_to("bob", "t1"):
        spend(governor, 1)
        with pytest.raises(SpendLimitError, match="per turn"):
            spend(governor, 1)
    spend(governor, 1)


def test_a_subject_reaches_threads_that_asyncio_starts() -> None:
    governor = SpendGovernor(SpendLimits(user=Limit(calls=1)))

    async def work() -> None:
        with charged_to("ann"):
            await asyncio.to_thread(spend, governor, 1)
            with pytest.raises(SpendLimitError):
                await asyncio.to_thread(spend, governor, 1)

    asyncio.run(work())


def test_limits_may_change_at_run_time() -> None:
    governor = SpendGovernor()
    spend(governor, 10)
    governor.limits = SpendLimits(total=Limit(calls=1))
    with pytest.raises(SpendLimitError):
        spend(governor, 10)


def test_the_ledger_adds_up_by_purpose_and_model_and_is_json() -> None:
    governor = SpendGovernor(prices={"m": Price(prompt=1.0, completion=4.0)})
    governor.note("summary.chunk", "m", usage=Usage(1000, 500), seconds=2.0)
    governor.note("summary.chunk", "m", usage=Usage(1000, 0), seconds=1.0, outcome="failures")
    governor.note("summary.chunk", "m", outcome="from_cache")
    governor.note("summary.chunk", "m", outcome="refused")
    governor.note("facts", "other", usage=Usage(1, 1))
    facts, chunk = json.loads(json.dumps(governor.ledger()))
    assert chunk == {
        "purpose": "summary.chunk",
        "model": "m",
        "calls": 2,
        "failures": 1,
        "refused": 1,
        "from_cache": 1,
        "prompt_tokens": 2000,
        "completion_tokens": 500,
        "seconds": 3.0,
        "cost": pytest.approx(0.004),
    }
    assert (facts["purpose"], facts["cost"]) == ("facts", None)


@given(
    st.lists(st.tuples(st.integers(1, 50), st.integers(0, 50)), max_size=40), st.integers(0, 300)
)
def test_the_cap_holds_for_any_calls(calls: list[tuple[int, int]], cap: int) -> None:
    governor = SpendGovernor(SpendLimits(total=Limit(tokens=cap)))
    open_calls = []
    for worst, used in calls:
        try:
            open_calls.append((governor.reserve(worst), min(used, worst)))
        except SpendLimitError:
            continue
        assert governor.spent()["tokens"] <= cap
        if len(open_calls) > 3:
            reservation, took = open_calls.pop(0)
            governor.settle(reservation, Usage(took, 0))


def test_the_cap_holds_under_load() -> None:
    governor = SpendGovernor(SpendLimits(total=Limit(calls=50, tokens=1000)))
    done: list[int] = []

    def work() -> None:
        for _ in range(50):
            try:
                spend(governor, 15)
            except SpendLimitError:
                return
            done.append(15)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(done) == governor.spent()["tokens"] <= 1000
    assert len(done) == governor.spent()["calls"] == 50
