"""An empty short-term memory of the kind of another one, for another session.

Decides how a class of the user's own is made again without knowing its constructor. It knows no
policy and no turn.
"""

from __future__ import annotations

import copy
import inspect
from typing import Any

from context_manager.memory.working_set import ShortTermMemory


def fresh(memory: ShortTermMemory) -> ShortTermMemory:
    """An empty memory of the same kind and capacity.

    The constructor is called if it takes ``max_tokens`` and ``token_counter`` and needs nothing
    else; otherwise the memory is copied, its own attributes as deeply as they can be.
    """
    kind: Any = type(memory)
    keywords: dict[str, Any] = {
        "max_tokens": memory.max_tokens,
        "token_counter": memory.token_counter,
    }
    if _takes(kind, keywords):
        other: ShortTermMemory = kind(**keywords)
    else:
        other = copy.copy(memory)
        for name in vars(memory).keys() - vars(ShortTermMemory()).keys():
            setattr(other, name, _copied(getattr(memory, name)))
        ShortTermMemory.__init__(other, **keywords)
    other.clock = memory.clock
    return other


def _takes(kind: Any, keywords: dict[str, Any]) -> bool:
    try:
        inspect.signature(kind).bind(**keywords)
    except TypeError:
        return False
    return True


def _copied(value: Any) -> Any:
    """A deep copy, or the thing itself where there can be none, such as a lock or a connection."""
    try:
        return copy.deepcopy(value)
    except Exception:  # noqa: BLE001 - whatever a stranger's object raises when it is copied
        return value
