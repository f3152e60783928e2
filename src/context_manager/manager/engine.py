"""What all scopes of one manager share: the archive, the sessions in use, background work.

Decides what lives how long. It reads no settings and makes no prompt.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any

from context_manager.embedding.protocol import Embedder
from context_manager.errors import ContextManagerError
from context_manager.forks import ForkSafeLock
from context_manager.index import VectorIndex
from context_manager.llm.guarded import GuardedLLM
from context_manager.llm.spend import SpendGovernor
from context_manager.manager.background import Background
from context_manager.manager.cores import WIDTH, cores
from context_manager.manager.session import Session
from context_manager.memory.archive import Archive
from context_manager.memory.echoes import Echoes
from context_manager.memory.facts.book import FactBook, Facts
from context_manager.memory.short_term import ShortTermMemory
from context_manager.memory.timely import is_local
from context_manager.records import Context, Partition, Scope, Turn
from context_manager.store import Store
from context_manager.store.queue import Job

if TYPE_CHECKING:
    from context_manager.manager.threads import Threads

SESSIONS = 1024
"""Working sets kept in this process; an older one is read again from the journal when needed."""

BUILT = 32
"""Contexts kept for `explain`; one of 12,000 tokens takes about a quarter of a megabyte."""

BOOKS = 256
"""Partitions whose facts are kept in this process."""

MODELS = 8
"""Models whose guards are kept: a model exchanged by assignment gets a guard of its own."""


class Engine:
    """Shared by a manager and everything `scoped` from it.

    Args:
        store: Where memory is kept.
        embedder: Gives the embedder at each use.
        count_tokens: Tokens of a line with its line end.
        index: Makes an empty index for vectors of a length.
    """

    def __init__(
        self,
        store: Store,
        embedder: Callable[[], Embedder],
        count_tokens: Callable[[str], int],
        index: Callable[[int], VectorIndex],
    ) -> None:
        self.store = store
        self.at_hand: Callable[[Turn], Turn] = lambda turn: turn
        self._embedder = embedder
        self._local = bool(getattr(store, "local", False))
        self.archive = Archive(store, embedder, count_tokens, index)
        self.background = Background(inside=self._computing)
        self.echoes = Echoes()
        self.governor = SpendGovernor()
        self._guards: OrderedDict[int, tuple[Any, GuardedLLM]] = OrderedDict()
        self._troubles: OrderedDict[Partition, dict[str, str]] = OrderedDict()
        self._books: OrderedDict[Partition, FactBook] = OrderedDict()
        self._left: dict[Job, None] = {}
        self._built: OrderedDict[Scope, tuple[object, int, Context]] = OrderedDict()
        self._sessions: OrderedDict[Scope, Session] = OrderedDict()
        self._lock = ForkSafeLock()

    @cached_property
    def threads(self) -> Threads:
        """Where awaited work is done; imports what that needs when something is awaited."""
        from context_manager.manager.threads import Threads

        return Threads(self._computing)

    def session(self, scope: Scope, memory: Callable[[], ShortTermMemory]) -> Session:
        """The working set of a session; ``memory`` makes an empty one where there is none."""
        with self._lock:
            session = self._sessions.get(scope)
            if session is None:
                session = self._sessions[scope] = Session(self.store, scope, memory(), self.at_hand)
            self._sessions.move_to_end(scope)
            while len(self._sessions) > SESSIONS:
                self._sessions.popitem(last=False)
            return session

    def replace_session(
        self, scope: Scope, memory: ShortTermMemory, *, assigned: bool = False
    ) -> Session:
        """Use another working set for a session; it is filled from the journal.

        Args:
            scope: Which session.
            memory: The working set.
            assigned: Whether it is the user's own, whatever the settings say.
        """
        with self._lock:
            made = Session(self.store, scope, memory, self.at_hand, assigned=assigned)
            session = self._sessions[scope] = made
            return session

    def clear_sessions(self, partition: Partition) -> None:
        """Empty every working set of a partition whose memory was deleted."""
        with self._lock:
            for scope in [scope for scope in self._sessions if scope.partition == partition]:
                self._sessions.pop(scope).memory.clear()

    def epoch(self, scope: Scope) -> int:
        """Grows when something of the scope's partition is forgotten or altered, by any process."""
        return self.store.version(scope.partition).epoch

    def remember_built(self, scope: Scope, key: object, epoch: int, context: Context) -> None:
        """Keep the context built last in a scope, for `explain`.

        Args:
            scope: Whose it is.
            key: What was asked.
            epoch: That of the scope before it was built.
            context: The result.
        """
        with self._lock:
            self._built[scope] = (key, epoch, context)
            self._built.move_to_end(scope)
            while len(self._built) > BUILT:
                self._built.popitem(last=False)

    def last_built(self, scope: Scope, key: object) -> Context | None:
        """The context built last in a scope, if of this key and not of an earlier epoch."""
        with self._lock:
            known, epoch, context = self._built.get(scope, (None, -1, None))
        if known != key or epoch != self.epoch(scope):
            return None
        return context

    def forget_built(self) -> None:
        """Let go of every kept context."""
        with self._lock:
            self._built.clear()

    def guard(self, model: object, make: Callable[[], GuardedLLM]) -> GuardedLLM:
        """The guard of a model; ``make`` makes it at the first use of that very object."""
        with self._lock:
            known = self.known_guard(model)
            if known is None:
                known = make()
                self._guards[id(model)] = (model, known)
                while len(self._guards) > MODELS:
                    self._guards.popitem(last=False)
            return known

    def known_guard(self, model: object) -> GuardedLLM | None:
        """The guard of a model that was asked before, None of any other."""
        if isinstance(model, GuardedLLM):
            return model
        with self._lock:
            held, guard = self._guards.get(id(model), (None, None))
            return guard if held is model else None

    def guards(self) -> list[GuardedLLM]:
        """The guards of all models in use."""
        with self._lock:
            return [guard for _, guard in self._guards.values()]

    def note_trouble(self, partition: Partition, work: str, reason: str) -> None:
        """Keep why a model did not do some work in a partition last; "" when it did."""
        with self._lock:
            troubles = self._troubles.setdefault(partition, {})
            troubles.pop(work, None)
            if reason:
                troubles[work] = reason
            elif not troubles:
                self._troubles.pop(partition)
            while len(self._troubles) > SESSIONS:
                self._troubles.popitem(last=False)

    def troubles(self, partition: Partition) -> dict[str, str]:
        """Why a model did not do its work in a partition last, by the work."""
        with self._lock:
            return dict(self._troubles.get(partition, {}))

    def facts(self, partition: Partition) -> Facts:
        """The facts of a partition as they are now."""
        with self._lock:
            book = self._books.setdefault(partition, FactBook(self.store, partition))
            self._books.move_to_end(partition)
            while len(self._books) > BOOKS:
                self._books.popitem(last=False)
        return book.facts()

    def to_leave(self, job: Job) -> None:
        """Keep a job that is for workers until they are told."""
        with self._lock:
            self._left[job] = None

    def left(self) -> list[Job]:
        """What is kept for workers; they are to be told now."""
        with self._lock:
            jobs, self._left = self._left, {}
        return list(jobs)

    def forget_replies(self) -> None:
        """Let go of every answer of a model that is kept."""
        for guard in self.guards():
            guard.cache.clear()

    def close(self) -> None:
        """Finish background work and release the store."""
        self.background.drain()
        if self.archive.shared is not None:
            self.archive.shared.close()
        self.store.close()
        if "threads" in self.__dict__:
            self.threads.close()

    def _computing(self) -> AbstractContextManager[None]:
        """What awaited and background work is done inside of: with nothing but this machine to
        wait for, it takes its turn at the processors."""
        with suppress(ContextManagerError):  # an embedder that is none is told by who needs it
            embedder = self._embedder()
            if self._local and self.archive.shared is None and is_local(embedder):
                threads = getattr(getattr(embedder, "embedder", embedder), "threads", None)
                return cores().taken(1 if threads == 1 else WIDTH)
        return nullcontext()
