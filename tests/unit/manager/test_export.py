"""An export holds everything, comes back exactly, and brings back nothing that was forgotten."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from context_manager import Config, ContextManager, MemoryConfig, Message, Trust
from context_manager.errors import ImportFormatError, InputError, ScopeError
from context_manager.manager import exporting
from context_manager.memory import export_file
from context_manager.store import Store
from context_manager.store.memory import MemoryStore
from context_manager.store.protocol import Change, EntryFilter, EntryUpdate
from context_manager.store.sqlite import SQLiteStore
from context_manager.testing.clock import ManualClock
from context_manager.testing.embedders import HashEmbedder

STORES: dict[str, Callable[[Path], Store]] = {
    "memory": lambda path: MemoryStore(),
    "sqlite": lambda path: SQLiteStore(path),
}


def manager(store: Store | None = None, clock: ManualClock | None = None) -> ContextManager:
    config = Config(memory=MemoryConfig(stm_capacity=120, chunk_size=60))
    made = MemoryStore() if store is None else store
    cm = ContextManager(config, store=made, clock=clock or ManualClock())
    cm.embedding_provider = HashEmbedder(8)
    return cm


def filled(cm: ContextManager) -> ContextManager:
    """Everything a user may have: sessions, tasks, names, times, notes, summaries, receipts."""
    for number in range(24):
        here = cm.scoped(session_id=f"s{number % 2}", task_id="job" if number % 5 == 0 else None)
        here.observe_messages(
            [
                Message(
                    "user", f"Fruit {number} is a plum{number}", name="Zo\u00eb", timestamp=5.0
                ),
                Message("tool", f"Plum{number}\nfound \U0001f351", metadata={"source": "db"}),
            ],
            metadata={"n": [number, None, {"x": 1.5}]},
            timestamp=1000.0 + number,
            priority=1.5,
        )
    note = cm.add_memory("The gate is green", {"k": "v"}, importance=0.9, expires_at=9e9)
    cm.add_memory("Ann lives in Oslo", kind="fact", trust=Trust.ASSISTANT, timestamp=7.0)
    cm.pin("Always be brief")
    cm.ingest_text("A chapter on moss. " * 300, source="/moss.txt")
    cm.archive.apply(
        cm.scope.partition,
        Change(updates=(EntryUpdate(note, {"valid_from": 3.0, "valid_to": 8e9}),)),
    )
    cm.forget(cm.add_memory("a secret to be forgotten"))
    return cm


def picture(cm: ContextManager) -> dict[str, Any]:
    """Everything kept of a user, but keys and versions of the store's own."""
    store, partition = cm.archive.store, cm.scope.partition
    sessions = store.sessions(partition)
    return {
        "entries": sorted(
            (entry for _, entry in store.find(partition, EntryFilter())), key=lambda e: e.id
        ),
        "turns": [store.turns(scope) for scope in sessions],
        "open": [store.unconsolidated(scope) for scope in sessions],
        "sessions": sessions,
        "receipts": cm.receipts(),
        "tombstones": len(store.ledger(partition, "tombstones")),
    }


@pytest.mark.parametrize("there", STORES.values(), ids=STORES)
@pytest.mark.parametrize("here", STORES.values(), ids=STORES)
def test_what_comes_back_is_what_went_out(here, there, tmp_path: Path) -> None:
    source = filled(manager(here(tmp_path / "here.db")))
    told = source.export(tmp_path / "all.jsonl")
    target = manager(there(tmp_path / "there.db"))
    done = target.import_export(tmp_path / "all.jsonl")
    assert picture(target) == picture(source)
    assert (done.partitions, done.turns, done.entries) == (1, 24, told.entries)
    assert (done.present, done.forgotten, done.erased) == (0, 0, 0)
    assert target.build_context("What about plum7?") == source.build_context("What about plum7?")
    assert target.archive.erasures.broken(target.scope.partition) == []
    for cm in (source, target):
        cm.close()


def test_seqs_are_kept_where_turns_were_forgotten(tmp_path: Path) -> None:
    source = manager()
    turns = [source.observe(f"Number {n}", "ok") for n in range(6)]
    source.forget([turns[0].id, turns[3].id])
    source.export(tmp_path / "all.jsonl")
    target = manager()
    target.import_export(tmp_path / "all.jsonl")
    assert [turn.seq for turn in target.archive.store.turns(target.scope)] == [1, 2, 4, 5]


def test_a_second_import_adds_nothing(tmp_path: Path) -> None:
    source = filled(manager())
    source.export(tmp_path / "all.jsonl")
    target = manager()
    target.import_export(tmp_path / "all.jsonl")
    before = picture(target)
    again = target.import_export(tmp_path / "all.jsonl")
    assert (again.turns, again.entries) == (0, 0)
    assert again.present == len(before["entries"])
    assert picture(target) == before


def test_vectors_can_be_taken_along(tmp_path: Path) -> None:
    source = filled(manager())
    source.archive.embed_pending(source.scope.partition)
    source.export(tmp_path / "all.jsonl", vectors=True)
    target = manager()
    target.import_export(tmp_path / "all.jsonl")
    partition = target.scope.partition
    assert target.archive.store.models(partition) == source.archive.store.models(partition)
    assert target.archive.store.pending(partition, target.model(), 10) == []


def test_an_import_fills_up_what_is_missing(tmp_path: Path) -> None:
    """Into a store that has gone on meanwhile."""
    source = manager()
    source.observe("Before the export", "yes")
    source.export(tmp_path / "all.jsonl")
    target = manager()
    target.import_export(tmp_path / "all.jsonl")
    target.observe("After the import", "yes")
    source.observe("Later in the source", "yes")
    source.export(tmp_path / "more.jsonl")
    done = target.import_export(tmp_path / "more.jsonl")
    assert (done.turns, done.present) == (1, 2)
    said = [turn.user_input for turn in target.archive.store.turns(target.scope)]
    assert said == ["Before the export", "After the import", "Later in the source"]


# --- what was forgotten --------------------------------------------------------------------------


def test_what_was_forgotten_since_the_export_stays_out(tmp_path: Path) -> None:
    cm = manager()
    turns = [cm.observe(f"Fruit {n} is a plum{n}x", f"Plum{n}x noted") for n in range(20)]
    note = cm.add_memory("The code is 4711")
    cm.export(tmp_path / "old.jsonl")
    cm.forget([turns[1].id, turns[2].messages[0].id, note])
    before = picture(cm)
    done = cm.import_export(tmp_path / "old.jsonl")
    assert done.forgotten >= 4
    after = picture(cm)
    texts = [entry.text for entry in after["entries"]]
    assert not [text for text in texts if "4711" in text or "plum1x" in text or "a plum2x" in text]
    assert after["turns"] == before["turns"]


def test_an_export_made_before_an_erasure_brings_nothing_back(tmp_path: Path) -> None:
    clock = ManualClock()
    cm = filled(manager(clock=clock))
    cm.export(tmp_path / "old.jsonl")
    clock.advance(60)
    cm.clear_memory()
    done = cm.import_export(tmp_path / "old.jsonl")
    assert (done.entries, done.turns) == (0, 0)
    assert done.forgotten > 40
    clock.advance(60)
    cm.observe("A new start", "yes")
    cm.export(tmp_path / "new.jsonl")
    other = manager(clock=clock)
    other.import_export(tmp_path / "new.jsonl")
    assert other.import_export(tmp_path / "old.jsonl").entries == 0
    assert [entry.text for entry in picture(other)["entries"]] == ["A new start", "yes"]


def test_tombstones_of_a_newer_export_erase_what_an_older_one_brought(tmp_path: Path) -> None:
    source = manager()
    keep = source.add_memory("The gate is green")
    gone = source.add_memory("The code is 4711")
    source.export(tmp_path / "old.jsonl")
    source.forget(gone)
    source.export(tmp_path / "new.jsonl")
    target = manager()
    target.import_export(tmp_path / "old.jsonl")
    done = target.import_export(tmp_path / "new.jsonl")
    assert done.erased == 1
    assert [entry.id for entry in picture(target)["entries"]] == [keep]
    assert target.receipts()[-1].asked == "restore"


def test_a_summary_of_what_was_forgotten_stays_out_and_its_turns_wait_again(tmp_path: Path) -> None:
    cm = manager()
    turns = [cm.observe(f"Fruit {n} is a plum{n}x", f"Plum{n}x noted") for n in range(40)]
    cm.export(tmp_path / "old.jsonl")
    other = manager()
    cm.forget(turns[1].id)
    cm.export(tmp_path / "new.jsonl")
    other.import_export(tmp_path / "new.jsonl")
    fresh = manager()
    fresh.archive.apply(
        fresh.scope.partition,
        Change(
            ledger=tuple(
                line
                for line in _lines_of(tmp_path / "new.jsonl")
                if line.book in ("tombstones", "keys")
            )
        ),
    )
    done = fresh.import_export(tmp_path / "old.jsonl")
    assert done.forgotten > 2
    found = picture(fresh)
    assert not [entry for entry in found["entries"] if "plum1x" in entry.text.casefold()]
    waiting = {turn.id for turn in fresh.archive.store.unconsolidated(fresh.scope)}
    covered = {
        source
        for entry in found["entries"]
        if entry.kind == "summary"
        for source in entry.source_ids
    }
    for turn in fresh.archive.store.turns(fresh.scope):
        assert turn.id in waiting or covered.intersection(m.id for m in turn.messages)
    ids = {entry.id for entry in found["entries"]}
    assert all(e.superseded_by in {None, *ids} for e in found["entries"])


def _lines_of(path: Path) -> list[Any]:
    from context_manager.memory.export_file import portions
    from context_manager.memory.portable import line_draft

    return [line_draft(line) for portion in portions(path) for line in portion.lines]


def test_an_id_given_anew_is_not_forgotten(tmp_path: Path) -> None:
    """Ids of one's own may be used again after they were forgotten."""
    cm = manager()
    entry = cm.get(cm.add_memory("old text"))
    mine = type(entry)("mine", "first", scope=cm.scope)
    cm.long_term_memory.add(mine)
    cm.forget("mine")
    cm.long_term_memory.add(type(entry)("mine", "second", scope=cm.scope))
    cm.export(tmp_path / "all.jsonl")
    target = manager()
    target.import_export(tmp_path / "all.jsonl")
    assert target.get("mine").text == "second"


# --- whose ---------------------------------------------------------------------------------------


def test_a_user_exports_and_imports_their_own_only(tmp_path: Path) -> None:
    root = manager()
    ann, bob = root.scoped(user_id="ann"), root.scoped(user_id="bob")
    ann.observe("Ann plays the flute", "ok")
    bob.observe("Bob likes chess", "ok")
    ann.export(tmp_path / "ann.jsonl")
    assert "Bob" not in (tmp_path / "ann.jsonl").read_text()
    target = manager()
    with pytest.raises(ScopeError, match="holds memory of"):
        target.scoped(user_id="bob").import_export(tmp_path / "ann.jsonl")
    assert target.archive.store.partitions() == []
    target.scoped(user_id="ann").import_export(tmp_path / "ann.jsonl")
    assert target.archive.store.partitions() == [ann.scope.partition]


def test_a_whole_store_can_be_moved(tmp_path: Path) -> None:
    root = manager()
    users = [root.scoped(tenant_id=f"t{n % 2}", user_id=f"u{n}") for n in range(5)]
    for user in users:
        user.observe(f"I am {user.scope.user_id}", "ok")
    gone = root.scoped(user_id="gone")
    gone.observe("Forget me", "ok")
    gone.clear_memory()
    told = root.export(tmp_path / "all.jsonl", everybody=True)
    assert told.partitions == 6
    target = manager()
    assert target.import_export(tmp_path / "all.jsonl", everybody=True).partitions == 6
    for user in users:
        partition = user.scope.partition._asdict()
        assert picture(target.scoped(**partition)) == picture(root.scoped(**partition))
    assert target.scoped(user_id="gone").receipts() == gone.receipts()


# --- the file ------------------------------------------------------------------------------------


def test_the_file_is_private_new_and_never_half(tmp_path: Path) -> None:
    path = tmp_path / "all.jsonl"
    cm = filled(manager())
    told = cm.export(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert told.bytes == path.stat().st_size
    assert [file.name for file in tmp_path.iterdir()] == ["all.jsonl"]
    with pytest.raises(InputError, match="exists already"):
        cm.export(path)


def damaged(path: Path, change: Callable[[list[str]], list[str]]) -> Path:
    lines = path.read_text().splitlines(keepends=True)
    wrong = path.with_name("wrong.jsonl")
    wrong.write_text("".join(change(lines)))
    return wrong


DAMAGES: dict[str, tuple[Callable[[list[str]], list[str]], str]] = {
    "empty": (lambda lines: [], "empty"),
    "no end": (lambda lines: lines[:-1], "truncated after line"),
    "cut line": (lambda lines: [*lines[:-1], lines[-1][:9]], "no JSON"),
    "missing line": (lambda lines: [*lines[:3], *lines[4:]], "truncated"),
    "altered text": (lambda lines: [line.replace("plum", "pear") for line in lines], "hash"),
    "another file": (lambda lines: ['{"hello": 1}\n'], "line 1 is no record"),
    "another format": (lambda lines: [lines[0].replace("manager", "m"), *lines[1:]], "not an exp"),
    "newer": (lambda lines: [lines[0].replace(":1,", ":2,"), *lines[1:]], "newer"),
    "missing field": (
        lambda lines: [line.replace('"kind"', '"sort"') for line in lines],
        r"line \d+: .*kind",
    ),
    "binary": (lambda lines: ["\x00\x01\x02"], "line 1 is no JSON"),
}


@pytest.mark.parametrize(("change", "message"), DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_file_is_refused_before_anything_is_written(
    change, message: str, tmp_path: Path
) -> None:
    filled(manager()).export(tmp_path / "all.jsonl")
    target = manager()
    with pytest.raises(ImportFormatError, match=message):
        target.import_export(damaged(tmp_path / "all.jsonl", change))
    assert target.archive.store.partitions(ledgers=True) == []


@pytest.mark.parametrize("claimed", [-1, 3, 10**12, 1.5, "2", True, None])
def test_a_place_that_no_session_had_is_refused_before_anything_is_written(
    claimed: object, tmp_path: Path
) -> None:
    """A file makes no more work than it is long, whatever number stands in it."""
    source = manager()
    turns = [source.observe(f"Number {n}", "ok") for n in range(3)]
    source.export(tmp_path / "all.jsonl")
    _, *records, _ = map(json.loads, (tmp_path / "all.jsonl").read_text().splitlines())
    for record in records:
        if record.get("id") == turns[2].id:
            record["seq"] = claimed
    (tmp_path / "forged.jsonl").write_bytes(b"".join(export_file.lines(records, 1.0, "x")))
    target = manager()
    with pytest.raises(ImportFormatError, match=turns[2].id):
        target.import_export(tmp_path / "forged.jsonl")
    assert target.archive.store.partitions(ledgers=True) == []


def test_what_is_sent_to_a_user_comes_back_without_gaps(tmp_path: Path) -> None:
    source = manager()
    turns = [source.observe(f"Number {n}", "ok") for n in range(6)]
    source.forget([turns[0].id, turns[3].id])
    (tmp_path / "mine.jsonl").write_bytes(b"".join(exporting.lines(source)))
    target = manager()
    target.import_export(tmp_path / "mine.jsonl")
    assert [turn.seq for turn in target.archive.store.turns(target.scope)] == [0, 1, 2, 3]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ImportFormatError, match=r"nowhere\.jsonl"):
        manager().import_export(tmp_path / "nowhere.jsonl")


def test_every_line_is_plain_json(tmp_path: Path) -> None:
    filled(manager()).export(tmp_path / "all.jsonl")
    lines = (tmp_path / "all.jsonl").read_bytes().splitlines()
    kinds = [json.loads(line)["record"] for line in lines]
    assert kinds[:2] == ["header", "partition"]
    assert kinds[-1] == "end"
    assert {"turn", "entry", "line"} <= set(kinds)
    assert all(line.isascii() for line in lines)


def test_saving_and_loading_keep_the_ledger_and_the_places_of_turns(tmp_path: Path) -> None:
    source = filled(manager())
    gone = source.scoped(user_id="gone")
    gone.observe("Forget me", "ok")
    gone.clear_memory()
    source.save(tmp_path / "saved.db")
    with manager(SQLiteStore(tmp_path / "saved.db")) as opened:
        assert picture(opened) == picture(source)
        assert opened.scoped(user_id="gone").receipts() == gone.receipts()
        assert opened.archive.erasures.broken(opened.scope.partition) == []
