"""What replicas share in Redis; losing, emptying or cutting it off costs speed and nothing else."""

from __future__ import annotations

import socket

import pytest

from context_manager import Config, ContextManager
from context_manager.cli.invocation import Surroundings
from context_manager.cli.program import outcome
from context_manager.config import EmbeddingConfig
from context_manager.embedding import EmbeddingProvider
from context_manager.errors import ConfigError
from context_manager.service.refusals import Refused
from context_manager.service.throttle import Throttle
from context_manager.store.sqlite import SQLiteStore
from context_manager.testing.embedders import HashEmbedder
from support.program import open_fast
from support.redis_server import redis_server


@pytest.fixture
def server(tmp_path):
    with redis_server(tmp_path) as running:
        yield running


class Counting(HashEmbedder):
    """Tells what it was asked."""

    def __init__(self, name="counting:64") -> None:
        super().__init__()
        self.name, self.asked = name, []

    @property
    def fingerprint(self):
        """Whose vectors these are."""
        return self.name

    def embed(self, texts):
        self.asked += texts
        return super().embed(texts)


def replica(store, server, url=None) -> tuple[ContextManager, Counting]:
    """A manager as another process would have it: nothing shared but the store and Redis."""
    cm = ContextManager(
        Config(embedding=EmbeddingConfig(redis_url=url or server.url)), store=SQLiteStore(store)
    )
    embedder = Counting()
    cm.embedding_provider = EmbeddingProvider(embedder)
    return cm, embedder


@pytest.fixture
def store(tmp_path):
    path = tmp_path / "memory.db"
    with ContextManager.open(path) as cm:
        cm.embedding_provider = HashEmbedder()
        cm.observe("The tandem is in the shed behind the school.", "Good to know.")
    return path


QUESTION = "Where is the tandem?"


def prompt(cm):
    return cm.build(QUESTION, now=1_800_000_000.0).text


class TestQuestions:
    def test_a_question_is_embedded_by_one_replica_only(self, store, server):
        (one, embedder), (two, other) = replica(store, server), replica(store, server)
        assert prompt(one) == prompt(two)
        assert QUESTION in embedder.asked
        assert QUESTION not in other.asked

    def test_another_users_question_is_embedded_anew(self, store, server):
        """So nobody can tell from the time an answer takes what somebody else has asked."""
        (one, _), (two, other) = replica(store, server), replica(store, server)
        prompt(one.scoped(user_id="ana"))
        prompt(two.scoped(user_id="bob"))
        assert QUESTION in other.asked

    def test_another_models_vectors_are_not_taken(self, store, server):
        (one, _), (two, other) = replica(store, server), replica(store, server)
        prompt(one)
        other.name = "another:64"
        prompt(two)
        assert QUESTION in other.asked

    def test_redis_holds_no_text_and_lets_go_by_itself(self, store, server):
        prompt(replica(store, server)[0])
        (key,) = server.client.keys("*")
        held = key + b"".join(b"".join(pair) for pair in server.client.hgetall(key).items())
        assert b"tandem" not in held
        assert b"default" not in held
        assert 0 < server.client.ttl(key) <= 3600

    def test_what_is_forgotten_is_gone_from_redis(self, store, server):
        (one, _), (two, other) = replica(store, server), replica(store, server)
        prompt(one)
        prompt(two.scoped(user_id="ana"))
        two.embedding_provider.cache.clear()
        other.asked.clear()
        assert len(server.client.keys("*")) == 2
        one.forget([one.long_term_memory.entries[0].id])
        assert len(server.client.keys("*")) == 1
        prompt(two)
        assert QUESTION in other.asked

    def test_what_was_forgotten_while_redis_was_away_is_not_read_from_it(self, store, server):
        one, embedder = replica(store, server)
        prompt(one)
        (key,) = server.client.keys("*")
        held = server.client.hgetall(key)
        server.stop()
        one.forget([one.long_term_memory.entries[0].id])
        server.start()
        server.client.hset(key, mapping=held)  # as if it had only been cut off
        one.archive.shared._breaker.succeeded()
        embedder.asked.clear()
        prompt(one)
        assert QUESTION in embedder.asked

    @pytest.mark.parametrize("harm", ["emptied", "killed", "cut off", "lying"])
    def test_no_harm_to_redis_changes_a_prompt(self, store, server, harm, monkeypatch):
        monkeypatch.setattr("context_manager.embedding.shared.PAUSE_SECONDS", 3600.0)
        one, _ = replica(store, server)
        before = prompt(one)
        if harm == "emptied":
            server.client.flushall()
        elif harm == "lying":
            (key,) = server.client.keys("*")
            (name,) = server.client.hkeys(key)
            server.client.hset(key, name, b"\xff" * 256)
        else:
            server.stop()
        if harm == "cut off":  # it takes connections and never answers
            silent = socket.create_server(("127.0.0.1", server.port))
        two, other = replica(store, server, server.impatient if harm == "cut off" else None)
        assert prompt(two) == before
        assert QUESTION in other.asked
        assert two.archive.shared._breaker.is_open == (harm in ("killed", "cut off"))
        if harm == "cut off":
            silent.close()

    def test_questions_of_one_user_do_not_fill_redis(self, store, server, monkeypatch):
        monkeypatch.setattr("context_manager.embedding.shared.MOST_QUESTIONS", 5)
        one, _ = replica(store, server)
        for number in range(6):
            one.build(f"{QUESTION} {number}")
        assert server.client.keys("*") == []

    def test_a_closed_manager_holds_no_connection(self, store, server):
        one, _ = replica(store, server)
        prompt(one)
        held = len(server.client.client_list())
        one.close()
        while len(server.client.client_list()) >= held:
            pass
        one.close()

    def test_a_url_that_is_none_is_refused(self):
        with pytest.raises(ConfigError, match="URL"):
            ContextManager(Config(embedding=EmbeddingConfig(redis_url="nowhere")))


class TestRates:
    def test_replicas_count_together(self, server):
        one, two = (Throttle("3/day", 9, 9, redis_url=server.url) for _ in range(2))
        one.count("a")
        two.count("a")
        one.count("a")
        with pytest.raises(Refused):
            two.count("a")
        two.count("b")

    def test_without_redis_each_counts_alone_and_together_again_afterwards(self, server):
        one, two = (Throttle("2/day", 9, 9, redis_url=server.url) for _ in range(2))
        server.stop()
        for throttle in (one, two):
            throttle.count("a")
            throttle.count("a")
            with pytest.raises(Refused):
                throttle.count("a")
        server.start()
        for throttle in (one, two):
            throttle._rates._breaker.succeeded()  # the pause is over
        one.count("c")
        two.count("c")
        with pytest.raises(Refused):
            one.count("c")

    def test_only_redis_is_shared(self):
        with pytest.raises(ConfigError, match="Redis"):
            Throttle("2/day", 1, 1, redis_url="nothing://here")


def test_what_is_forgotten_by_hand_is_gone_from_redis_too(store, server):
    prompt(replica(store, server)[0])
    surroundings = Surroundings(open_fast, {"CONTEXT_MANAGER_REDIS_URL": server.url})
    assert outcome(["--db", str(store), "forget", "--all", "--yes"], surroundings) == 0
    assert server.client.keys("*") == []
