"""What is left to workers is done by them: once, whoever is killed, and even if nobody told."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from context_manager import Config, ContextManager, MemoryConfig
from context_manager.errors import ConfigError, EmbeddingError
from context_manager.manager.worker import MOST_ATTEMPTS, Worker
from context_manager.store.memory import MemoryStore
from context_manager.store.memory.queue import MemoryQueue
from context_manager.store.queue import Job
from context_manager.store.sqlite import SQLiteStore
from context_manager.testing.clock import ManualClock
from context_manager.testing.embedders import HashEmbedder
from support.killing import KILLED, ended, started

SHORT = MemoryConfig(stm_capacity=60, chunk_size=40)


def manager(store: Any, background: Any = "workers") -> ContextManager:
    cm = ContextManager(Config(memory=SHORT, background=background), store=store)
    cm.embedding_provider = HashEmbedder()
    return cm


def talk(cm: ContextManager, turns: int = 12, about: str = "crate") -> None:
    for number in range(turns):
        cm.observe(f"The {about} number {number} holds {number + 100} lamps.", "Counted, thanks.")
    assert cm.engine.background.drain(120)


def pending(cm: ContextManager) -> int:
    return len(cm.archive.store.pending(cm.scope.partition, cm.model(), 1000))


def summaries(cm: ContextManager) -> list[str]:
    return [entry.text for entry in cm.long_term_memory.entries if entry.kind == "summary"]


@pytest.fixture
def store(tmp_path: Path) -> SQLiteStore:
    return SQLiteStore(tmp_path / "memory.db", durability="normal")


def test_a_service_leaves_vectors_and_summaries_to_workers(store):
    cm = manager(store)
    talk(cm)
    assert pending(cm) == 24
    assert summaries(cm) == []
    assert store.queue.counts() == {"embed": 1, "consolidate": 1}
    Worker(manager(store)).run_due()
    assert pending(cm) == 0
    assert len(summaries(cm)) > 1


def test_workers_write_what_the_process_itself_would_have_written(store):
    alone = manager(MemoryStore(), "here")
    talk(alone)
    cm = manager(store)
    talk(cm)
    Worker(manager(store)).run_due()
    assert summaries(cm)[: len(summaries(alone))] == summaries(alone)
    shown = [manager.build("How many lamps?", now=0).text for manager in (alone, cm)]
    assert shown[0] == shown[1]


def test_what_workers_summarised_leaves_the_working_set_of_the_service(store):
    cm, worker = manager(store), Worker(manager(store))
    most = 0
    for number in range(40):
        talk(cm, 1, f"shelf {number}")
        worker.run_due()
        most = max(most, cm.short_term_memory.fallen_tokens)
    assert most < 4 * SHORT.chunk_size


def test_without_a_worker_what_waits_is_seldom_read_again(store, monkeypatch):
    """Each time twice as much waits: all readings together cost a small multiple of the last."""
    cm, read, plain = manager(store), [], store.unconsolidated
    monkeypatch.setattr(
        store, "unconsolidated", lambda scope: read.append(plain(scope)) or read[-1]
    )
    talk(cm, 100)
    waiting = len(plain(cm.scope))
    assert waiting == 100
    assert len(read) > 3
    assert sum(map(len, read)) < 3 * waiting


def test_work_that_nobody_told_of_is_found(store):
    """The service was killed before it told, or did its work itself once."""
    cm = manager(store)
    talk(cm.scoped(user_id="ana"))
    talk(cm.scoped(user_id="bob", session_id="monday"))
    while lease := store.queue.take(["embed", "consolidate", "topics"], 60):
        store.queue.finish(lease)
    worker = Worker(manager(store))
    worker.run_due()
    for user in ("ana", "bob"):
        assert pending(cm.scoped(user_id=user)) == 0
        assert summaries(cm.scoped(user_id=user))


def test_a_round_that_finds_nothing_new_reads_no_memory(store):
    cm, worker = manager(store), Worker(manager(store))
    talk(cm)
    for _ in range(2):  # first there is something to do, then it is seen that there is no more
        store.queue.add([Job("tend", cm.scope.partition)])
        worker.run_due()
    read = []
    seen = worker._working._root.archive.store
    plain = seen.pending
    seen.pending = lambda *given: read.append(given) or plain(*given)
    store.queue.add([Job("tend", cm.scope.partition)])
    assert worker.run_due() == 1
    assert read == []


def _work_and_hang(path: str) -> None:
    """A worker that never comes back from its first text."""
    cm = manager(SQLiteStore(path))

    class Hangs(HashEmbedder):
        def embed(self, texts):
            Path(f"{path}.hangs").touch()
            threading.Event().wait()

    cm.embedding_provider = Hangs()
    Worker(cm, lease=1).run()


def _taken_until(store):
    """When the lease of the job that is taken ends."""
    with store._write() as connection:
        return connection.execute("SELECT max(due) FROM jobs WHERE token <> ''").fetchone()


def test_a_killed_workers_job_is_taken_over(store):
    """It said all the while that it goes on, and says so no more."""
    cm = manager(store)
    talk(cm, 1)
    child = started(_work_and_hang, store.location)
    mark, waiting = Path(f"{store.location}.hangs"), threading.Event()
    while not mark.exists():
        waiting.wait(0.01)
    first = _taken_until(store)
    while _taken_until(store) == first:
        waiting.wait(0.01)
    worker = Worker(manager(store))
    child.kill()
    assert ended(child) == KILLED
    while pending(cm):
        worker.run_due()
        waiting.wait(0.01)
    assert pending(cm) == 0


def test_two_workers_on_the_same_chunk_make_one_summary(store):
    cm = manager(store)
    talk(cm)
    alone = manager(MemoryStore(), "here")
    talk(alone)
    job = Job("consolidate", cm.scope.partition, cm.scope.session_id)
    workers = [Worker(manager(store)) for _ in range(4)]
    threads = [threading.Thread(target=worker._working.do, args=(job,)) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    while not workers[0]._working.do(job):
        pass
    assert len(summaries(cm)) == len(summaries(alone))


def test_what_fails_is_tried_again_later_and_not_for_ever():
    clock, store = ManualClock(), MemoryStore()
    store.queue = MemoryQueue(clock)
    cm = manager(store)
    talk(cm, 1)
    tries = []

    class Broken(HashEmbedder):
        def embed(self, texts):
            tries.append(clock())
            raise EmbeddingError("not today")

    cm.embedding_provider = Broken()
    worker = Worker(cm, every=1e9, sweep_every=1e9)
    clock.advance(1)
    for _ in range(MOST_ATTEMPTS * 3):
        worker.run_due()
        while store.queue.take(["tend", "tend all", "sweep", "sweep all", "scrub"], 1e9):
            pass
        clock.advance(300)
    times = sorted(set(tries))
    assert len(tries) <= 2 * MOST_ATTEMPTS
    assert times[1] > times[0]
    assert "embed" not in store.queue.counts()
    cm.embedding_provider = HashEmbedder()
    talk(cm, 1)
    clock.advance(1)
    worker.run_due()
    assert pending(cm) == 0


class Other(HashEmbedder):
    """Another model."""

    fingerprint = "another"


@pytest.mark.parametrize("asked", [True, False])
def test_another_models_vectors_are_replaced_only_when_asked(store, asked):
    cm = manager(store)
    cm.ingest_text("\n\n".join(f"Lamp {number} is lit. " * 40 for number in range(300)))
    cm.archive.embed_pending(cm.scope.partition)
    before = set(store.models(cm.scope.partition))
    cm.embedding_provider = Other()
    cm.add_memory("A lamp is out.")
    Worker(cm, reembed=asked).run_due()
    assert (pending(cm) == 0) == asked
    assert set(store.models(cm.scope.partition)) == ({"another"} if asked else before)


def test_what_has_expired_is_forgotten_and_its_bytes_too(store):
    cm = manager(store)
    expired = cm.add_memory("The blue umbrella is at the station.", expires_at=1.0)
    kept = cm.add_memory("The green umbrella is at home.")
    cm.engine.background.drain()
    Worker(manager(store)).run_due()
    assert [entry.id for entry in cm.long_term_memory.entries] == [kept]
    assert cm.archive.store.entries(cm.scope.partition, [expired]) == []
    assert not store.facts().scrub_due
    files = [path for path in Path(store.location).parent.iterdir() if path.is_file()]
    assert not any(b"blue umbrella" in path.read_bytes() for path in files)


def test_a_worker_works_until_it_is_stopped_and_says_that_it_is_well(store):
    cm, beats, done = manager(store), threading.Semaphore(0), threading.Event()
    worker = Worker(manager(store), threads=3, lease=0.3, alive=beats.release)
    running = threading.Thread(target=lambda: (worker.run(), done.set()))
    running.start()
    assert beats.acquire(timeout=60)
    talk(cm)
    while pending(cm) or not summaries(cm):
        done.wait(0.01)
    worker.stop()
    worker.stop()
    running.join(60)
    assert done.is_set()
    with store._write() as connection:  # what was at hand is finished, and nothing is taken
        taken = connection.execute("SELECT count(*) FROM jobs WHERE token <> ''").fetchone()
    assert taken == (0,)


def test_work_can_be_left_only_where_there_is_a_queue_and_a_worker_needs_one():
    class Plain:
        def __init__(self) -> None:
            self._store = MemoryStore()

        def __getattr__(self, name):
            if name == "queue":
                raise AttributeError(name)
            return getattr(self._store, name)

    with pytest.raises(ConfigError, match="queue"):
        manager(Plain())
    with pytest.raises(ConfigError, match="background"):
        Worker(manager(MemoryStore(), "here"))
