"""From an entry to what a store keeps of it: passages, their words, and what showing them costs.

Decides how an entry is cut and indexed. It knows no store and no embedder, only the key of the
word hashes and a token counter.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from hashlib import blake2b

from context_manager.context.fence import shown_name
from context_manager.records import MemoryEntry, Message, Scope, Turn
from context_manager.records.message import ROLE_LABELS
from context_manager.retrieval import Span, pack_words, split, vector_text
from context_manager.store.protocol import EntryDraft, PassageDraft, TurnDraft

LABELS: Mapping[str, str] = {
    "summary": "Summary",
    "fact": "Fact",
    "note": "Note",
    "document": "Document",
    "pinned": "Pinned",
}
"""What stands before an entry that nobody said."""


def new_id(prefix: str) -> str:
    """A unique id: ids are never reused, so that one that was forgotten inherits nothing.

    It begins with the time, so that ids given one after another stand side by side in an index.
    """
    return f"{prefix}_{time.time_ns() // 1_000_000:012x}{os.urandom(10).hex()}"


def label(entry: MemoryEntry) -> str:
    """What stands before the entry's text in a prompt: the speaker, or the kind."""
    return speaker(entry) if entry.kind == "message" else LABELS[entry.kind]


def speaker(entry: MemoryEntry) -> str:
    """Who said what is or was a message, as a prompt names them."""
    return shown_name(entry.name, ROLE_LABELS[entry.role or "user"])


def embedded_text(entry: MemoryEntry, start: int, end: int) -> str:
    """The text whose vector stands for a passage of the entry."""
    return vector_text(entry.text[start:end], speaker=entry.name)


class Drafter:
    """Makes drafts of entries and turns.

    Args:
        secret: Key of the term hashes and digests; the store's own.
        count_tokens: Tokens of a line with its line end.
    """

    def __init__(self, secret: bytes, count_tokens: Callable[[str], int]) -> None:
        self._secret = secret
        self._count = count_tokens

    def digest(self, text: str) -> bytes:
        """Keyed hash of a text without regard to case and white space; equal for near copies."""
        folded = " ".join(text.casefold().split())
        return blake2b(folded.encode("utf-8", "replace"), digest_size=16, key=self._secret).digest()

    def entry(
        self, entry: MemoryEntry, vectors: tuple[bytes, ...] = (), model: str = ""
    ) -> EntryDraft:
        """The draft of one entry; ``vectors`` one per passage where they are known already."""
        passages = tuple([self._passage(entry, span) for span in split(entry.text)])
        fits = len(vectors) == len(passages)
        return EntryDraft(
            entry, passages, vectors if fits else (), model if fits else "", self.digest(entry.text)
        )

    def _passage(self, entry: MemoryEntry, span: Span) -> PassageDraft:
        text = span.of(entry.text)
        words = pack_words(text, self._secret, speaker=entry.name, timestamp=entry.timestamp)
        return PassageDraft(span.start, span.end, words, self._count(f"{label(entry)}: {text}\n"))

    def turn(self, scope: Scope, turn: Turn) -> TurnDraft:
        """The draft of a turn: each of its messages becomes an entry."""
        entries = tuple(
            [
                self.entry(_message_entry(scope, turn, place, message))
                for place, message in enumerate(turn.messages)
            ]
        )
        return TurnDraft(scope, turn, entries)


def _message_entry(scope: Scope, turn: Turn, place: int, message: Message) -> MemoryEntry:
    return MemoryEntry(
        id=message.id or f"{turn.id}.{place}",
        text=message.text,
        metadata=message.metadata,
        timestamp=turn.timestamp if message.timestamp is None else message.timestamp,
        kind="message",
        scope=scope,
        role=message.role,
        name=message.name,
        turn_id=turn.id,
        place=place,
        trust=message.trusted,
        importance=min(1.0, max(0.0, turn.priority / 2)),
    )
