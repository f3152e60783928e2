"""The ledger stands beside memory."""

from __future__ import annotations

import pytest

from context_manager.errors import (
    ConflictError,
)
from context_manager.records import Partition
from context_manager.store.protocol import (
    Change,
    LedgerDraft,
    Store,
)
from context_manager.testing.store_promises.samples import (
    HERE,
    note,
)


class LedgerPromises:
    """The ledger stands beside memory."""

    def test_a_ledger_keeps_lines_in_the_order_written(self, store: Store) -> None:
        for name in ("c", "a", "b"):
            store.apply(HERE, Change(ledger=(LedgerDraft("book", name, f'"{name} \U0001f642"'),)))
        store.apply(HERE, Change(ledger=(LedgerDraft("other book", "a", "x"),)))
        lines = store.ledger(HERE, "book")
        assert [(line.name, line.body) for line in lines] == [
            (name, f'"{name} \U0001f642"') for name in "cab"
        ]
        assert store.ledger(HERE, "book", after=lines[0].number, limit=1) == lines[1:2]
        assert store.ledger(HERE, "book", limit=-2) == lines[1:]
        assert store.ledger(HERE, "book", ["b", "c", "x"]) == [lines[0], lines[2]]
        assert store.ledger(HERE, "book", []) == store.ledger(HERE, "no book") == []

    def test_a_name_stands_in_a_book_once(self, store: Store) -> None:
        store.apply(HERE, Change(ledger=(LedgerDraft("book", "a", "old"),)))
        with pytest.raises(ConflictError):
            again = LedgerDraft("book", "a", "new")
            store.apply(HERE, Change(entries=(note("n"),), ledger=(again,)))
        assert store.entries(HERE, ["n"]) == []
        store.apply(HERE, Change(ledger=(LedgerDraft("book", "a", "new", replace=True),)))
        assert [line.body for line in store.ledger(HERE, "book")] == ["new"]

    def test_a_struck_line_is_gone_and_its_name_free(self, store: Store) -> None:
        store.apply(HERE, Change(ledger=(LedgerDraft("book", "a", "old"),)))
        strike = (("book", "a"), ("book", "unknown"), ("unknown", "a"))
        store.apply(HERE, Change(strike=strike, ledger=(LedgerDraft("book", "a", "new"),)))
        assert [line.body for line in store.ledger(HERE, "book")] == ["new"]
        store.apply(HERE, Change(strike=strike))
        assert store.ledger(HERE, "book") == []
        assert store.partitions(ledgers=True) == []

    def test_the_ledger_is_no_memory(self, store: Store) -> None:
        """Writing it down changes no version, and a partition of lines alone holds no memory."""
        before = store.version(HERE)
        store.apply(HERE, Change(ledger=(LedgerDraft("book", "a", "x"),)))
        assert store.version(HERE) == before
        assert (store.partitions(), store.partitions(ledgers=True)) == ([], [HERE])
        assert store.partitions("nobody", ledgers=True) == []

    def test_nobody_reads_the_ledger_of_another(self, store: Store) -> None:
        other = Partition("acme", "bob", "helper")
        store.apply(HERE, Change(ledger=(LedgerDraft("book", "a", "mine"),)))
        store.apply(other, Change(ledger=(LedgerDraft("book", "a", "theirs"),)))
        store.apply(other, Change(strike=(("book", "a"),)))
        assert [line.body for line in store.ledger(HERE, "book")] == ["mine"]
        assert store.ledger(other, "book") == []
