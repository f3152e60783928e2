"""Filters find what they say and nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from context_manager.store.protocol import (
    Change,
    EntryFilter,
    EntryUpdate,
    Store,
)
from context_manager.testing.store_promises.samples import (
    HERE,
    HOME,
    exchange,
    note,
)


class FindingPromises:
    """Filters find what they say and nothing else."""

    @pytest.mark.parametrize(
        ("where", "expected"),
        [
            (EntryFilter(), "t.0 t.1 n f d"),
            (EntryFilter(kinds=("fact", "note")), "n f"),
            (EntryFilter(kinds=()), ""),
            (EntryFilter(session_id="tuesday"), "f d"),
            (EntryFilter(task_id="job"), "d"),
            (EntryFilter(task_id=""), "t.0 t.1 n f"),
            (EntryFilter(turn_id="t"), "t.0 t.1"),
            (EntryFilter(role="assistant"), "t.1"),
            (EntryFilter(since=5.0), "t.0 t.1 f d"),
            (EntryFilter(since=5.0, until=6.0), "t.0 t.1 f"),
            (EntryFilter(source_id="t.0"), "f d"),
            (EntryFilter(digest=b"\x01\x00"), "n d"),
            (EntryFilter(metadata={"a": 1}), "n d"),
            (EntryFilter(metadata={"a": True}), "f"),
            (EntryFilter(metadata={"a": 1, "b": {"y": [2], "x": "ü"}}), "d"),
            (EntryFilter(metadata={"a": None}), ""),
            (EntryFilter(metadata={"') OR 1=1 --": 1, "$.a": 1}), ""),
            (EntryFilter(kinds=("document",), source_id="t.0", metadata={"a": 1}), "d"),
        ],
    )
    def test_filters_find_what_they_say(
        self, store: Store, where: EntryFilter, expected: str
    ) -> None:
        tuesday = replace(HOME, session_id="tuesday")
        drafts = (
            replace(note("n", timestamp=1.0, metadata={"a": 1}), digest=b"\x01\x00"),
            note("f", scope=tuesday, kind="fact", timestamp=6.0, source_ids=("t.0", "n"),
                 metadata={"a": True, "c": {"a": 1}}),
            replace(
                note("d", scope=replace(tuesday, task_id="job"), kind="document", timestamp=7.0,
                     source_ids=("t.0",), metadata={"a": 1, "b": {"x": "ü", "y": [2]}}),
                digest=b"\x01\x00",
            ),
        )  # fmt: skip
        store.apply(HERE, Change(turns=(exchange("t", "x", "y"),), entries=drafts))
        assert [entry.id for _, entry in store.find(HERE, where)] == expected.split()

    def test_finding_goes_on_where_it_stopped(self, store: Store) -> None:
        names = [f"n{number}" for number in range(7)]
        store.apply(HERE, Change(entries=tuple(note(name) for name in names)))
        found: list[str] = []
        after = 0
        while batch := store.find(HERE, EntryFilter(), after=after, limit=3):
            found += [entry.id for _, entry in batch]
            after = batch[-1][0]
        assert found == names

    def test_a_changed_source_is_found_under_its_new_name_only(self, store: Store) -> None:
        store.apply(HERE, Change(entries=(note("s", source_ids=("a", "b")),)))
        store.apply(HERE, Change(updates=(EntryUpdate("s", {"source_ids": ("b", "c")}),)))
        found = {name: len(store.find(HERE, EntryFilter(source_id=name))) for name in "abc"}
        assert found == {"a": 0, "b": 1, "c": 1}
