"""The records that flow through every layer: frozen, slotted, free of behaviour that needs I/O.

They import nothing but `errors`, so anything may import them.
"""

from context_manager.records.context import Context, NearMiss, Slot
from context_manager.records.entry import KINDS, Hit, Kind, MemoryEntry
from context_manager.records.message import Message, Role, Turn, limited
from context_manager.records.operation import Operation, Stage
from context_manager.records.receipt import Receipt
from context_manager.records.scope import DEFAULT_SCOPE, Partition, Scope
from context_manager.records.trust import Trust, trust_of_role

__all__ = [
    "DEFAULT_SCOPE",
    "KINDS",
    "Context",
    "Hit",
    "Kind",
    "MemoryEntry",
    "Message",
    "NearMiss",
    "Operation",
    "Partition",
    "Receipt",
    "Role",
    "Scope",
    "Slot",
    "Stage",
    "Trust",
    "Turn",
    "limited",
    "trust_of_role",
]
