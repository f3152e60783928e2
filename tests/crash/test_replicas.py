"""Three replicas and two workers over one PostgreSQL and one Redis, any of them killed at any time.

Each user of two tenants talks through whichever replica answers. One request in five is broken off:
by the client, or because its replica is killed under it. The client then sends it again, under the
same key, to any replica; once nobody can be at work on it any more, it is looked for, and sent
under a new key only if it is not there. Workers are killed all the while.
"""

from __future__ import annotations

import os
import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from context_manager.manager.observing import session_of
from context_manager.service.keyring import Keyring
from context_manager.store.protocol import EntryFilter
from support.cluster import Cluster, Replica
from support.postgres import database_for
from support.redis_server import redis_server
from support.replica import SHORT, opened
from support.served import PATIENCE

TENANTS = ("acme", "brook")
USERS = ("ana", "bob", "cem")
NOW = 1_800_000_000.0
BROKEN_OFF = 0.2
LEAST = 12
"""What everybody says at least, however slow the machine: enough for a summary."""

END_AFTER = 10.0
"""Seconds after which a replica that may be at work on a request is killed, so as to know."""


@dataclass
class User:
    """One user's client: says one thing after the other, and knows what was acknowledged."""

    tenant: str
    name: str
    key: str
    cluster: Cluster
    chance: random.Random
    said: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    problem: str = ""
    client: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=PATIENCE))

    def talk(self, end: float) -> None:
        """Say things until the time is up, and some at any rate."""
        try:
            while time.monotonic() < end or len(self.said) < LEAST:
                text = f"{self.mark} parcel {len(self.said)} weighs {len(self.said) + 40} grams"
                self._say(text)
                self.said.append(text)
                if self.chance.random() < 0.3:
                    self._ask()
        except Exception as error:  # noqa: BLE001 - a thread's problem is the test's
            self.problem = f"{self.mark}: {error!r}"

    @property
    def mark(self) -> str:
        """A word that stands in everything this user says, and in nothing of another."""
        return f"{self.tenant}{self.name}"

    def asked(self, replica: int, method: str, path: str, **given) -> httpx.Response:
        """One request that is not broken off by us."""
        url = self.cluster.replicas[replica].url
        headers = {"X-API-Key": self.key}
        answer = self.client.request(method, url + path, headers=headers, **given)
        while answer.status_code == 503:  # it says when to come again
            time.sleep(0.1)
            answer = self.client.request(method, url + path, headers=headers, **given)
        assert answer.status_code == 200, answer.text
        return answer

    def turns(self, replica: int) -> list[tuple[int, str]]:
        """Every turn of the session by its seq."""
        found, after = [], -1
        while after is not None:
            where = {"user_id": self.name, "after": after, "limit": 200}
            page = self.asked(replica, "GET", "/turns", params=where).json()
            found += [(turn["seq"], turn["messages"][0]["content"]) for turn in page["items"]]
            after = page["next"]
        return found

    def _say(self, text: str) -> None:
        key, since = os.urandom(12).hex(), 0.0
        unanswered: dict[str, Replica] = {}
        while True:
            answer = self._sent(text, key, unanswered)
            if answer is None or answer.status_code == 503:
                continue
            if answer.status_code == 200:
                self.counts["replayed" if "Idempotent-Replayed" in answer.headers else "done"] += 1
                return
            assert answer.status_code == 409, answer.text
            since = since or time.monotonic()
            alive = any(replica.life == life for life, replica in unanswered.items())
            if not alive or time.monotonic() > since + END_AFTER:
                self.cluster.end_lives(unanswered)
                if self._is_there(text):
                    self.counts["found"] += 1
                    return
                self.counts["sent anew"] += 1
                key, since = os.urandom(12).hex(), 0.0
                unanswered.clear()
            time.sleep(0.1)

    def _sent(self, text: str, key: str, unanswered: dict[str, Replica]) -> httpx.Response | None:
        """The answer of some replica; None if there came none, and it may be at work on it."""
        replica = self.chance.choice(self.cluster.replicas)
        life = replica.life
        wait, moment = PATIENCE, self.chance.uniform(0.002, 0.03)
        if self.chance.random() < BROKEN_OFF:
            if not unanswered and self.cluster.kill_soon(replica, moment):
                self.counts["killed"] += 1
            else:
                self.counts["hung up"] += 1
                wait = moment
        body = {
            "user_id": self.name,
            "messages": [{"role": "user", "content": text}],
        }
        headers = {"X-API-Key": self.key, "Idempotency-Key": key}
        address = f"{replica.url}/turns"
        try:
            answer = self.client.post(address, json=body, headers=headers, timeout=wait)
        except httpx.ConnectError:
            time.sleep(0.05)
            return None
        except httpx.TransportError:
            unanswered[life] = replica
            return None
        replica.up = True
        return answer

    def _is_there(self, text: str) -> bool:
        while True:
            replica = self.chance.randrange(3)
            try:
                return text in [said for _, said in self.turns(replica)[-50:]]
            except httpx.TransportError:
                time.sleep(0.05)

    def _ask(self) -> None:
        """No answer may hold a word of anybody else's, nor miss what was acknowledged last."""
        body = {"user_id": self.name, "input": "What do the parcels weigh?", "now": NOW}
        while True:
            try:
                answer = self.asked(self.chance.randrange(3), "POST", "/context", json=body)
            except httpx.TransportError:
                time.sleep(0.05)
            else:
                break
        others = {f"{tenant}{name}" for tenant in TENANTS for name in USERS} - {self.mark}
        assert not [mark for mark in others if mark in answer.text]
        assert self.said[-1] in answer.text
        self.counts["asked"] += 1


@pytest.fixture
def environment(tmp_path):
    with redis_server(tmp_path) as server:
        yield {
            "CONTEXT_MANAGER_DB": database_for(tmp_path),
            "CONTEXT_MANAGER_REDIS_URL": server.url,
            "CONTEXT_MANAGER_BACKGROUND": "workers",
            "CONTEXT_MANAGER_RATE": "1000000/minute",
        }


def _users(environment: dict[str, str], cluster: Cluster, seed: int) -> list[User]:
    with opened(environment["CONTEXT_MANAGER_DB"]) as cm:
        ring = Keyring(cm.archive.store)
        keys = {tenant: ring.create(tenant_id=tenant)[0] for tenant in TENANTS}
    return [
        User(tenant, name, keys[tenant], cluster, random.Random(f"{seed}{tenant}{name}"))
        for tenant in TENANTS
        for name in USERS
    ]


def _kill_workers(cluster: Cluster, over: threading.Event, chance: random.Random) -> None:
    while not over.wait(chance.uniform(1, 3)):
        chance.choice(cluster.workers).restart()


def _all_work_done(environment: dict[str, str], users: list[User]) -> None:
    """Wait for the workers, then look at what they did: each turn in one summary at most."""
    with opened(environment["CONTEXT_MANAGER_DB"]) as cm:
        end = time.monotonic() + PATIENCE
        for user in users:
            own = cm.scoped(tenant_id=user.tenant, user_id=user.name)
            store, partition = own.archive.store, own.scope.partition
            while (
                store.pending(partition, own.model(), 1)
                or own.short_term_memory.fallen_tokens >= SHORT.chunk_size
            ):
                assert time.monotonic() < end, f"work was left: {store.queue.counts()}"
                session_of(own, own.scope).reload()
                time.sleep(0.1)
            summaries = [e for _, e in store.find(partition, EntryFilter(kinds=("summary",)))]
            chunks = [e for e in summaries if e.metadata.get("level") == "chunk"]
            sources = [source for entry in chunks for source in entry.source_ids]
            assert chunks
            assert len(sources) == len(set(sources))


def storm(environment: dict[str, str], folder: Path, seconds: float, seed: int) -> Counter[str]:
    """Let everybody talk while everything is killed; then look at what is there."""
    cluster, users = Cluster(environment, folder), []
    try:
        users = _users(environment, cluster, seed)
        end = time.monotonic() + seconds
        threads = [threading.Thread(target=user.talk, args=(end,)) for user in users]
        over = threading.Event()
        killing = (cluster, over, random.Random(seed))
        killer = threading.Thread(target=_kill_workers, args=killing)
        for thread in (killer, *threads):
            thread.start()
        for thread in threads:
            thread.join()
        over.set()
        killer.join()
        assert [user.problem for user in users if user.problem] == []
        cluster.wait_until_ready()
        _all_work_done(environment, users)
        for user in users:
            _as_said(user)
        counts = sum((user.counts for user in users), Counter())
        counts["replicas killed"] = sum(replica.kills for replica in cluster.replicas)
        counts["workers killed"] = sum(worker.kills for worker in cluster.workers)
        return counts
    finally:
        for user in users:
            user.client.close()
        cluster.end()


def _as_said(user: User) -> None:
    """Everything acknowledged is there once and in its order, from every replica alike."""
    body = {"user_id": user.name, "input": "What do the parcels weigh?", "now": NOW}
    for replica in range(3):
        turns = user.turns(replica)
        assert [said for _, said in turns] == user.said
        assert [seq for seq, _ in turns] == sorted({seq for seq, _ in turns})
    prompts = {user.asked(r, "POST", "/context", json=body).json()["text"] for r in range(3)}
    assert len(prompts) == 1
    where = {"user_id": user.name}
    windows = [user.asked(r, "GET", "/memory/stats", params=where).json() for r in range(3)]
    shorts = [window["short_term_memory"] for window in windows]
    for name in ("num_turns", "current_tokens", "max_tokens", "utilization"):
        assert len({short[name] for short in shorts}) == 1, (name, shorts)


def test_no_kill_loses_doubles_reorders_or_mixes_what_users_said(environment, tmp_path):
    counts = storm(environment, tmp_path, 4, seed=1)
    assert counts["replicas killed"] > 0
    assert counts["workers killed"] > 0


@pytest.mark.soak
def test_nor_do_two_minutes_of_kills(environment, tmp_path):
    counts = storm(environment, tmp_path, 120, seed=int(os.environ.get("SEED", "2")))
    print(dict(counts))  # noqa: T201 - the figures of the run
