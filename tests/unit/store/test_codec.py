"""Rows hold what records hold, and their hashes tell nothing to who lacks the secret."""

from __future__ import annotations

from dataclasses import fields

import pytest

from context_manager.records import MemoryEntry, Partition
from context_manager.store.codec import (
    ENTRY_COLUMNS,
    checksum,
    entry_of,
    entry_values,
    key_digest,
)
from context_manager.store.intake import MUTABLE_FIELDS
from context_manager.testing.store_contract import HERE, note

ONE, TWO = b"1" * 32, b"2" * 32


def test_every_field_of_an_entry_has_a_column() -> None:
    """A field added to the record must be added here, or it would be lost."""
    apart = {"embedding": (), "scope": ("session_id", "task_id")}
    expected = [
        column for field in fields(MemoryEntry) for column in apart.get(field.name, (field.name,))
    ]
    assert sorted(ENTRY_COLUMNS) == sorted(expected)


def test_an_entry_becomes_a_row_and_an_entry_again() -> None:
    entry = note("n", "text", metadata={"a": 1}, source_ids=("x",), timestamp=1).entry
    assert entry_of(HERE, entry_values(entry)) == entry


def test_what_an_update_may_change_is_what_says_not_what_or_whose_the_entry_is() -> None:
    fixed = {"id", "text", "embedding", "scope", "turn_id", "seq", "place"}
    assert {field.name for field in fields(MemoryEntry)} - MUTABLE_FIELDS == fixed


def test_hashes_cannot_be_made_without_the_secret() -> None:
    assert key_digest(ONE, "guess") != key_digest(TWO, "guess")
    assert checksum(ONE, HERE, "guess") != checksum(TWO, HERE, "guess")


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (("a", "bc"), ("ab", "c")),
        (("a", None), ("a", "")),
        ((1, "1"), ("1", 1)),
        ((b"ab", b"c"), (b"a", b"bc")),
        ((1.0,), (1,)),
    ],
)
def test_values_that_differ_have_checksums_that_differ(
    left: tuple[object, ...], right: tuple[object, ...]
) -> None:
    assert checksum(ONE, HERE, *left) != checksum(ONE, HERE, *right)


def test_a_row_of_another_partition_has_another_checksum() -> None:
    """Also where the names only meet differently: a tenant "ab" with user "c", "a" with "bc"."""
    assert checksum(ONE, Partition("ab", "c", "d"), 1) != checksum(
        ONE, Partition("a", "bc", "d"), 1
    )
