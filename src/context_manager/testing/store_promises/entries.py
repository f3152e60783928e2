"""An entry comes back as it went in."""

from __future__ import annotations

from dataclasses import replace

import pytest

from context_manager.records import Trust
from context_manager.store.protocol import (
    Change,
    Store,
)
from context_manager.testing.store_promises.samples import (
    HERE,
    HOME,
    NASTY_TEXTS,
    note,
)


class EntryPromises:
    """An entry comes back as it went in."""

    def test_an_entry_comes_back_exactly(self, store: Store) -> None:
        """Every field, with the types it went in with; the embedding is not kept here."""
        draft = note(
            "mem_1",
            "Ann moved to Oslo",
            scope=replace(HOME, task_id="move"),
            kind="fact",
            name="Ann",
            role="user",
            metadata={"b": [1, 2.5, None, True, {"c": "ü"}], "a": "x", "lone": "\ud800"},
            timestamp=12.25,
            place=4,
            trust=Trust.EXTERNAL,
            importance=0.75,
            source_ids=("mem_0", "mem_9"),
            expires_at=99.5,
            valid_from=1.5,
            valid_to=2.5,
            superseded_by="mem_2",
        )
        store.apply(HERE, Change(entries=(draft,)))
        assert store.entries(HERE, ["mem_1"]) == [draft.entry]

    @pytest.mark.parametrize("text", NASTY_TEXTS, ids=range(len(NASTY_TEXTS)))
    def test_any_text_comes_back_exactly(self, store: Store, text: str) -> None:
        """Text is data: nothing is trimmed, normalised, cut or executed."""
        store.apply(HERE, Change(entries=(note("n", text, metadata={"key": text}),)))
        found = store.entries(HERE, ["n"])[0]
        assert (found.text, found.metadata) == (text, {"key": text})

    def test_entries_come_in_the_order_asked_and_unknown_ones_are_left_out(
        self, store: Store
    ) -> None:
        store.apply(HERE, Change(entries=tuple(note(name) for name in "abc")))
        assert [entry.id for entry in store.entries(HERE, ["c", "x", "a"])] == ["c", "a"]
        assert store.entries(HERE, []) == []

    def test_what_was_read_cannot_change_what_is_kept(self, store: Store) -> None:
        given = {"tags": ["x"]}
        store.apply(HERE, Change(entries=(note("n", metadata=given),)))
        given["tags"].append("changed by the caller")
        store.entries(HERE, ["n"])[0].metadata["tags"].append("changed by a reader")
        assert store.entries(HERE, ["n"])[0].metadata == {"tags": ["x"]}
