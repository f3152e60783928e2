"""Everything ever said or added, for all scopes: written through to the store, ranked on demand.

Decides how writes, pending vectors and queries meet. It takes plain arguments, holds no settings,
and knows neither prompts nor sessions' working sets.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from context_manager.embedding.protocol import Embedder, Vectors
from context_manager.embedding.shared import SharedVectors
from context_manager.errors import EmbeddingError, ModelMismatchError
from context_manager.forks import NO_FORK, ForkSafeLock
from context_manager.generations import let_go
from context_manager.index import VectorIndex
from context_manager.index.scanned import ScannedVectors
from context_manager.memory.ask import Ask, Found
from context_manager.memory.drafting import Drafter
from context_manager.memory.endings import Endings
from context_manager.memory.erasures import Erasures
from context_manager.memory.hits import HitReader
from context_manager.memory.pending import PendingPassages, space_of
from context_manager.memory.snapshot import Snapshot
from context_manager.memory.texts import Texts
from context_manager.memory.timely import Timely
from context_manager.memory.view import PartitionView
from context_manager.records import MemoryEntry, Partition
from context_manager.retrieval import Settings, knows, parse, rank
from context_manager.store import Store
from context_manager.store.protocol import Applied, Change, Pending

if TYPE_CHECKING:
    from context_manager.memory.large import LargeMemories

T = TypeVar("T")

_log = logging.getLogger(__name__)

VIEWS = 64
"""Partitions whose columns are kept in this process; the least recently used are let go."""

Lap: TypeAlias = Callable[[str], object]
"""Is told the name of each stage of a search when it ends."""


def _unwatched(stage: str) -> None:
    """Take no note of a stage."""


class Archive:
    """Long-term memory of all scopes over one store.

    Args:
        store: Where it is kept.
        embedder: Gives the embedder; called at each use, so that it may be exchanged.
        count_tokens: Tokens of a line with its line end.
        index: Makes an empty index for vectors of a length; called for each partition.

    Attributes:
        admit: An entry as it may be remembered; called by `add`. May refuse it by raising.
        asked: A question as the embedder may see it.
        large: Finds candidates in memories too large for columns; None of where none is.
        shared: Vectors of questions that other processes asked; None where they are not shared.
    """

    def __init__(
        self,
        store: Store,
        embedder: Callable[[], Embedder],
        count_tokens: Callable[[str], int],
        index: Callable[[int], VectorIndex] = ScannedVectors,
    ) -> None:
        self.store = store
        self._index = index
        self.secret = store.secret()
        self.drafter = Drafter(self.secret, count_tokens)
        self.texts = Texts(store)
        self.erasures = Erasures(store)
        self.admit: Callable[[MemoryEntry], MemoryEntry] = _unchanged
        self.asked: Callable[[str], str] = _unchanged
        self.large: Callable[[], LargeMemories | None] = _none
        self.shared: SharedVectors | None = None
        self._embedder = embedder
        self._views: OrderedDict[tuple[Partition, str], PartitionView] = OrderedDict()
        self._endings = Endings()
        self._lock = ForkSafeLock()
        self._timely = Timely()
        self._last_space: tuple[object, tuple[str, int]] = (None, ("", 1))
        self._pending = PendingPassages(store, embedder, self.apply, self._waiting)

    @property
    def model(self) -> str:
        """Fingerprint of the present model; "" while it cannot even say that."""
        return self._space()[0]

    @property
    def dimension(self) -> int:
        """Length of the vectors of the present model; 1 while it cannot even say that."""
        return self._space()[1]

    def _space(self) -> tuple[str, int]:
        """Fingerprint and dimension of the present model; what is known of one that is late."""
        embedder = self._embedder()
        if self._timely.is_late(embedder):
            known, space = self._last_space
            return space if known is embedder else ("", 1)
        space = space_of(embedder)
        self._last_space = embedder, space
        return space

    def apply(self, partition: Partition, change: Change) -> Applied:
        """Write a change; when it returns, it is as durable as the store promises."""
        try:
            applied = self.store.apply(partition, change)
        finally:
            if change.erase or change.remove_entries or change.remove_turns or change.updates:
                self.texts.let_go(partition)
            if change.erase or change.remove_entries or change.remove_turns:
                let_go()
        self._pending.note(partition, change)
        self._endings.note(partition, change, applied)
        return applied

    def add(self, entry: MemoryEntry) -> None:
        """Remember an entry; its vector follows."""
        draft = self.drafter.entry(self.admit(entry))
        strike = (self.erasures.unbury(entry.id),)
        self.apply(entry.scope.partition, Change(entries=(draft,), strike=strike))

    def embed_pending(self, partition: Partition, limit: int | None = None) -> int:
        """Embed what has no vector yet; see `PendingPassages.embed`."""
        return self._pending.embed(partition, limit)

    def leave_pending(self, partition: Partition) -> None:
        """Remember no longer what this process wrote without a vector: others will embed it."""
        self._pending.leave(partition)

    def embed_written(self, partition: Partition, most: int) -> bool:
        """Embed some of what this process wrote; see `PendingPassages.embed_written`."""
        return self._pending.embed_written(partition, most)

    def embed_all_written(self, partition: Partition) -> int:
        """Embed what this process wrote; see `PendingPassages.embed_all_written`."""
        return self._pending.embed_all_written(partition)

    def reembed(self, partition: Partition, progress: Callable[[int], object] | None = None) -> int:
        """Give every passage a vector of the present model; see `PendingPassages.reembed`."""
        return self._pending.reembed(partition, progress)

    def embed_ahead(
        self, partition: Partition, queries: Sequence[str], patience: float | None = None
    ) -> None:
        """Embed what is pending, and these queries in one call, so that searches find them ready.

        What fails here, or takes longer than ``patience`` seconds, is tried again, and dealt with,
        by the search that needs it.
        """
        embedder = self._embedder()
        wanted = [text for text in dict.fromkeys(map(self.asked, queries)) if text.strip()]
        remembered = getattr(getattr(embedder, "cache", None), "capacity", 0)
        try:
            self._timely.call(
                embedder, patience, lambda: self._pending.embed_shown(partition, patience)
            )
            if len(wanted) > 1 and remembered:
                some = wanted[:remembered]
                self._timely.call(embedder, patience, lambda: self._embedded(partition, some))
        except EmbeddingError as error:
            _log.info("embedding ahead failed with %s", type(error).__name__)

    def search(self, ask: Ask, lap: Lap = _unwatched) -> Found:
        """Rank what the scope may see; what is still pending is embedded first.

        A broken or slow embedder costs quality, not the call: words alone rank then, and the result
        says ``degraded``.

        Args:
            ask: The query.
            lap: Is told of each stage when it ends.
        """
        partition, text = ask.scope.partition, self.asked(ask.text)
        degraded: tuple[str, ...] = ()
        vector = None
        embedder, patience = self._embedder(), ask.patience
        in_time = partial(self._timely.call, embedder, patience)
        try:
            if not in_time(lambda: self._pending.embed_shown(partition, patience)):
                degraded = ("embedding",)
            lap("pending")
            if text.strip():
                vector = in_time(lambda: self._embedded(partition, [text]))[0]
            lap("embed")
        except EmbeddingError as error:
            _log.warning("embedding failed with %s; ranking by words alone", type(error).__name__)
            degraded = ("model",) if isinstance(error, ModelMismatchError) else ("embedding",)
        query = parse(text, key=self.secret, vector=vector, now=ask.now)
        large, size = self._ready(partition)
        snapshot = (
            self.snapshot(partition)
            if large is None
            else large.snapshot(ask, query, self.model, self.dimension)
        )
        lap("columns")
        known = knows(self.model)
        settings = replace(ask.settings or Settings(), most=ask.most, cosines_known=known)
        eligible = snapshot.eligible(ask.scope, ask.recall, ask.now, ask.kinds, ask.as_of)
        reader = HitReader(self.texts, partition, snapshot)
        rerank = None if ask.rerank is None else reader.by_rows(ask.rerank)
        with NO_FORK:  # a child forked in the midst of a threaded product cannot multiply
            ranking = rank(snapshot.corpus, query, settings, eligible=eligible, rerank=rerank)
        lap("rank")
        most = _within(snapshot.corpus.tokens[ranking.passages], ask.tokens)
        hits = reader.hits(
            ranking.entries[:most],
            ranking.passages[:most],
            ranking.relevance[:most],
            ranking.explain,
        )
        lap("read")
        entries = len(snapshot) if large is None else size
        return Found(hits, ranking.covered, ranking.answerability, degraded, entries)

    def _embedded(self, partition: Partition, questions: Sequence[str]) -> Vectors:
        if self.shared is None:
            return self._embedder().embed(questions)
        return self.shared.embed(partition, self._embedder(), questions)

    def size(self, partition: Partition) -> int:
        """How many entries a partition holds."""
        large = self.large()
        size = None if large is None else large.size(partition)
        return len(self.snapshot(partition)) if size is None else size

    def file(self, partition: Partition) -> bool:
        """File a part of what is due in a large memory; whether there may be more."""
        large = self.large()
        return large is not None and large.file(partition, self.model)

    def _ready(self, partition: Partition) -> tuple[LargeMemories | None, int]:
        """What finds candidates in a memory, and its size; None where columns are read."""
        large = self.large()
        size = None if large is None else large.ready(partition, self.model)
        if size is None:
            return None, 0
        with self._lock:
            self._views.pop((partition, self.model), None)
        return large, size

    def _waiting(self, partition: Partition) -> Sequence[Pending]:
        """Passages that have no vector of the present model yet."""
        large, _ = self._ready(partition)
        if large is None:
            return self.snapshot(partition).pending
        return large.waiting(partition, self.model)

    def snapshot(self, partition: Partition) -> Snapshot:
        """The columns of a partition as they are now."""
        model, dimension = self._space()
        key = (partition, model)
        with self._lock:
            view = self._views.get(key)
            if view is None:
                view = PartitionView(
                    self.store, partition, model, dimension, self._index, self._endings
                )
                self._views[key] = view
            self._views.move_to_end(key)
            while len(self._views) > VIEWS:
                self._views.popitem(last=False)
        return view.snapshot()

    def vectors(self, partition: Partition, ids: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """The vector of each entry's first passage, for those that have one of this model."""
        packed = self.store.vectors(partition, ids, self.model)
        return {key: np.frombuffer(blob, dtype="<f4") for key, blob in packed.items()}


SPARE = 1.1
SPARE_HITS = 40
"""How many more hits are read than fill a prompt: some repeat others, some do not fit."""


def _within(costs: NDArray[np.int32], tokens: int | None) -> int:
    """How many hits, best first, are worth reading for a prompt of so many tokens."""
    if tokens is None:
        return len(costs)
    return int(np.searchsorted(np.cumsum(costs), SPARE * tokens)) + SPARE_HITS


def _none() -> None:
    """No memory is large."""


def _unchanged(value: T) -> T:
    return value
