"""`ContextManager`: what users hold. Each public method is a thin face over one module beside it.

Decides the surface: names and arguments. What a manager is made of stands in `parts.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from context_manager.config import Config
from context_manager.errors import InputError, NotFoundError
from context_manager.manager import building, forgetting, ingesting, observing, reporting, saving
from context_manager.manager.asynchronous import AsyncFace
from context_manager.manager.batching import BatchFace
from context_manager.manager.facts import FactFace
from context_manager.manager.parts import ManagerParts
from context_manager.manager.upkeep import UpkeepFace
from context_manager.memory.archive import Ask
from context_manager.records import (
    KINDS,
    Context,
    Hit,
    Kind,
    MemoryEntry,
    Message,
    Receipt,
    Trust,
    Turn,
)
from context_manager.records.message import clean_text
from context_manager.store.protocol import EntryFilter


class ContextManager(AsyncFace, BatchFace, FactFace, UpkeepFace, ManagerParts):
    """Remembers conversations and builds prompts from all of them.

    The parts `short_term_memory`, `long_term_memory`, `summarizer`, `llm_adapter`,
    `token_counter` and `embedding_provider` may be replaced by assignment; `config` is read anew
    at each call.

    Args:
        config: Settings; the defaults when left out.
        store: Where memory is kept; in process memory when left out.
        scope: Whose memory it is; one fixed default scope when left out.
        clock: Gives the present in seconds since 1970.
        reranker: ``reranker(query, hits) -> scores``: reorders what was found, for instance with a
            cross-encoder over `Hit.passage`; see `memory.hits.Reranker`.
        hooks: Are told of every operation when it has ended; see `manager.hooks.Hook`.

    Example:
        >>> cm = ContextManager()
        >>> _ = cm.observe("My sister Ana lives in Porto", "Noted")
        >>> "Porto" in cm.build_context("Where does my sister live?")
        True
    """

    @classmethod
    def load(cls, path: str | Path, config: Config | None = None, **kwargs: Any) -> Self:
        """An in-memory manager with everything that `save` wrote to ``path``."""
        manager = cls(config, **kwargs)
        saving.load(manager, Path(path))
        return manager

    def save(self, path: str | Path) -> None:
        """Write all memory, of all scopes, to one new file that `load` and `open` read.

        Raises:
            InputError: The file exists already.
        """
        saving.save(self, Path(path))

    # -- the loop -----------------------------------------------------------------------------

    def observe(
        self,
        user_input: str,
        assistant_response: str,
        *,
        metadata: Mapping[str, Any] | None = None,
        timestamp: float | None = None,
        priority: float = 1.0,
    ) -> Turn:
        """Remember one exchange. When it returns, the turn is as durable as the store promises.

        Args:
            user_input: What the user said; "" for nothing.
            assistant_response: What the assistant answered; "" for nothing.
            metadata: JSON-ready values to keep with the turn.
            timestamp: When it was said, seconds since 1970; now when left out.
            priority: 1.0 is neutral; more keeps the turn longer and ranks it higher.

        Raises:
            InputError: Both texts are empty, or a value cannot be stored.
        """
        messages = observing.exchange(user_input, assistant_response)
        return observing.observe(self, messages, metadata, timestamp, priority)

    def observe_messages(
        self,
        messages: Iterable[Message | Mapping[str, Any]],
        *,
        metadata: Mapping[str, Any] | None = None,
        timestamp: float | None = None,
        priority: float = 1.0,
    ) -> Turn:
        """Remember one turn made of any number of messages.

        Args:
            messages: `Message` records, or dicts with ``role``, ``content`` and, where there are
                any, ``name`` and ``timestamp``.
            metadata, timestamp, priority: As for `observe`.

        Raises:
            InputError: No message with a text, an unknown role, or a value that cannot be stored.
        """
        made = [observing.as_message(message) for message in messages]
        return observing.observe(self, made, metadata, timestamp, priority)

    def build_context(self, user_input: str) -> str:
        """The finished prompt for an input; see `build`."""
        return self.build(user_input).text

    def build(
        self,
        user_input: str,
        *,
        budget: int | None = None,
        now: float | None = None,
        as_of: float | None = None,
    ) -> Context:
        """The finished prompt for an input, with the account of it.

        Args:
            user_input: What the user says now; it is never cut silently.
            budget: Most tokens; the setting ``memory.prompt_token_budget`` when left out.
            now: The present, seconds since 1970; the clock when left out.
            as_of: Only what was known and held at that time; everything when left out.

        Raises:
            BudgetError: The input alone exceeds the budget.
        """
        with self.hooks.watch("build", self.scope, {"input": user_input}) as watch:
            self.require_user()
            epoch = self.engine.epoch(self.scope)
            context = building.build(self, user_input, budget, now, as_of, watch)
            key = (user_input, budget, now, as_of)
            self.engine.remember_built(self.scope, key, epoch, context)
            self.engine.echoes.show(self.scope.partition, context)
        return context

    def explain(
        self, user_input: str, *, budget: int | None = None, now: float | None = None
    ) -> Context:
        """The context that `build` gave last for this input, or a new one: its slots say why."""
        self.require_user()
        context = self.engine.last_built(self.scope, (user_input, budget, now, None))
        return context or self.build(user_input, budget=budget, now=now)

    # -- long-term memory -----------------------------------------------------------------------

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
            kinds: Only these kinds of entries.
            now: The present, seconds since 1970; the clock when left out.
            as_of: Only what was known and valid at that time.

        Raises:
            InputError: The query is no text, ``k`` is negative, or a kind is unknown.
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
                self.clock() if now is None else now,
                most=k,
                recall=memory.recall,
                kinds=kinds,
                as_of=as_of,
                settings=building.ranking_settings(memory),
                rerank=self.reranker,
            )
            found = self.archive.search(ask, watch.lap)
            watch.degraded = found.degraded
            watch.note(input_chars=len(query), k=k, hits=len(found.hits), entries=found.entries)
        return list(found.hits)

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
        return ingesting.add_memory(self, given)

    def pin(self, text_or_id: str) -> str:
        """Show a text, or an entry of this id, in every prompt of this user.

        Returns:
            The id of the pinned entry.
        """
        self.require_user()
        return ingesting.pin(self, text_or_id)

    def unpin(self, entry_id: str) -> None:
        """Let a pinned entry compete again: a message as a message, anything else as a note.

        An entry that is not pinned stays as it is.

        Raises:
            NotFoundError: No such entry in this scope.
        """
        entry = self.get(entry_id)
        if entry.kind == "pinned":
            ingesting.update(self, entry_id, kind="message" if entry.turn_id else "note")

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
            ids: One id or several; a turn's id stands for its messages.
            where: Entries that match.
            everything: All of this user's memory.

        Returns:
            Counts and steps, without content.

        Raises:
            InputError: None of the three, or more than one, was given.
        """
        return forgetting.forget(self, ids, where, everything)

    def clear_memory(self) -> None:
        """Delete everything of this user with this agent, in all sessions."""
        self.forget(everything=True)

    def get_stats(self) -> dict[str, Any]:
        """Counts and settings, JSON-ready."""
        self.require_user()
        return reporting.stats(self)

    # -- documents ------------------------------------------------------------------------------

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
        return ingesting.ingest_text(self, text, source, metadata)

    def ingest_file(
        self, path: str | Path, *, metadata: Mapping[str, Any] | None = None
    ) -> list[str]:
        """Remember a text file (UTF-8).

        Raises:
            ImportFormatError: Missing, empty, or not text; the message names the file.
        """
        self.require_user()
        return ingesting.ingest_file(self, Path(path), metadata)

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
        """
        self.require_user()
        return ingesting.ingest_directory(self, Path(path), glob, progress)
