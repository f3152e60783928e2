"""Whatever a provider does wrong, at whichever call of a manager: turns are kept, prompts are built
without it and say so, and what it left undone is done without it.

The real SDK talks to a local server that misbehaves. That nothing waits for the provider is shown
by counting its requests, never by a clock.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from context_manager import Config, ContextManager, LLMConfig, MemoryConfig, SpendConfig
from context_manager.testing.embedders import HashEmbedder
from support import fault_server as server
from support.fault_server import Act, FaultServer, serve
from support.served import PATIENCE

PROVIDERS = ("openai", "anthropic")

FAULTS: dict[str, Act] = {
    "429 that asks to wait for an hour": server.status(429, Retry_After="3600"),
    "429": server.status(429),
    "401": server.status(401),
    "500": server.status(500),
    "503": server.status(503),
    "reset": server.reset,
    "reset mid body": server.reset_mid_body,
    "silence": server.hang,
    "a byte at a time": server.drip,
    "HTML": server.body("<html>Bad gateway</html>", "text/html"),
    "truncated JSON": server.truncated,
    "not JSON": server.body("it is broken"),
    "the wrong JSON": server.body('{"hello": "world"}'),
    "NaN": server.body('{"choices": NaN}'),
    "no answer in it": server.without_choices,
    "10 MB": server.answers("x" * 10_000_000),
    "an empty answer": server.answers(""),
    "white space": server.answers(" \n\t "),
    "prose instead of facts": server.answers("Sure! Happy to help with that."),
}
"""What a provider may do, by name."""

ENDLESS = (server.hang, server.drip)

MOVES = [("I live in Leeds.", "Noted."), ("The cellar holds 40 jars of plums.", "That is a lot.")]


@pytest.fixture(params=PROVIDERS)
def open_with(request: pytest.FixtureRequest) -> Iterator[Callable[[FaultServer], Any]]:
    """Opens a manager whose model is at a server; nothing is tried twice."""
    made: list[ContextManager] = []

    @contextmanager
    def open_at(at: FaultServer, **settings: Any) -> Iterator[ContextManager]:
        path = "/v1" if request.param == "openai" else ""
        wait = 0.5 if at.script[0] in ENDLESS else PATIENCE
        keywords = {"timeout": wait, "deadline": wait, "max_retries": 0}
        llm = LLMConfig(
            provider=request.param,
            model="m",
            api_key="a-key",
            options={"base_url": at.url + path, **keywords},
        )
        memory = MemoryConfig(stm_capacity=0, chunk_size=1)
        cm = ContextManager(Config(llm=llm, memory=memory, facts="llm", **settings))
        cm.embedding_provider = HashEmbedder()
        made.append(cm)
        yield cm

    yield open_at
    for cm in made:
        cm.engine.background.drain(PATIENCE)
        cm.llm_adapter.close()


def tell(cm: ContextManager, *turns: tuple[str, str]) -> None:
    for user, assistant in turns:
        cm.observe(user, assistant)
    assert cm.engine.background.drain(PATIENCE)


def wait_from_now_on(cm: ContextManager) -> None:
    """Give the provider all the time that a busy machine needs."""
    cm.llm_adapter.deadline = PATIENCE
    cm.llm_adapter._options["timeout"] = PATIENCE
    cm.llm_adapter.close()  # the next call makes a client anew


def kept(cm: ContextManager, kind: str) -> list[Any]:
    return [entry for entry in cm.long_term_memory.entries if entry.kind == kind]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_costs_quality_only(open_with: Any, fault: str) -> None:
    with serve(FAULTS[fault]) as at, open_with(at) as cm:
        tell(cm, *MOVES)
        assert at.requests, "the provider was asked"

        said = {text for turn in MOVES for text in turn}
        assert said <= {entry.text for entry in kept(cm, "message")}
        summaries = kept(cm, "summary")
        assert summaries
        assert all(entry.text.strip() for entry in summaries)
        assert {s for entry in summaries for s in entry.source_ids} == {
            entry.id for entry in kept(cm, "message")
        }
        assert [fact.text for fact in cm.facts()] == ["The user lives in Leeds."]

        before = len(at.requests)
        context = cm.build("How many jars of plums are in the cellar?")
        assert "40 jars of plums" in context.text
        assert context.degraded == ("llm",)
        assert len(at.requests) == before, "no prompt waits for a provider"


@pytest.mark.parametrize("fault", ["503", "silence", "10 MB"])
def test_when_the_provider_is_back_so_is_what_it_does(open_with: Any, fault: str) -> None:
    with serve(FAULTS[fault]) as at, open_with(at) as cm:
        tell(cm, MOVES[0])
        assert cm.build("Where do I live?").degraded == ("llm",)
        at.script[:] = [server.answers("The cellar holds 40 jars. []")]
        (guard,) = cm.engine.guards()
        guard.breaker.cooldown = 0.0
        wait_from_now_on(cm)
        tell(cm, MOVES[1])
        assert cm.build("Where do I live?").degraded == ()


def test_a_dead_provider_is_left_in_peace_after_some_failures(open_with: Any) -> None:
    with serve(server.status(503)) as at, open_with(at) as cm:
        first, *rest = [(f"Crate {n} holds {n + 7} lamps.", "Counted.") for n in range(10)]
        tell(cm, first)
        (guard,) = cm.engine.guards()
        guard.breaker.cooldown = 1e9
        tell(cm, *rest)
        assert len(at.requests) == guard.breaker.threshold
        assert cm.get_stats()["llm"]["circuit_open"]
        assert len(kept(cm, "message")) == 20


def test_a_cap_holds_whatever_the_provider_says(open_with: Any) -> None:
    limit = SpendConfig(calls_in_total=3)
    with serve(server.answers("[]")) as at, open_with(at, spend=limit) as cm:
        tell(cm, *[(f"Crate {n} holds {n + 7} lamps.", "Counted.") for n in range(10)])
        assert len(at.requests) == 3
        assert cm.build("How many lamps?").degraded == ("llm",)


def test_a_malformed_list_of_facts_is_asked_for_once_more_and_changes_nothing(
    open_with: Any,
) -> None:
    with serve(server.answers('[{"about": "The user", ')) as at, open_with(at) as cm:
        cm.config.memory.summaries = False
        tell(cm, ("Weekends are for hiking.", "Lovely."))
        assert len(at.requests) == 2
        assert cm.facts() == []


def test_facts_and_summaries_arrive_from_a_provider_that_works(open_with: Any) -> None:
    hiking = {
        "about": "The user",
        "what": "hobby",
        "value": "hiking",
        "sentence": "The user's hobby is hiking.",
        "from": [1],
    }
    script = [server.answers("Weekends are for hiking."), server.answers(json.dumps([hiking]))]
    with serve(*script) as at, open_with(at) as cm:
        tell(cm, ("Weekends are for hiking, always were.", "Lovely."))
        assert [fact.text for fact in cm.facts()] == ["The user's hobby is hiking."]
        assert kept(cm, "summary")[0].metadata["method"] == "llm"
        told = cm.get_stats()["llm"]
        assert told["spent"] == {"calls": 2, "tokens": 36}
        assert {line["purpose"] for line in told["ledger"]} == {"facts", "summary.chunk"}
        assert cm.build("What do I do at weekends?").degraded == ()
