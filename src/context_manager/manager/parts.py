"""What a manager is made of: its settings, its exchangeable parts, its scope and its store.

Decides how the parts come to be and how a manager is scoped, opened and closed. What can be done
with it is in `manager.py`; this file remembers nothing and builds nothing.
"""

from __future__ import annotations

import copy
import logging
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, cast

from context_manager.config import Config
from context_manager.embedding import as_embedder
from context_manager.embedding.protocol import Embedder
from context_manager.embedding.shared import SharedVectors
from context_manager.errors import EmbeddingError, ScopeError
from context_manager.manager import delegating, following, hearing, observing, searching
from context_manager.manager.engine import Engine
from context_manager.manager.following import Made
from context_manager.manager.hooks import Hook, Hooks
from context_manager.manager.stubs import stubbed
from context_manager.memory.archive import Archive
from context_manager.memory.fresh import fresh
from context_manager.memory.hits import Reranker
from context_manager.memory.long_term import LongTermMemory
from context_manager.memory.short_term import ShortTermMemory
from context_manager.records import DEFAULT_SCOPE, Scope
from context_manager.store import Store, open_store, stores
from context_manager.tokens import as_counter

if TYPE_CHECKING:
    from context_manager.manager.manager import ContextManager

_log = logging.getLogger(__name__)

EMBED_AFTER = 0.05
"""Seconds after which what was written is embedded: turns that follow at once share a commit."""

EMBED_STEP = 32
"""Passages embedded by one background job: about as long as the end of a process may wait."""


class ManagerParts:
    """The parts of a `ContextManager`; see there."""

    token_counter = following.token_counter()
    embedding_provider = following.embedding_provider()
    llm_adapter = following.llm_adapter()
    summarizer = following.summarizer()

    def __init__(
        self,
        config: Config | None = None,
        *,
        store: Store | None = None,
        scope: Scope = DEFAULT_SCOPE,
        clock: Callable[[], float] = time.time,
        reranker: Reranker | None = None,
        hooks: Iterable[Hook] = (),
    ) -> None:
        self.config = Config() if config is None else config
        self.config.check()
        self.scope = scope
        self.clock = clock
        self.reranker = reranker
        self.hooks = Hooks(hooks, clock)
        self.made = Made()
        self._engine = Engine(
            stores.create("memory") if store is None else store,
            self._embedder,
            lambda line: as_counter(self.token_counter).count_line(line),
            lambda dimension: searching.index_of(self, dimension),
        )
        delegating.queue_of(self)
        if self.config.embedding.redis_url:
            self.share_questions(self.config.embedding.redis_url)
        _ = self.summarizer  # a name that nobody knows is told at once
        self._engine.archive.admit = lambda entry: hearing.admitted(self, entry)
        self._engine.archive.large = lambda: searching.large_of(self)
        self._engine.archive.asked = lambda text: hearing.asked(self, text)
        self.working_set_kind: ShortTermMemory | None = None  # one that was assigned
        self._engine.at_hand = lambda turn: stubbed(
            turn, self.config.memory.tool_output_tokens, as_counter(self.token_counter)
        )
        self.long_term_memory = LongTermMemory(
            self._engine.archive.dimension,
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
        **parts: Any,
    ) -> Self:
        """A manager over one SQLite file or one database, made ready when it is new.

        Args:
            path: The file, or the address of a database: ``postgresql://user@host/name``.
            config: Settings; the defaults when left out.
            scope: Whose memory to begin with.
            clock: Gives seconds since 1970.
            parts: Further keywords of the class.

        Raises:
            ConfigError: A setting cannot work; no file is made then.
            StoreError: The store cannot be opened; the message names it and the reason.
        """
        settings = Config() if config is None else config
        settings.check()
        store = open_store(path, durability=settings.durability)
        try:
            return cls(settings, store=store, scope=scope, clock=clock, **parts)
        except BaseException:
            store.close()
            raise

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

    @property
    def long_term_memory(self) -> Any:
        """Long-term memory of this scope; one that is assigned is asked for this scope alone."""
        return self._long_term_memory

    @long_term_memory.setter
    def long_term_memory(self, memory: Any) -> None:
        elsewhere = isinstance(memory, LongTermMemory) and memory.partition != self.scope.partition
        self._long_term_memory = memory.scoped(self.scope) if elsewhere else memory

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
        """The working set of this scope's session, as of now.

        A turn put into it by ``add_turn`` is remembered as if observed.
        """
        return observing.session_of(self._whole, self.scope).memory

    @short_term_memory.setter
    def short_term_memory(self, memory: ShortTermMemory) -> None:
        self.working_set_kind = fresh(memory)
        self._engine.replace_session(self.scope, memory, assigned=True)

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
        """Fingerprint of the embedding model in use; "" while it cannot even say that."""
        return self._engine.archive.model

    def share_questions(self, redis_url: str) -> None:
        """Share the vectors of questions with all processes that name this Redis and this store.

        Raises:
            ConfigError: The URL cannot be used.
            MissingExtraError: The ``redis`` extra is not installed.
        """
        self.archive.shared = SharedVectors(redis_url, self.archive.secret)

    def embed_later(self) -> None:
        """Embed what is pending in this partition in the background, a few passages at a time."""
        queue = delegating.queue_of(self)
        if queue is None:
            self._embed_soon(EMBED_AFTER)
            return
        self.archive.leave_pending(self.scope.partition)
        delegating.leave(self, queue, delegating.EMBED, self.scope)

    def _embed_soon(self, after: float = 0.0) -> None:
        job = ("embed", self.scope.partition)
        self._engine.background.submit(job, self._embed_some, after)

    def _embed_some(self) -> None:
        with self.hooks.watch("embed", self.scope) as watch:
            more = self.archive.embed_written(self.scope.partition, EMBED_STEP)
            watch.note(more=int(more))
        if more:
            self._embed_soon()

    def embed_now(self) -> None:
        """Embed all that this process wrote here; what fails stays for the next need."""
        try:
            with self.hooks.watch("embed", self.scope) as watch:
                watch.note(passages=self.archive.embed_all_written(self.scope.partition))
        except EmbeddingError as error:
            _log.warning("embedding failed with %s; it is tried again", type(error).__name__)

    def close(self) -> None:
        """Finish background work and release the store; calling it again does nothing."""
        self._engine.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def _whole(self) -> ContextManager:
        """This manager with all its faces, for the modules that a face stands for."""
        return cast("ContextManager", self)

    def _embedder(self) -> Embedder:
        return as_embedder(self.embedding_provider)

    def require_user(self) -> None:
        """Refuse the default user where several users share this installation.

        Raises:
            ScopeError: ``multi_user`` is on and no user was named.
        """
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
