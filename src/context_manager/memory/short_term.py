"""The address of short-term memory: the class, its policies and the turns it holds.

Decides nothing: the working set is in `working_set`, the policies are in `eviction`.
"""

from context_manager.memory.eviction import (
    EVICTION,
    LRUShortTermMemory,
    PriorityShortTermMemory,
)
from context_manager.memory.working_set import ShortTermMemory
from context_manager.records import Turn

__all__ = [
    "EVICTION",
    "LRUShortTermMemory",
    "PriorityShortTermMemory",
    "ShortTermMemory",
    "Turn",
]
