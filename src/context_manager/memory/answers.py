"""Answers kept for requests that are sent again: one line of the ledger for each.

Decides what stands in a line and what is left of it when something is forgotten: that the request
was answered, and nothing of the answer, since it may tell of what is gone. It knows no protocol.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from context_manager.records import Partition
from context_manager.store import Store
from context_manager.store.protocol import LedgerDraft, LedgerLine

ANSWERS = "answers"
"""The book."""


class KeptAnswer(NamedTuple):
    """One line.

    Args:
        request: Hash of the request.
        at: When it began, seconds since 1970.
        by: Names the process that handles it.
        done: Whether it was answered.
        answer: The answer; None while there is none, and where it was forgotten.
    """

    request: str
    at: float
    by: str
    done: bool = False
    answer: dict[str, Any] | None = None

    def draft(self, name: str, *, replace: bool) -> LedgerDraft:
        """The line under a name."""
        return LedgerDraft(ANSWERS, name, json.dumps(self), replace)


def kept(line: LedgerLine) -> KeptAnswer:
    """What a line says."""
    return KeptAnswer(*json.loads(line.body))


def emptied(store: Store, partition: Partition) -> Sequence[LedgerDraft]:
    """Lines to write over those that hold an answer: without it, but still known as answered."""
    return [
        found._replace(answer=None).draft(line.name, replace=True)
        for line in store.ledger(partition, ANSWERS)
        if (found := kept(line)).answer is not None
    ]


def claims(store: Store, partition: Partition) -> Sequence[LedgerDraft]:
    """All lines without their answers, for a ledger that is begun anew."""
    return [
        kept(line)._replace(answer=None).draft(line.name, replace=False)
        for line in store.ledger(partition, ANSWERS)
    ]
