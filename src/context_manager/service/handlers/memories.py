"""Routes about memories: ask, add, pin, look, correct, forget. Decides how calls become answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from context_manager.service.correcting import corrected
from context_manager.service.models.memory_answers import (
    ClearResponse,
    MemoryAddResponse,
    MemoryOut,
    MemoryPage,
    MemoryQueryResponse,
    ReceiptOut,
    SourcesResponse,
    StatsResponse,
)
from context_manager.service.paging import page_of
from context_manager.store.protocol import EntryFilter

if TYPE_CHECKING:
    from context_manager.service.calls import Call


def query(call: Call) -> MemoryQueryResponse:
    """Ask long-term memory."""
    asked = call.given
    hits = call.memory.search(asked.query, asked.k, kinds=asked.kinds, as_of=asked.as_of)
    return MemoryQueryResponse.of(hits)


def add(call: Call) -> MemoryAddResponse:
    """Remember a text that nobody said."""
    given = call.given
    made = call.memory.add_memory(
        given.text,
        given.metadata,
        kind=given.kind,
        timestamp=given.timestamp,
        importance=given.importance,
        expires_at=given.expires_at,
    )
    return MemoryAddResponse(memory_id=made)


def pin(call: Call) -> MemoryAddResponse:
    """Show a text in every prompt of the user."""
    return MemoryAddResponse(memory_id=call.memory.pin(call.given.text, trust=call.trust))


def pin_entry(call: Call) -> MemoryOut:
    """Show a memory in every prompt of the user."""
    entry_id = call.memory.get(call.path["memory_id"]).id
    call.memory.pin(entry_id)
    return MemoryOut.of(call.memory.get(entry_id))


def unpin_entry(call: Call) -> MemoryOut:
    """Let a pinned memory compete like any other again."""
    call.memory.unpin(call.path["memory_id"])
    return MemoryOut.of(call.memory.get(call.path["memory_id"]))


def stats(call: Call) -> StatsResponse:
    """Counts and settings."""
    return StatsResponse(**public_stats(call))


def public_stats(call: Call) -> dict[str, Any]:
    """The statistics without what only the operator should know: where the store lies."""
    kept = ("short_term_memory", "long_term_memory", "config")
    told = call.memory.get_stats()
    long_term = told["long_term_memory"]
    counts = {name: long_term[name] for name in ("num_entries", "index_size", "dimension")}
    return {**{name: told[name] for name in kept}, "long_term_memory": counts}


def clear(call: Call) -> ClearResponse:
    """Delete all memory of the user with this agent, in all sessions."""
    receipt = call.memory.forget(everything=True)
    return ClearResponse(success=True, receipt=ReceiptOut.of(receipt))


def forget(call: Call) -> ReceiptOut:
    """Delete memories, and all that was derived from them alone."""
    given = call.given
    if "everything" in given.model_fields_set:
        receipt = call.memory.forget(everything=True)
    elif "where" in given.model_fields_set:
        fitting = given.where
        receipt = call.memory.forget(
            where=EntryFilter(
                kinds=None if fitting.kinds is None else tuple(fitting.kinds),
                session_id=fitting.session_id,
                since=fitting.since,
                until=fitting.until,
            )
        )
    else:
        receipt = call.memory.forget(given.ids)
    return ReceiptOut.of(receipt)


def forget_entry(call: Call) -> ReceiptOut:
    """Delete a memory, and all that was derived from it alone."""
    entry = call.memory.get(call.path["memory_id"])
    return ReceiptOut.of(call.memory.forget(entry.id))


def get(call: Call) -> MemoryOut:
    """One memory."""
    return MemoryOut.of(call.memory.get(call.path["memory_id"]))


def sources(call: Call) -> SourcesResponse:
    """What a summary or a fact was made from; of anything else, the memory itself."""
    found = call.memory.expand(call.path["memory_id"])
    return SourcesResponse(items=[MemoryOut.of(entry) for entry in found])


def list_(call: Call) -> MemoryPage:
    """Memories of the user, oldest first."""
    page = call.given
    return page_of(call.memory, page.limit, page.after, kind=page.kind, session=page.session)


def correct(call: Call) -> MemoryOut:
    """Put a new text in the place of a memory; the old one is kept, and no longer current."""
    return MemoryOut.of(corrected(call.memory, call.path["memory_id"], call.given.text, call.trust))
