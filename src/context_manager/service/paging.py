"""One page of a user's memories, for every face of the service."""

from __future__ import annotations

from typing import TYPE_CHECKING

from context_manager.service.cursors import Cursors
from context_manager.service.models.memory_answers import MemoryOut, MemoryPage
from context_manager.store.protocol import EntryFilter

if TYPE_CHECKING:
    from context_manager.manager import ContextManager


def page_of(
    memory: ContextManager,
    limit: int,
    after: str | None,
    *,
    kind: str | None = None,
    session: str | None = None,
) -> MemoryPage:
    """Memories of the user, oldest first.

    Args:
        memory: Whose.
        limit: At most.
        after: `next` of the page before; None for the first.
        kind: Only this kind.
        session: Only of this session.

    Raises:
        Refused: ``after`` is none of this user's.
    """
    memory.require_user()
    partition = memory.scope.partition
    cursors = Cursors(memory.archive.secret, partition)
    fitting = EntryFilter(kinds=(kind,) if kind else None, session_id=session)
    start = 0 if after is None else cursors.row(after)
    found = memory.archive.store.find(partition, fitting, after=start, limit=limit + 1)
    shown = found[:limit]
    more = len(found) > limit
    return MemoryPage(
        items=[MemoryOut.of(entry) for _, entry in shown],
        next=cursors.token(shown[-1][0]) if more else None,
    )
