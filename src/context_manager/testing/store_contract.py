"""What every store must do, as a class of tests to inherit from.

A back end's author writes three lines::

    class TestMyStore(StoreContract):
        def open(self, place):
            return MyStore(place / "memory")

and runs pytest. A store that finds its memory again when the same place is opened again inherits
from `DurableStoreContract` instead.
This file knows the protocol only; each test's name states a promise.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from context_manager.store.protocol import (
    Change,
    LedgerDraft,
)
from context_manager.testing.store_promises.changes import ChangePromises
from context_manager.testing.store_promises.conditions import ConditionPromises
from context_manager.testing.store_promises.entries import EntryPromises
from context_manager.testing.store_promises.finding import FindingPromises
from context_manager.testing.store_promises.isolation import IsolationPromises
from context_manager.testing.store_promises.ledgers import LedgerPromises
from context_manager.testing.store_promises.lifetime import LifetimePromises
from context_manager.testing.store_promises.rows import RowPromises
from context_manager.testing.store_promises.samples import (
    HERE,
    HOME,
    MODEL,
    everything,
    exchange,
    note,
    vector,
)
from context_manager.testing.store_promises.turns import TurnPromises

__all__ = [
    "HERE",
    "HOME",
    "MODEL",
    "DurableStoreContract",
    "StoreContract",
    "exchange",
    "note",
    "vector",
]


class StoreContract(
    EntryPromises,
    TurnPromises,
    ChangePromises,
    ConditionPromises,
    RowPromises,
    FindingPromises,
    LedgerPromises,
    IsolationPromises,
    LifetimePromises,
):
    """Inherit, define `open`, and every promise of the `Store` protocol becomes a test."""


class DurableStoreContract(StoreContract):
    """The contract of a store that finds its memory again: opening a place twice is the same."""

    def test_what_was_acknowledged_is_there_after_reopening(self, tmp_path: Path) -> None:
        store = self.open(tmp_path)
        draft = replace(note("n"), vectors=(vector(1, 0, 0),), model=MODEL)
        store.apply(HERE, Change(turns=(exchange("t", "x", "y"),), entries=(draft,), key="k"))
        store.apply(HERE, Change(ledger=(LedgerDraft("book", "a", "x"),)))
        before, secret = everything(store, HOME), store.secret()
        ledger = store.ledger(HERE, "book")
        store.close()
        again = self.open(tmp_path)
        assert (everything(again, HOME), again.secret()) == (before, secret)
        assert again.ledger(HERE, "book") == ledger
        assert again.apply(HERE, Change(entries=(note("m"),), key="k")).seqs == (0,)
        again.close()
