"""A request that is sent again does nothing and gets the first one's answer."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from context_manager import ContextManager
from context_manager.errors import StoreFullError
from context_manager.memory.answers import ANSWERS
from context_manager.records import Partition
from context_manager.service import Service
from context_manager.service.idempotency import (
    KEPT_SECONDS,
    MOST_BYTES,
    RUNNING_SECONDS,
    Replays,
)
from context_manager.service.refusals import Refused
from context_manager.service.wire import Reply
from context_manager.store.memory import MemoryStore
from context_manager.testing.clock import ManualClock
from context_manager.testing.embedders import HashEmbedder
from support.service_faces import asking

KEY = {"Idempotency-Key": "order-66"}
INES = Partition("default", "ines", "default")
OMAR = Partition("default", "omar", "default")


def count(ask, user="default"):
    return ask("GET", f"/memory/stats?user_id={user}").data["long_term_memory"]["num_entries"]


def test_a_repeated_request_changes_nothing_more(ask):
    first, second = (ask("POST", "/memory/add", json={"text": "a"}, headers=KEY) for _ in range(2))
    assert first.body == second.body
    assert second.headers["idempotent-replayed"] == "true"
    assert count(ask) == 1


def test_a_key_is_for_one_request(ask):
    ask("POST", "/memory/add", json={"text": "a"}, headers=KEY)
    assert ask("POST", "/memory/add", json={"text": "b"}, headers=KEY).status == 409
    assert ask("POST", "/memory/pin", json={"text": "a"}, headers=KEY).status == 409
    assert count(ask) == 1


def test_users_may_use_the_same_key(ask):
    for user in ("ines", "omar"):
        ask("POST", "/memory/add", json={"text": "a", "user_id": user}, headers=KEY)
    assert (count(ask, "ines"), count(ask, "omar")) == (1, 1)


def test_a_refused_request_may_be_mended_under_its_key(ask):
    assert ask("POST", "/memory/add", json={"text": " "}, headers=KEY).status == 422
    assert ask("POST", "/memory/add", json={"text": "a"}, headers=KEY).status == 200


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 256])
def test_a_key_must_be_plain(ask, key):
    headers = {"Idempotency-Key": key}
    assert ask("POST", "/memory/add", json={"text": "a"}, headers=headers).status == 422


@pytest.mark.parametrize(
    ("path", "body"),
    [("/memory/forget", {"where": {"kinds": ["message"]}}), ("/memory/clear", {})],
    ids=["some", "everything"],
)
def test_forgetting_forgets_the_answers_and_not_that_it_was_done(ask, manager, path, body):
    said = {"messages": [{"role": "user", "content": "a secret"}]}
    assert ask("POST", "/turns", json=said, headers=KEY).status == 200
    ask("POST", path, json=body, headers={"Idempotency-Key": "f"})
    lines = manager.archive.store.ledger(manager.scope.partition, ANSWERS)
    assert len(lines) == 2
    assert not any("secret" in line.body for line in lines)
    again = ask("POST", "/turns", json=said, headers=KEY)
    assert (again.status, again.data["type"].rpartition(":")[2]) == (409, "answer-gone")
    assert count(ask) == 0
    assert ask("POST", path, json=body, headers={"Idempotency-Key": "f"}).status == 200


def test_forgetting_beside_the_service_forgets_them_too(ask, manager):
    ask("POST", "/memory/pin", json={"text": "a secret"}, headers=KEY)
    said = {"messages": [{"role": "user", "content": "a secret"}]}
    ask("POST", "/turns", json=said, headers={"Idempotency-Key": "t"})
    manager.forget(everything=True)
    lines = manager.archive.store.ledger(manager.scope.partition, ANSWERS)
    assert len(lines) == 2
    assert not any("secret" in line.body for line in lines)


def test_keys_outlive_a_restart_and_hold_for_every_process(tmp_path, face):
    def sent(body):
        with ContextManager.open(tmp_path / "store.db") as manager:
            manager.embedding_provider = HashEmbedder()
            with asking(face, Service(manager)) as ask:
                got = ask("POST", "/memory/add", json=body, headers=KEY)
                return got.status, got.data.get("memory_id"), count(ask)

    first = sent({"text": "a"})
    assert first[0] == 200
    assert sent({"text": "a"}) == first
    assert sent({"text": "b"}) == (409, None, 1)


def test_an_error_is_no_answer_to_keep(ask, manager):
    manager.archive.store.apply = _full(manager.archive.store.apply)
    assert ask("POST", "/memory/add", json={"text": "a"}, headers=KEY).status == 507
    assert ask("POST", "/memory/add", json={"text": "a"}, headers=KEY).status == 200


def _full(apply):
    """A store that has no space for the first memory."""
    refusals = iter([StoreFullError("no space")])

    def applied(partition, change):
        if change.entries:
            for refusal in refusals:
                raise refusal
        return apply(partition, change)

    return applied


class TestReplays:
    @pytest.fixture
    def clock(self):
        return ManualClock(1_000_000)

    @pytest.fixture
    def store(self):
        return MemoryStore()

    def test_a_request_that_runs_is_not_run_again_by_any_process(self, store, clock):
        here, there = Replays(store, clock), Replays(store, clock)
        assert here.begin(INES, "k", b"request") is None
        for process in (here, there):
            with pytest.raises(Refused, match="not finished"):
                process.begin(INES, "k", b"request")
        assert there.begin(OMAR, "k", b"request") is None
        here.end(INES, "k", b"request", None)
        assert there.begin(INES, "k", b"other") is None

    def test_of_many_at_once_one_begins(self, store):
        processes = [Replays(store) for _ in range(8)]

        def begun(process):
            try:
                return process.begin(INES, "k", b"request") is None
            except Refused:
                return False

        with ThreadPoolExecutor(8) as pool:
            assert sum(pool.map(begun, processes)) == 1

    def test_a_request_that_was_cut_off_is_never_done_again(self, store, clock):
        """Whether it was done, nobody knows; its client is told to look."""
        Replays(store, clock).begin(INES, "k", b"request")
        restarted = Replays(store, clock)
        clock.advance(RUNNING_SECONDS + 1)
        with pytest.raises(Refused, match="cut off"):
            restarted.begin(INES, "k", b"request")

    def test_answers_are_kept_for_a_day(self, store, clock):
        replays = Replays(store, clock)
        replays.begin(INES, "k", b"")
        replays.end(INES, "k", b"", Reply(body=b"answer"))
        clock.advance(KEPT_SECONDS - 1)
        assert replays.begin(INES, "k", b"").body == b"answer"
        clock.advance(2)
        assert replays.begin(INES, "k", b"other") is None

    def test_old_lines_make_room(self, store, clock):
        replays = Replays(store, clock)
        for number in range(40):
            replays.begin(INES, str(number), b"")
            replays.end(INES, str(number), b"", Reply())
        clock.advance(KEPT_SECONDS + 1)
        for number in range(10):
            replays.begin(INES, f"new {number}", b"")
        assert len(store.ledger(INES, ANSWERS)) == 10

    def test_of_a_long_answer_only_that_it_was_given_is_kept(self, store, clock):
        replays = Replays(store, clock)
        replays.begin(INES, "k", b"")
        replays.end(INES, "k", b"", Reply(body=b"x" * (MOST_BYTES + 1)))
        assert len(store.ledger(INES, ANSWERS)[0].body) < 1000
        with pytest.raises(Refused, match="done before"):
            replays.begin(INES, "k", b"")

    def test_neither_keys_nor_requests_stand_in_the_store(self, store):
        Replays(store).begin(INES, "order of Ines", b"a secret request")
        (line,) = store.ledger(INES, ANSWERS)
        assert "Ines" not in line.name + line.body
        assert "secret" not in line.body
