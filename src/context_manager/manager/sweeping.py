"""The end of a life time: what has expired, or has been kept as long as a rule allows, goes.

Decides what is due. Pinned entries never are; what was derived from something due is made anew
without it, as in any erasure. Deleting is `forgetting`'s.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from context_manager.config import Retention
from context_manager.manager import recording
from context_manager.manager.checking import checked_time
from context_manager.manager.forgetting import erase
from context_manager.records import MemoryEntry, Receipt
from context_manager.store.protocol import EntryFilter

if TYPE_CHECKING:
    from context_manager.manager.manager import ContextManager

DAY_SECONDS = 86_400.0


def sweep(cm: ContextManager, everybody: bool, now: float | None) -> list[Receipt]:
    """Forget what is due; see `ContextManager.sweep`."""
    moment = cm.clock() if now is None else checked_time(now)
    partitions = [cm.scope.partition]
    if everybody:
        partitions = cm.archive.store.partitions(ledgers=True)
    receipts = [_sweep(cm.scoped(**whose._asdict()), moment) for whose in partitions]
    return [receipt for receipt in receipts if receipt.number]


def is_due(entry: MemoryEntry, rules: tuple[Retention, ...], now: float) -> bool:
    """Whether an entry has been kept long enough; the first rule that fits it decides."""
    if entry.kind == "pinned":
        return False
    if entry.expires_at is not None and entry.expires_at <= now:
        return True
    rule = next((rule for rule in rules if _fits(rule, entry)), None)
    return rule is not None and _is_over(rule, entry, (now - entry.timestamp) / DAY_SECONDS)


def _fits(rule: Retention, entry: MemoryEntry) -> bool:
    if rule.kinds is not None and entry.kind not in rule.kinds:
        return False
    names = ("tenant_id", "user_id", "agent_id", "session_id", "task_id")
    return all(getattr(rule, name) in (None, getattr(entry.scope, name)) for name in names)


def _is_over(rule: Retention, entry: MemoryEntry, age: float) -> bool:
    if rule.days is not None and age >= rule.days:
        return True
    if rule.half_life_days is None or age <= 0:
        return False
    return bool(entry.importance * 0.5 ** (age / rule.half_life_days) < rule.least)


def _sweep(cm: ContextManager, now: float) -> Receipt:
    rules = tuple(cm.settings().retention)

    def due() -> list[MemoryEntry]:
        found = cm.archive.store.find(cm.scope.partition, EntryFilter())
        return [entry for _, entry in found if is_due(entry, rules, now)]

    return erase(cm, due, "sweep", recording.surplus(cm, cm.config.recorded))
