"""Putting a right text in the place of a wrong one, for every face of the service.

Decides which kinds of memories can be corrected, and how: a fact by the manager, which ends it and
keeps its history; anything else by an entry that supersedes the old one.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from context_manager.records import MemoryEntry, Trust
from context_manager.service.refusals import not_correctable
from context_manager.store.protocol import Change, EntryUpdate

if TYPE_CHECKING:
    from context_manager.manager import ContextManager

CORRECTABLE = ("note", "fact", "document", "pinned")


def corrected(memory: ContextManager, entry_id: str, text: str, most: Trust) -> MemoryEntry:
    """Correct a memory.

    Args:
        memory: In the scope of the caller.
        entry_id: What is wrong.
        text: What is right.
        most: How far the caller may be trusted; what it says is trusted no more than that.

    Returns:
        The entry that now says it.

    Raises:
        NotFoundError: No such memory in this scope.
        Refused: One of a kind that is never rewritten.
        ConflictError: It was superseded already.
        InputError: A fact that was replaced already.
    """
    entry = memory.get(entry_id)
    if entry.kind not in CORRECTABLE:
        raise not_correctable(entry.kind)
    if entry.kind == "fact":
        return memory.get(memory.correct(entry.id, text, trust=min(Trust.USER, most)))
    # Loads NumPy, which a process that only says what it can do should not wait for.
    from context_manager.memory.drafting import new_id

    said = replace(entry, text=text, timestamp=memory.clock(), scope=memory.scope)
    new = replace(said, id=new_id("mem"), trust=min(entry.trust, most))
    change = Change(
        entries=(memory.archive.drafter.entry(memory.archive.admit(new)),),
        updates=(EntryUpdate(entry.id, {"superseded_by": new.id}),),
        expect_entries=(entry.id,),
    )
    memory.archive.apply(memory.scope.partition, change)
    memory.engine.forget_built()
    memory.embed_later()
    return new
