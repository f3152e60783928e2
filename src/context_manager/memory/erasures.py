"""How an erasure is written down: receipts in a chain, and tombstones that keep what is gone gone.

Decides what stands in the two books of the ledger. Ids and receipts are hashed with keys derived
from the store's secret, so that neither betrays anything to somebody without it. It deletes
nothing and holds no text.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, replace
from hashlib import blake2b
from typing import Any

from context_manager.records import Partition, Receipt
from context_manager.store import Store
from context_manager.store.protocol import LedgerDraft, LedgerLine

RECEIPTS = "receipts"
TOMBSTONES = "tombstones"
KEYS = "keys"
"""Keys of other stores, whose receipts and tombstones came with an import."""

ALL = "*"
"""The tombstone of everything that a partition held at some time."""


class Erasures:
    """The receipts and tombstones of one store.

    Args:
        store: Whose ledger it is.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._keys = {name: _derived(store.secret(), name) for name in (TOMBSTONES, RECEIPTS)}
        self.store_id = _derived(store.secret(), "store").hex()[:32]

    def tombstones(self, ids: Iterable[str], at: float) -> tuple[LedgerDraft, ...]:
        """A line for each id that must not come back."""
        body, key = json.dumps({"at": at}), self._keys[TOMBSTONES]
        return tuple(
            LedgerDraft(TOMBSTONES, tombstone(key, identifier), body, replace=True)
            for identifier in dict.fromkeys(ids)
        )

    def unbury(self, identifier: str) -> tuple[str, str]:
        """What to strike when an id that was forgotten is given to something new."""
        return TOMBSTONES, tombstone(self._keys[TOMBSTONES], identifier)

    def tombstone_of_all(self, partition: Partition, at: float) -> LedgerDraft:
        """The line that buries everything the partition holds now."""
        change = self._store.version(partition).change
        body = {"at": at, "change": change, "store": self.store_id}
        return LedgerDraft(TOMBSTONES, ALL, json.dumps(body), replace=True)

    def buried(
        self, partition: Partition, ids: Iterable[str], among: Iterable[str] | None = None
    ) -> set[str]:
        """Which of these ids were forgotten one by one, here or where the tombstones are from.

        Args:
            partition: Whose tombstones.
            ids: Of entries or turns.
            among: Only tombstones of these names.
        """
        names = {
            tombstone(key, identifier): identifier
            for identifier in ids
            for key in (self._keys[TOMBSTONES], *self._foreign(partition, TOMBSTONES).values())
        }
        wanted = names if among is None else names.keys() & set(among)
        found = self._store.ledger(partition, TOMBSTONES, list(wanted))
        return {names[line.name] for line in found}

    def burial(self, partition: Partition) -> dict[str, Any]:
        """When everything was last forgotten: ``at``, ``change`` and ``store``; empty if never."""
        found = self._store.ledger(partition, TOMBSTONES, [ALL])
        return dict(json.loads(found[0].body)) if found else {}

    def receipts(self, partition: Partition) -> list[Receipt]:
        """Every receipt of the partition, oldest first."""
        return [_receipt(line) for line in self._store.ledger(partition, RECEIPTS)]

    def last(self, partition: Partition) -> Receipt | None:
        """The newest receipt of this store; None if there is none."""
        own = [item for item in self.receipts(partition) if item.store == self.store_id]
        return own[-1] if own else None

    def issue(self, last: Receipt | None, receipt: Receipt) -> tuple[Receipt, LedgerDraft]:
        """The receipt with its place in the chain after ``last``, and the line that adds it.

        Read ``last`` before anything that the erasure depends on: if another erasure comes in
        between, adding the line fails with `ConflictError`.
        """
        chained = replace(
            receipt,
            store=self.store_id,
            number=last.number + 1 if last else 1,
            previous=last.digest if last else "",
        )
        chained = replace(chained, digest=_digest(self._keys[RECEIPTS], chained))
        return chained, receipt_line(chained)

    def broken(self, partition: Partition) -> list[Receipt]:
        """The receipts that were altered, or do not follow the one before."""
        keys = {**self._foreign(partition, RECEIPTS), self.store_id: self._keys[RECEIPTS]}
        wrong = []
        before: dict[str, tuple[str, int]] = {}
        for receipt in self.receipts(partition):
            previous, number = before.get(receipt.store, ("", 0))
            follows = (receipt.previous, receipt.number) == (previous, number + 1)
            genuine = receipt.digest == _digest(keys.get(receipt.store, b""), receipt)
            if not (follows and genuine):
                wrong.append(receipt)
            before[receipt.store] = receipt.digest, receipt.number
        return wrong

    def keys(self, partition: Partition) -> tuple[LedgerDraft, ...]:
        """Lines by which another store can read these tombstones and check these receipts."""
        own = {name: key.hex() for name, key in self._keys.items()}
        foreign = [
            LedgerDraft(KEYS, line.name, line.body, replace=True)
            for line in self._store.ledger(partition, KEYS)
        ]
        return (*foreign, LedgerDraft(KEYS, self.store_id, json.dumps(own), replace=True))

    def _foreign(self, partition: Partition, purpose: str) -> dict[str, bytes]:
        """Keys of other stores by the store's id."""
        lines = self._store.ledger(partition, KEYS)
        return {line.name: bytes.fromhex(json.loads(line.body)[purpose]) for line in lines}


def receipt_line(receipt: Receipt) -> LedgerDraft:
    """The line that holds a receipt."""
    return LedgerDraft(RECEIPTS, f"{receipt.store}:{receipt.number:08}", _packed(receipt))


def tombstone(key: bytes, identifier: str) -> str:
    """The name under which an id is buried."""
    return blake2b(identifier.encode("utf-8", "replace"), digest_size=16, key=key).hexdigest()


def _packed(receipt: Receipt) -> str:
    fields = asdict(receipt)
    del fields["bytes_scrubbed"]
    return json.dumps(fields, sort_keys=True, separators=(",", ":"))


def _receipt(line: LedgerLine) -> Receipt:
    return Receipt(bytes_scrubbed=True, **json.loads(line.body))


def _digest(key: bytes, receipt: Receipt) -> str:
    content = _packed(replace(receipt, digest=""))
    return blake2b(content.encode(), digest_size=16, key=key).hexdigest()


def _derived(secret: bytes, purpose: str) -> bytes:
    return blake2b(key=secret, person=purpose.encode(), digest_size=32).digest()
