"""`ContextManager`: what users hold. Each public method is a thin face over one module beside it.

Decides the surface: names, arguments, and which parts may be exchanged by assignment. It is the
only reader of `Config`, at each call, so that settings may change at run time.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from context_manager.config import Config
from context_manager.embedding import EmbeddingProvider, as_embedder
from context_manager.embedding.protocol import Embedder
from context_manager.errors import ConfigError, InputError, NotFoundError, ScopeError
from context_manager.llm.adapters import LLMAdapter, create_llm_adapter
from context_manager.manager import building, forgetting, ingesting, observing, reporting, saving
from context_manager.manager.engine import Engine
from context_manager.memory.archive import Archive, Ask
from context_manager.memory.eviction import EVICTION
from context_manager.memory.long_term import LongTermMemory
from context_manager.memory.short_term import ShortTermMemory
from context_manager.memory.summarizer import HierarchicalSummarizer
from context_manager.records import (
    DEFAULT_SCOPE,
    Context,
    Hit,
    Kind,
    MemoryEntry,
    Message,
    Receipt,
    Scope,
    Trust,
    Turn,
)
from context_manager.retrieval import Rerank
from context_manager.store import Store, stores
from context_manager.store.protocol import EntryFilter
from context_manager.tokens import TokenCounter


class ContextManager:
    """Remembers conversations and builds prompts from all of them.

    The parts `short_term_memory`, `long_term_memory`, `summarizer`, `llm_adapter`,
    `token_counter` and `embedding_provider` may be replaced by assignment; `config` is read anew
    at each call.

    Args:
        config: Settings; the defaults when left out.
        store: Where memory is kept; in process memory when left out.
        scope: Whose memory it is; one fixed default scope when left out.
        clock: Gives the present in seconds since 1970.
        reranker: Gives new scores for the best candidates; see `retrieval.Rerank`.

    Example:
        >>> cm = ContextManager()
        >>> _ = cm.observe("My sister Ana lives in Porto", "Noted")
        >>> "Porto" in cm.build_context("Where does my sister live?")
        True
    """

    def __init__(
        self,
        config: Config | None = None,
        *,
        store: Store | None = None,
        scope: Scope = DEFAULT_SCOPE,
        clock: Callable[[], float] = time.time,
        reranker: Rerank | None = None,
    ) -> None:
        self.config = Config() if config is None else config
        self.config.check()
        self.scope = scope
        self.clock = clock
        self.reranker = reranker
        settings = self.config
        self.token_counter: Any = TokenCounter(settings.token_model)
        self.embedding_provider: Any = EmbeddingProvider(
            settings.embedding.model,
            threads=settings.embedding.threads,
            **settings.embedding.options,
        )
        self.llm_adapter: LLMAdapter = create_llm_adapter(
            settings.llm.provider,
            api_key=settings.llm.api_key,
            model=settings.llm.model,
            **settings.llm.options,
        )
        self.summarizer: Any = HierarchicalSummarizer(
            None if settings.llm.provider == "none" else self.llm_adapter,
            settings.memory.summary_compression_ratio,
        )
        self._engine = Engine(
            stores.create("memory") if store is None else store, self._embedder, self.count
        )
        self._make_stm: Callable[[], ShortTermMemory] | None = None
        self.long_term_memory: Any = LongTermMemory(
            self.embedding_provider.dimension,
            self.embedding_provider,
            archive=self._engine.archive,
            scope=scope,
            clock=clock,
        )

    @classmethod
    def open(
        cls,
        path: str | Path,
        config: Config | None = None,
        *,
        scope: Scope = DEFAULT_SCOPE,
        clock: Callable[[], float] = time.time,
    ) -> Self:
        """A manager over one SQLite file, created when missing.

        Raises:
            StoreError: The file cannot be opened; the message names it and the reason.
        """
        settings = Config() if config is None else config
        store = stores.create("sqlite", path, durability=settings.durability)
        return cls(settings, store=store, scope=scope, clock=clock)

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

    def scoped(
        self,
        *,
        tenant_id: str | None = None,
        user_id: str | None = None,
        agent_id: str | None = None,
        session_id: str | None = None,
        task_id: str | None = None,
    ) -> Self:
        """This manager for another scope, on the same store; cheap, nothing is copied.

        Args:
            tenant_id, user_id, agent_id, session_id, task_id: What differs from this scope.

        Raises:
            ScopeError: An identifier cannot be used, or a long-term memory of your own has no
                ``scoped(scope)`` method, so that users could not be kept apart.
        """
        scope = self.scope.narrowed(
            tenant_id=tenant_id,
            user_id=user_id,
            agent_id=agent_id,
            session_id=session_id,
            task_id=task_id,
        )
        other = copy.copy(self)
        other.scope = scope
        other.long_term_memory = _scoped_memory(self.long_term_memory, self.scope, scope)
        return other

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
        texts = (("user", user_input), ("assistant", assistant_response))
        messages = [Message(role, text) for role, text in texts if text]  # type: ignore[arg-type]
        self._require_user()
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
        self._require_user()
        return observing.observe(self, made, metadata, timestamp, priority)

    def observe_batch(
        self,
        turns: Iterable[observing.TurnInput],
        *,
        progress: Callable[[int], None] | None = None,
    ) -> list[Turn]:
        """Remember many turns, of any sessions of this user, in few transactions.

        Args:
            turns: In the order in which they were said.
            progress: Called with the number of turns stored so far.
        """
        self._require_user()
        return observing.observe_batch(self, turns, progress)

    def build_context(self, user_input: str) -> str:
        """The finished prompt for an input; see `build`."""
        return self.build(user_input).text

    def build(
        self, user_input: str, *, budget: int | None = None, now: float | None = None
    ) -> Context:
        """The finished prompt for an input, with the account of it.

        Args:
            user_input: What the user says now; it is never cut silently.
            budget: Most tokens; the setting ``memory.prompt_token_budget`` when left out.
            now: The present, seconds since 1970; the clock when left out.

        Raises:
            BudgetError: The input alone exceeds the budget.
        """
        self._require_user()
        context = building.build(self, user_input, budget, now)
        self._engine.remember_built(self.scope, (user_input, budget, now), context)
        return context

    def explain(
        self, user_input: str, *, budget: int | None = None, now: float | None = None
    ) -> Context:
        """The context that `build` gave last for this input, or a new one: its slots say why."""
        key, context = self._engine.built.get(self.scope, (None, None))
        if context is not None and key == (user_input, budget, now):
            return context
        return self.build(user_input, budget=budget, now=now)

    # -- long-term memory -----------------------------------------------------------------------

    def query_memory(self, query: str, k: int = 5) -> list[tuple[str, float]]:
        """The ``k`` memories that answer best: (text, relevance in [0, 1]), best first."""
        self._require_user()
        if building.is_built_in(self.long_term_memory):
            return [(hit.entry.text, hit.score) for hit in self.search(query, k)]
        found = self.long_term_memory.search(query, k)
        return [(entry.text, float(score)) for entry, score in found]

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
        """
        self._require_user()
        if k < 0:
            raise InputError(f"k must be 0 or more, got {k}")
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
        return list(self.archive.search(ask).hits)

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
        self._require_user()
        return ingesting.add_memory(
            self, text, metadata, kind, timestamp, importance, trust, expires_at
        )

    def pin(self, text_or_id: str) -> str:
        """Show a text, or an entry of this id, in every prompt of this user.

        Returns:
            The id of the pinned entry.
        """
        self._require_user()
        return ingesting.pin(self, text_or_id)

    def unpin(self, entry_id: str) -> None:
        """Let a pinned entry compete like any note again.

        Raises:
            NotFoundError: No such entry in this scope.
        """
        self.get(entry_id)
        ingesting.update(self, entry_id, kind="note")

    def get(self, entry_id: str) -> MemoryEntry:
        """The entry with this id.

        Raises:
            NotFoundError: No such entry in this scope.
        """
        self._require_user()
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
        self._require_user()
        return forgetting.forget(self, ids, where, everything)

    def clear_memory(self) -> None:
        """Delete everything of this user with this agent, in all sessions."""
        self.forget(everything=True)

    def get_stats(self) -> dict[str, Any]:
        """Counts and settings, JSON-ready."""
        self._require_user()
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
        self._require_user()
        return ingesting.ingest_text(self, text, source, metadata)

    def ingest_file(
        self, path: str | Path, *, metadata: Mapping[str, Any] | None = None
    ) -> list[str]:
        """Remember a text file (UTF-8).

        Raises:
            ImportFormatError: Missing, empty, or not text; the message names the file.
        """
        self._require_user()
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
        self._require_user()
        return ingesting.ingest_directory(self, Path(path), glob, progress)

    # -- parts ----------------------------------------------------------------------------------

    @property
    def archive(self) -> Archive:
        """Long-term memory of all scopes."""
        return self._engine.archive

    @property
    def engine(self) -> Engine:
        """What this manager shares with everything `scoped` from it."""
        return self._engine

    @property
    def short_term_memory(self) -> ShortTermMemory:
        """The working set of this scope's session, as of now."""
        session = self._engine.session(self.scope, self.new_working_set)
        session.follow()
        memory = session.memory
        if self._make_stm is None and memory.max_tokens != self.config.memory.stm_capacity:
            memory.max_tokens = self.config.memory.stm_capacity
            memory.evict()
        return memory

    @short_term_memory.setter
    def short_term_memory(self, memory: ShortTermMemory) -> None:
        kind, capacity, counter = type(memory), memory.max_tokens, memory.token_counter
        self._make_stm = lambda: kind(capacity, counter)
        self._engine.replace_session(self.scope, memory)

    def count(self, text: str) -> int:
        """Tokens of a text, by the counter in use."""
        return int(self.token_counter.count_tokens(text))

    def settings(self) -> Config:
        """The settings, checked.

        Raises:
            ConfigError: A value cannot work.
        """
        self.config.check()
        return self.config

    def model(self) -> str:
        """Fingerprint of the embedding model in use."""
        return self._embedder().fingerprint

    def embed_later(self) -> None:
        """Embed what is pending in this partition in the background."""
        partition = self.scope.partition
        self._engine.background.submit(
            ("embed", partition), lambda: self.archive.embed_pending(partition)
        )

    def close(self) -> None:
        """Finish background work and release the store; calling it again does nothing."""
        self._engine.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _embedder(self) -> Embedder:
        return as_embedder(self.embedding_provider)

    def new_working_set(self) -> ShortTermMemory:
        """An empty short-term memory of the kind in use."""
        if self._make_stm is not None:
            return self._make_stm()
        memory = self.config.memory
        kind = EVICTION.get(memory.stm_eviction)
        if kind is None:
            known = ", ".join(sorted(EVICTION))
            raise ConfigError(
                f"memory.stm_eviction must be one of {known}, got {memory.stm_eviction!r}"
            )
        return kind(memory.stm_capacity, self.token_counter, clock=self.clock)

    def _require_user(self) -> None:
        if self.config.multi_user and self.scope.user_id == DEFAULT_SCOPE.user_id:
            raise ScopeError("multi_user is on: use manager.scoped(user_id=...) for every call")


def _scoped_memory(memory: Any, present: Scope, scope: Scope) -> Any:
    if hasattr(memory, "scoped"):
        return memory.scoped(scope)
    if scope.partition == present.partition:
        return memory
    raise ScopeError(
        "this long-term memory cannot keep users apart; give it a method scoped(scope) "
        "that returns the memory of that scope"
    )
