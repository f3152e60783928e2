"""A request that is sent again does nothing and gets the first one's answer."""

from __future__ import annotations

import pytest

from context_manager.records import Partition
from context_manager.service.idempotency import KEPT_BYTES, KEPT_SECONDS, Replays
from context_manager.service.refusals import Refused
from context_manager.service.wire import Reply
from context_manager.testing.clock import ManualClock

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


def test_forgetting_forgets_the_answers_too(ask, service):
    ask("POST", "/chat", json={"message": "a secret"}, headers=KEY)
    ask("POST", "/memory/forget", json={"everything": True}, headers={"Idempotency-Key": "f"})
    kept = [row.reply.body for row in service.replays._kept.values() if row.reply]
    assert not any(b"secret" in body for body in kept)


class TestReplays:
    def test_a_request_that_runs_is_not_run_again(self):
        replays = Replays()
        assert replays.begin(INES, "k", b"request") is None
        with pytest.raises(Refused, match="not finished"):
            replays.begin(INES, "k", b"request")
        assert replays.begin(OMAR, "k", b"request") is None
        replays.end(INES, "k", None)
        assert replays.begin(INES, "k", b"other") is None

    def test_answers_are_kept_for_a_day_and_as_many_as_fit(self):
        clock = ManualClock(0)
        replays = Replays(clock)
        for number in range(40):
            replays.begin(INES, str(number), b"")
            replays.end(INES, str(number), Reply(body=b"x" * 2**20))
        kept = sum(len(row.reply.body) for row in replays._kept.values() if row.reply)
        assert kept <= KEPT_BYTES
        assert replays.begin(INES, "39", b"") is not None
        clock.advance(KEPT_SECONDS + 1)
        assert replays.begin(INES, "39", b"") is None
