"""How an erasure is written down: receipts in a chain, and tombstones that keep what is gone gone.

Decides what stands in the two books of the ledger. Ids and receipts are hashed with keys derived
from the store's secret, so that neither betrays anything to somebody without it. It deletes
nothing and holds no text.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from hashlib import blake2b
from typing import Any

from context_manager.records import Partition, Receipt
from context_manager.store import Store
from context_manager.store.protocol import LedgerDraft, LedgerLine

RECEIPTS = "receipts"
TOMBSTONES = "tombstones"

ALL = "*"
"""The tombstone of everything that a partition held at some time."""


class Erasures:
    """The receipts and tombstones of one store.

    Args:
        store: Whose ledger it is.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._tombstone_key = _derived(store.secret(), b"tombstone")
        self._receipt_key = _derived(store.secret(), b"receipt")
        self.store_id = _derived(store.secret(), b"store").hex()[:32]

    @property
    def tombstone_key(self) -> bytes:
        """Key of the tombstones' names: goes with an export, so that others can honour them."""
        return self._tombstone_key

    def tombstones(self, ids: Iterable[str], at: float) -> tuple[LedgerDraft, ...]:
        """A line for each id that must not come back."""
        body = json.dumps({"at": at})
        return tuple(
            LedgerDraft(TOMBSTONES, tombstone(self._tombstone_key, identifier), body, replace=True)
            for identifier in dict.fromkeys(ids)
        )

    def tombstone_of_all(self, partition: Partition, at: float) -> LedgerDraft:
        """The line that buries everything the partition holds now."""
        change = self._store.version(partition).change
        body = {"at": at, "change": change, "store": self.store_id}
        return LedgerDraft(TOMBSTONES, ALL, json.dumps(body), replace=True)

    def buried(self, partition: Partition, ids: Sequence[str]) -> set[str]:
        """Which of these ids were forgotten one by one."""
        names = {tombstone(self._tombstone_key, identifier): identifier for identifier in ids}
        found = self._store.ledger(partition, TOMBSTONES, list(names))
        return {names[line.name] for line in found}

    def burial(self, partition: Partition) -> dict[str, Any]:
        """When everything was last forgotten: ``at``, ``change`` and ``store``; empty if never."""
        found = self._store.ledger(partition, TOMBSTONES, [ALL])
        return dict(json.loads(found[0].body)) if found else {}

    def receipts(self, partition: Partition) -> list[Receipt]:
        """Every receipt of the partition, oldest first."""
        return [_receipt(line) for line in self._store.ledger(partition, RECEIPTS)]

    def last(self, partition: Partition) -> Receipt | None:
        """The newest receipt; None if there is none."""
        found = self._store.ledger(partition, RECEIPTS, limit=-1)
        return _receipt(found[0]) if found else None

    def issue(self, last: Receipt | None, receipt: Receipt) -> tuple[Receipt, LedgerDraft]:
        """The receipt with its place in the chain after ``last``, and the line that adds it.

        Read ``last`` before anything that the erasure depends on: if another erasure comes in
        between, adding the line fails with `ConflictError`.
        """
        chained = replace(
            receipt,
            number=last.number + 1 if last else 1,
            previous=last.digest if last else "",
        )
        chained = replace(chained, digest=self._digest(chained))
        return chained, LedgerDraft(RECEIPTS, f"{chained.number:08}", _packed(chained))

    def broken(self, partition: Partition) -> list[int]:
        """Numbers of the receipts that were altered, or do not follow the one before."""
        wrong = []
        previous, number = "", 0
        for receipt in self.receipts(partition):
            follows = (receipt.previous, receipt.number) == (previous, number + 1)
            if not follows or receipt.digest != self._digest(receipt):
                wrong.append(receipt.number)
            previous, number = receipt.digest, receipt.number
        return wrong

    def _digest(self, receipt: Receipt) -> str:
        content = _packed(replace(receipt, digest=""))
        return blake2b(content.encode(), digest_size=16, key=self._receipt_key).hexdigest()


def tombstone(key: bytes, identifier: str) -> str:
    """The name under which an id is buried."""
    return blake2b(identifier.encode("utf-8", "replace"), digest_size=16, key=key).hexdigest()


def _packed(receipt: Receipt) -> str:
    fields = asdict(receipt)
    del fields["bytes_scrubbed"]
    return json.dumps(fields, sort_keys=True, separators=(",", ":"))


def _receipt(line: LedgerLine) -> Receipt:
    return Receipt(bytes_scrubbed=True, **json.loads(line.body))


def _derived(secret: bytes, purpose: bytes) -> bytes:
    return blake2b(key=secret, person=purpose, digest_size=32).digest()
