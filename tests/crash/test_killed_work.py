"""Work that follows later is done in the end, once, whenever the process was killed meanwhile.

A conversation is held by a manager whose process dies at one commit after another: while turns are
stored, embedded, summarised, merged, read for facts and forgotten. A new process goes on each time.
"""

from __future__ import annotations

from collections import Counter
from itertools import count
from pathlib import Path
from threading import Barrier, Thread

import pytest

from context_manager import Config, ContextManager, MemoryConfig
from context_manager.records import MemoryEntry
from context_manager.store.probe import Probe, crash_at, silent
from context_manager.store.protocol import EntryFilter
from context_manager.store.sqlite import SQLiteStore
from context_manager.testing.embedders import HashEmbedder
from support.killing import KILLED, outcome

PLACES = ("Leeds", "Oban", "Bath")
LENGTH = 17


def _manager(path: str, probe: Probe) -> ContextManager:
    memory = MemoryConfig(stm_capacity=90, chunk_size=60, recent_k=2)
    store = SQLiteStore(path, durability="normal", probe=probe)
    cm = ContextManager(Config(memory=memory, facts="rules"), store=store, clock=lambda: 2e9)
    cm.embedding_provider = HashEmbedder(8)
    return cm


def _converse(path: str, length: int = LENGTH, point: str = "", passing: int = 0) -> None:
    """Hold the conversation from where it stands up to a length, with all the work it makes."""
    cm = _manager(path, crash_at(point, passing) if point else silent)
    held = len(cm.archive.store.turns(cm.scope))
    for number in range(held, length):
        home = PLACES[number // 7]
        said = f"I live in {home}." if number % 7 == 0 else f"Box {number} of {home} is violet."
        cm.observe(said, f"Noted, number {number} it is.", timestamp=1e9 + number)
        if number % 3 == 0:
            cm.build_context("Which box is violet?")
    cm.engine.background.drain()
    cm.archive.embed_pending(cm.scope.partition)
    cm.close()


def _checked(path: str) -> list[tuple[object, ...]]:
    """Messages and facts, without ids, which are random; all that was due has been done once."""
    cm = _manager(path, silent)
    store, partition = cm.archive.store, cm.scope.partition
    found = [entry for _, entry in store.find(partition, EntryFilter())]
    texts = {entry.id: entry.text for entry in found}
    assert store.pending(partition, cm.model(), 10) == []
    assert len(store.vectors(partition, list(texts), cm.model())) == len(texts)
    summaries = [entry for entry in found if entry.kind == "summary"]
    told = Counter(source for entry in summaries for source in entry.source_ids)
    assert set(told.values()) == {1}, "something was summarised twice"
    still_open = {turn.id for turn in store.unconsolidated(cm.scope)}
    for entry in found:
        if entry.kind == "message":
            assert (entry.id in told) == (entry.turn_id not in still_open)
    assert len(still_open) < LENGTH / 2
    cm.close()

    def picture(entry: MemoryEntry) -> tuple[object, ...]:
        sources = tuple(texts[source] for source in entry.source_ids)
        ended = texts.get(entry.superseded_by or "", "")
        return entry.kind, entry.text, int(entry.trust), sources, ended, entry.valid_to or 0

    return sorted(picture(entry) for entry in found if entry.kind != "summary")


@pytest.mark.parametrize("point", ["commit", pytest.param("committed", marks=pytest.mark.soak)])
def test_a_conversation_killed_at_one_commit_after_another_loses_nothing_and_does_nothing_twice(
    tmp_path: Path, point: str
) -> None:
    whole = str(tmp_path / "whole.db")
    _converse(whole)
    _converse(whole, LENGTH + 2)
    expected = _checked(whole)
    assert {entry[0] for entry in expected} == {"message", "fact"}
    path = str(tmp_path / "memory.db")
    for passing in count(1):
        code = outcome(_converse, path, LENGTH, point, 1 + passing % 7)
        if code == 0:
            break
        assert code == KILLED
    assert passing > 5
    _converse(path, LENGTH + 2)  # what was due when the last process died is done now
    assert _checked(path) == expected
    store = SQLiteStore(path)
    assert store.verify().damages == ()
    store.close()


def test_two_managers_that_summarise_one_session_at_once_do_it_once(tmp_path: Path) -> None:
    """Each holds every second part of one conversation; both find the same chunks due."""
    path = str(tmp_path / "memory.db")
    cm = _manager(path, silent)
    other = _manager(path, silent)
    for number in range(LENGTH):
        speaker = (cm, other)[number % 2]
        speaker.observe(f"Box {number} of Oban is violet.", "Noted, I see.", timestamp=1e9 + number)
    together = Barrier(2)

    def summarise(one: ContextManager) -> None:
        together.wait()
        one.observe("That is all.", "Good.", timestamp=2e9)
        one.engine.background.drain()
        one.archive.embed_pending(one.scope.partition)

    threads = [Thread(target=summarise, args=(one,)) for one in (cm, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for one in (cm, other):
        one.close()
    assert len(_checked(path)) == 2 * (LENGTH + 2)
