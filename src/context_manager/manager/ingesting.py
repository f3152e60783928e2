"""Memory that nobody said: notes, pinned texts, documents.

Decides how texts and files become entries. Files are read whole before anything is stored, so a
file that cannot be read leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from context_manager.errors import ImportFormatError, InputError
from context_manager.manager.checking import checked_metadata, checked_time
from context_manager.manager.hearing import admitted, without_secrets
from context_manager.manager.hooks import Watch
from context_manager.memory.drafting import new_id
from context_manager.records import KINDS, Kind, MemoryEntry, Trust
from context_manager.records.message import clean_text
from context_manager.retrieval import split
from context_manager.store.protocol import Change, EntryUpdate

if TYPE_CHECKING:
    from context_manager.manager.manager import ContextManager

PART_CHARS = 2400
"""Aimed-at size of one part of a document, in characters."""


@dataclass(frozen=True, slots=True)
class NoteInput:
    """A memory that nobody said; see `ContextManager.add_memory` for what each field means."""

    text: str
    metadata: Mapping[str, Any] | None = None
    kind: Kind = "note"
    timestamp: float | None = None
    importance: float = 0.5
    trust: Trust = Trust.USER
    expires_at: float | None = None


def add_memory(cm: ContextManager, given: NoteInput) -> str:
    """Remember a text; see `ContextManager.add_memory`."""
    with cm.hooks.watch("add", cm.scope) as watch:
        cm.require_user()
        entry = made(cm, given)
        if goes_elsewhere(cm, given):
            entry_id = str(cm.long_term_memory.add_memory(entry.text, dict(entry.metadata)))
        else:
            cm.archive.add(entry)
            entry_id = entry.id
        report(watch, [entry])
    cm.embed_later()
    return entry_id


def goes_elsewhere(cm: ContextManager, given: NoteInput) -> bool:
    """Whether a plain note belongs into a long-term memory of the user's own."""
    plain = given == NoteInput(given.text, given.metadata)
    return plain and getattr(cm.long_term_memory, "archive", None) is not cm.archive


def made(cm: ContextManager, given: NoteInput) -> MemoryEntry:
    """The entry of a note, not stored yet.

    Raises:
        InputError: Nothing but white space, or a value that cannot be stored.
    """
    if given.kind not in KINDS or given.kind in ("message", "summary"):
        raise InputError(f"kind must be 'note', 'fact', 'document' or 'pinned', got {given.kind!r}")
    importance = given.importance
    if not (isinstance(importance, (int, float)) and 0 <= importance <= 1):
        raise InputError(f"importance must lie in [0, 1], got {importance!r}")
    entry = MemoryEntry(
        id=new_id("mem"),
        text=_checked_text(given.text),
        metadata=checked_metadata(given.metadata),
        timestamp=cm.clock() if given.timestamp is None else checked_time(given.timestamp),
        kind=given.kind,
        scope=cm.scope,
        trust=given.trust,
        importance=float(importance),
        expires_at=None if given.expires_at is None else checked_time(given.expires_at),
    )
    return admitted(cm, entry)


def report(watch: Watch, entries: Sequence[MemoryEntry]) -> None:
    """Tell the hooks about entries that were stored."""
    watch.note(added=len(entries), chars=sum(len(entry.text) for entry in entries))
    watch.show(text="\n".join(entry.text for entry in entries))


def pin(cm: ContextManager, text_or_id: str, trust: Trust) -> str:
    """Pin a text or an entry; see `ContextManager.pin`."""
    found = cm.archive.store.entries(cm.scope.partition, [text_or_id])
    if found:
        update(cm, text_or_id, kind="pinned")
        return text_or_id
    return add_memory(cm, NoteInput(text_or_id, kind="pinned", importance=1.0, trust=trust))


def update(cm: ContextManager, entry_id: str, **fields: Any) -> None:
    """Change fields of an entry."""
    change = Change(updates=(EntryUpdate(entry_id, fields),))
    cm.archive.apply(cm.scope.partition, change)
    cm.engine.forget_built()


def ingest_text(
    cm: ContextManager, text: str, source: str | None, metadata: Mapping[str, Any] | None
) -> list[str]:
    """Remember a document; see `ContextManager.ingest_text`."""
    with cm.hooks.watch("ingest", cm.scope) as watch:
        document = _document(cm, _checked_text(text), source, checked_metadata(metadata))
        drafts = tuple(cm.archive.drafter.entry(entry) for entry in document)
        cm.archive.apply(cm.scope.partition, Change(entries=drafts))
        report(watch, document)
    cm.embed_later()
    return [entry.id for entry in document]


def ingest_file(cm: ContextManager, path: Path, metadata: Mapping[str, Any] | None) -> list[str]:
    """Remember a text file; see `ContextManager.ingest_file`."""
    return ingest_text(cm, read_text(path), str(path), metadata)


def ingest_directory(
    cm: ContextManager, path: Path, glob: str, progress: Callable[[Path, int, int], None] | None
) -> dict[str, list[str]]:
    """Remember the text files below a directory; see `ContextManager.ingest_directory`."""
    if not path.is_dir():
        raise ImportFormatError(f"{path}: not a directory")
    files = sorted(found for found in path.glob(glob) if found.is_file())
    done: dict[str, list[str]] = {}
    for number, file in enumerate(files, start=1):
        try:
            done[str(file)] = ingest_file(cm, file, None)
        except ImportFormatError:
            continue  # pictures, archives, empty files: said in the docstring
        finally:
            if progress is not None:
                progress(file, number, len(files))
    return done


def read_text(path: Path) -> str:
    """The text of a UTF-8 file.

    Raises:
        ImportFormatError: Missing, unreadable, empty, or not text.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ImportFormatError(f"{path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise ImportFormatError(f"{path}: not UTF-8 text (byte {error.start})") from error
    if not text.strip():
        raise ImportFormatError(f"{path}: the file is empty")
    if "\0" in text:
        raise ImportFormatError(f"{path}: a binary file, not text")
    return text


def _document(
    cm: ContextManager, text: str, source: str | None, metadata: dict[str, Any]
) -> Sequence[MemoryEntry]:
    kept = metadata if source is None else {**metadata, "source": source}
    base = MemoryEntry(
        id="",
        text=without_secrets(cm, text),
        metadata=kept,
        timestamp=cm.clock(),
        kind="document",
        scope=cm.scope,
        trust=Trust.EXTERNAL,
    )
    parts = split(base.text, target=PART_CHARS, whole=PART_CHARS)
    return [
        admitted(cm, replace(base, id=new_id("mem"), text=part.of(base.text), place=place))
        for place, part in enumerate(parts)
    ]


def _checked_text(text: str) -> str:
    cleaned = clean_text(text)
    if not cleaned.strip():
        raise InputError("a memory needs a text; got only white space")
    return cleaned
