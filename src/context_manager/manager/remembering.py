"""What is done with long-term memory by name: search, add, pin, forget, ingest documents.

Decides names and arguments; each method is a thin face over one module beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from context_manager.errors import InputError, NotFoundError
from context_manager.manager import building, forgetting, ingesting, reporting
from context_manager.manager.checking import checked_as_of, checked_glob, checked_path, checked_time
from context_manager.manager.parts import ManagerParts
from context_manager.memory.ask import Ask
from context_manager.records import KINDS, Hit, Kind, MemoryEntry, Receipt, Trust
from context_manager.records.message import clean_text
from context_manager.store.protocol import EntryFilter

SPARE = 10
"""Further hits that are looked at for the sources of summaries."""


class MemoryFace(ManagerParts):
    """The methods of `ContextManager` for long-term memory."""

    def query_memory(self, query: str, k: int = 5) -> list[tuple[str, float]]:
        """The ``k`` memories that answer best: (text, relevance in [0, 1]), best first."""
        self.require_user()
        memory = self.long_term_memory
        if not building.is_built_in(memory):
            return [(entry.text, float(score)) for entry, score in memory.search(query, k)]
        found = [(hit.entry.text, hit.score) for hit in self.search(query, k)]
        if memory.archive is not self.archive:
            found += [(entry.text, score) for entry, score in memory.search(query, k)]
            found.sort(key=lambda item: -item[1])
        return found[:k]

    def search(
        self,
        query: str,
        k: int = 5,
        *,
        kinds: Sequence[Kind] | None = None,
        now: float | None = None,
        as_of: float | None = None,
    ) -> list[Hit]:
        """Like `query_memory`, with entries, passages and the score of each stage.

        Args:
            query: What is asked.
            k: Hits at most.
            kinds: Only these kinds of entries. When left out, a summary gives way to what it was
                made from, where that is found too.
            now: The present, seconds since 1970; the clock when left out.
            as_of: Only what was known and valid at that time.

        Raises:
            InputError: The query is no text, ``k`` is negative, a kind is unknown, or a time is no
                finite number.
        """
        query = clean_text(query)
        with self.hooks.watch("search", self.scope, {"input": query}) as watch:
            self.require_user()
            if isinstance(k, bool) or not isinstance(k, int) or k < 0:
                raise InputError(f"k must be a whole number, 0 or more, got {k!r}")
            if isinstance(kinds, str) or not set(KINDS).issuperset(kinds or ()):
                raise InputError(f"kinds must be some of {sorted(KINDS)}, got {kinds!r}")
            memory = self.settings().memory
            ask = Ask(
                query,
                self.scope,
                self.clock() if now is None else checked_time(now),
                most=k if kinds else k and 2 * k + SPARE,
                recall=memory.recall,
                patience=self.config.embedding.deadline,
                kinds=kinds,
                as_of=checked_as_of(as_of),
                settings=building.ranking_settings(memory),
                rerank=self.reranker,
            )
            found = self.archive.search(ask, watch.lap)
            hits = found.hits if kinds else self._without_doubles(found.hits)[:k]
            watch.degraded = found.degraded
            watch.note(input_chars=len(query), k=k, hits=len(hits), entries=found.entries)
        return list(hits)

    def _without_doubles(self, hits: Sequence[Hit]) -> list[Hit]:
        """The hits without summaries of other hits."""
        ids = {hit.entry.id for hit in hits}
        return [
            hit
            for hit in hits
            if hit.entry.kind != "summary" or ids.isdisjoint(self._sources(hit.entry))
        ]

    def _sources(self, summary: MemoryEntry) -> set[str]:
        """Ids of what a summary was made from, over any number of steps."""
        found: set[str] = set()
        waiting = [summary]
        while waiting:
            ids = [s for entry in waiting for s in entry.source_ids if s not in found]
            found.update(ids)
            sources = self.archive.store.entries(self.scope.partition, ids)
            waiting = [entry for entry in sources if entry.kind == "summary"]
        return found

    def add_memory(
        self,
        text: str,
        metadata: Mapping[str, Any] | None = None,
        *,
        kind: Kind = "note",
        timestamp: float | None = None,
        importance: float = 0.5,
        trust: Trust = Trust.USER,
        expires_at: float | None = None,
    ) -> str:
        """Remember a text that nobody said.

        Args:
            text: What to remember.
            metadata: JSON-ready values to keep with it.
            kind: "note", "fact" or "document".
            timestamp: When it became true, seconds since 1970; now when left out.
            importance: In [0, 1]; 0.5 is neutral.
            trust: How far it may be trusted.
            expires_at: Not shown after this time, seconds since 1970.

        Returns:
            The entry's id; it starts with ``mem_``.

        Raises:
            InputError: Nothing but white space, or a value out of range.
        """
        given = ingesting.NoteInput(text, metadata, kind, timestamp, importance, trust, expires_at)
        return ingesting.add_memory(self._whole, given)

    def pin(self, text_or_id: str, *, trust: Trust = Trust.OPERATOR) -> str:
        """Show a text, or an entry of this id, in every prompt of this user.

        Args:
            text_or_id: What to show. An entry keeps the trust it has.
            trust: How far a text may be trusted: as an application's own rule when left out; less
                when it is passed on from somebody else.

        Returns:
            The id of the pinned entry.
        """
        self.require_user()
        return ingesting.pin(self._whole, text_or_id, trust)

    def unpin(self, entry_id: str) -> None:
        """Let a pinned entry compete again: a message as a message, anything else as a note.

        An entry that is not pinned stays as it is.

        Raises:
            NotFoundError: No such entry in this scope.
        """
        entry = self.get(entry_id)
        if entry.kind == "pinned":
            ingesting.update(self._whole, entry_id, kind="message" if entry.turn_id else "note")

    def get(self, entry_id: str) -> MemoryEntry:
        """The entry with this id.

        Raises:
            NotFoundError: No such entry in this scope.
        """
        self.require_user()
        found = self.archive.store.entries(self.scope.partition, [entry_id])
        if not found:
            raise NotFoundError(f"no entry {entry_id!r} in this scope")
        return found[0]

    def expand(self, entry_id: str) -> list[MemoryEntry]:
        """What a summary or fact was made from, in order; of anything else, the entry itself.

        Raises:
            NotFoundError: No such entry in this scope.
        """
        entry = self.get(entry_id)
        if not entry.source_ids:
            return [entry]
        return self.archive.store.entries(self.scope.partition, entry.source_ids)

    def forget(
        self,
        ids: str | Iterable[str] | None = None,
        *,
        where: EntryFilter | None = None,
        everything: bool = False,
    ) -> Receipt:
        """Delete entries and all that was derived from them alone; summaries are made anew.

        Args:
            ids: One id or several; a turn's id stands for its messages. An id that is not there
                is no error, so that the call may be repeated: the receipt counts what was.
            where: Entries that match.
            everything: All of this user's memory.

        Returns:
            Counts and steps, without content.

        Raises:
            InputError: None of the three, or more than one, was given; or what can be no ids.
        """
        return forgetting.forget(self._whole, ids, where, everything)

    def clear_memory(self) -> None:
        """Delete everything of this user with this agent, in all sessions."""
        self.forget(everything=True)

    def get_stats(self) -> dict[str, Any]:
        """Counts and settings, JSON-ready."""
        self.require_user()
        return reporting.stats(self._whole)

    def ingest_text(
        self, text: str, *, source: str | None = None, metadata: Mapping[str, Any] | None = None
    ) -> list[str]:
        """Remember a document, in parts of a few paragraphs.

        Args:
            text: Its text.
            source: Where it is from, kept in each part's metadata.
            metadata: Further JSON-ready values for each part.

        Returns:
            The ids of its parts, in order.
        """
        self.require_user()
        return ingesting.ingest_text(self._whole, text, source, metadata)

    def ingest_file(
        self, path: str | Path, *, metadata: Mapping[str, Any] | None = None
    ) -> list[str]:
        """Remember a text file (UTF-8).

        Raises:
            ImportFormatError: Missing, empty, or not text; the message names the file.
            InputError: No path that a file can have.
        """
        self.require_user()
        return ingesting.ingest_file(self._whole, checked_path(path), metadata)

    def ingest_directory(
        self,
        path: str | Path,
        *,
        glob: str = "**/*",
        progress: Callable[[Path, int, int], None] | None = None,
    ) -> dict[str, list[str]]:
        """Remember every text file below a directory.

        Args:
            path: The directory.
            glob: Which files.
            progress: Called after each file with its path, its number from 1, and how many there
                are.

        Returns:
            The ids of each file's parts by path; files that are not text are left out.

        Raises:
            ImportFormatError: Not a directory.
            InputError: No path that a directory can have, or a glob that leads out of it.
        """
        self.require_user()
        return ingesting.ingest_directory(
            self._whole, checked_path(path), checked_glob(glob), progress
        )
