"""The working set of a session as the settings say now: its policy, its capacity, its counter.

Decides which short-term memory a session has. A memory that was assigned stays as it is; other
sessions of that manager get empty ones of its kind. It journals nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from context_manager.errors import ConfigError
from context_manager.manager.session import Session
from context_manager.memory.eviction import EVICTION
from context_manager.memory.fresh import fresh
from context_manager.memory.short_term import ShortTermMemory
from context_manager.records import Scope

if TYPE_CHECKING:
    from context_manager.manager.parts import ManagerParts


def in_step(cm: ManagerParts, scope: Scope, *, journal: bool = True) -> Session:
    """The session, in step with the settings and the journal.

    Args:
        cm: A manager of that session.
        scope: Which session.
        journal: Whether to look what was said and forgotten elsewhere, as `Session.append` does.

    Raises:
        ConfigError: The setting ``memory.stm_eviction`` names no policy.
    """
    session = cm.engine.session(scope, lambda: _new(cm))
    if not session.assigned:
        if cm.working_set_kind is None and type(session.memory) is not _policy(cm):
            session = cm.engine.replace_session(scope, _new(cm))
        _set_up(cm, session.memory)
    if journal:
        session.follow()
    return session


def _set_up(cm: ManagerParts, memory: ShortTermMemory) -> None:
    if memory.token_counter is not cm.token_counter:
        memory.token_counter = cm.token_counter
    if cm.working_set_kind is None and memory.max_tokens != cm.config.memory.stm_capacity:
        memory.max_tokens = cm.config.memory.stm_capacity
        memory.evict()


def _new(cm: ManagerParts) -> ShortTermMemory:
    if cm.working_set_kind is not None:
        return fresh(cm.working_set_kind)
    return _policy(cm)(cm.config.memory.stm_capacity, cm.token_counter, clock=cm.clock)


def _policy(cm: ManagerParts) -> type[ShortTermMemory]:
    name = cm.config.memory.stm_eviction
    if name not in EVICTION:
        known = ", ".join(sorted(EVICTION))
        raise ConfigError(f"memory.stm_eviction must be one of {known}, got {name!r}")
    return EVICTION[name]
