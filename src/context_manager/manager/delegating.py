"""What may follow later is left to workers, if the settings say so: the manager's side of it.

Decides what is left and when workers are told. Jobs of one moment are told together, by the
background thread, so that no caller waits for the queue; one that is lost with the process is
found by the workers themselves. What a worker then does stands in `working`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from context_manager.errors import ConfigError
from context_manager.records import Scope
from context_manager.store.queue import Job, Queue

if TYPE_CHECKING:
    from context_manager.manager.manager import ContextManager
    from context_manager.manager.parts import ManagerParts
    from context_manager.manager.session import Session

EMBED, CONSOLIDATE, TOPICS = "embed", "consolidate", "topics"
"""Kinds of work that a manager leaves to workers."""

TELL_AFTER = 0.05
"""Seconds after which workers are told: jobs that follow at once share a transaction."""


def queue_of(cm: ManagerParts) -> Queue | None:
    """Where this manager's work is left; None if it does its work itself.

    Raises:
        ConfigError: The settings leave work to workers, and the store has no queue.
    """
    if cm.config.background != "workers":
        return None
    queue: Queue | None = getattr(cm.archive.store, "queue", None)
    if queue is None:
        raise ConfigError(
            'background="workers" needs a store with a queue; this one has none, '
            'leave the setting at "here"'
        )
    return queue


def leave(cm: ManagerParts, queue: Queue, work: str, scope: Scope) -> None:
    """Leave a piece of work about a scope to workers."""
    session_id = scope.session_id if work == CONSOLIDATE else ""
    cm.engine.to_leave(Job(work, scope.partition, session_id))
    cm.engine.background.submit(("tell",), lambda: queue.add(cm.engine.left()), TELL_AFTER)


def leave_consolidation(cm: ContextManager, queue: Queue, session: Session) -> None:
    """Leave what has left a working set to workers, once for each chunk of it.

    What they have summarised since leaves this process's working set too. Where nothing was, for no
    worker runs, the next look comes when twice as much is waiting: each reads all of it.
    """
    size = cm.config.memory.chunk_size
    fallen = session.memory.fallen_tokens
    if fallen < session.left_tokens:  # some of them were summarised, and it was seen
        session.left_tokens = 0
    if fallen < session.left_tokens + max(size, session.left_tokens):
        return
    session.reload()
    session.left_tokens = 0
    if session.memory.fallen_tokens >= size:
        session.left_tokens = session.memory.fallen_tokens
        leave(cm, queue, CONSOLIDATE, cm.scope)
