"""Everything ever said or added, for all scopes: written through to the store, ranked on demand.

Decides how writes, pending vectors and queries meet. It takes plain arguments, holds no settings,
and knows neither prompts nor sessions' working sets.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from threading import RLock
from typing import TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from context_manager.embedding.processes import PerProcess
from context_manager.embedding.protocol import Embedder
from context_manager.errors import EmbeddingError, ModelMismatchError
from context_manager.memory.drafting import Drafter, embedded_text
from context_manager.memory.erasures import Erasures
from context_manager.memory.hits import HitReader, Reranker
from context_manager.memory.texts import Texts
from context_manager.memory.view import PartitionView, Snapshot
from context_manager.memory.waiting import Waiting
from context_manager.records import Hit, MemoryEntry, Partition, Scope
from context_manager.retrieval import Settings, knows, parse, rank
from context_manager.store import Store
from context_manager.store.protocol import Applied, Change, Pending, VectorUpdate

T = TypeVar("T")

_log = logging.getLogger(__name__)

VIEWS = 64
"""Partitions whose columns are kept in this process; the least recently used are let go."""

EMBED_BATCH = 500

REEMBEDDED_AT_ONCE = 256
"""Passages that a changed model may embed anew without being asked to: that takes a moment only."""

LOCKS = 64
"""Partitions that can be embedded at the same time."""

Lap: TypeAlias = Callable[[str], object]
"""Is told the name of each stage of a search when it ends."""


def _unwatched(stage: str) -> None:
    """Take no note of a stage."""


@dataclass(frozen=True, slots=True)
class Found:
    """The answer to a query: hits best first, and how sure we are that anything answers it.

    `entries` says how many entries the partition holds.
    """

    hits: tuple[Hit, ...]
    covered: bool
    answerability: float
    degraded: tuple[str, ...] = ()
    entries: int = 0


@dataclass(frozen=True, slots=True)
class Ask:
    """A query.

    Args:
        text: What is asked.
        scope: Who asks.
        now: Seconds since 1970.
        most: Hits wanted at most.
        tokens: Enough hits to fill so many tokens, and a quarter more to choose from, are wanted;
            None for all.
        recall: "user", "session" or "task".
        kinds: Only these kinds of entries.
        as_of: Only what was known and valid at that time.
        settings: Weights of ranking.
        rerank: Reorders the hits.
    """

    text: str
    scope: Scope
    now: float
    most: int = 10
    recall: str = "user"
    kinds: Sequence[str] | None = None
    as_of: float | None = None
    settings: Settings | None = None
    rerank: Reranker | None = None
    tokens: int | None = None


class Archive:
    """Long-term memory of all scopes over one store.

    Args:
        store: Where it is kept.
        embedder: Gives the embedder; called at each use, so that it may be exchanged.
        count_tokens: Tokens of a text.

    Attributes:
        admit: An entry as it may be remembered; called by `add`. May refuse it by raising.
        asked: A question as the embedder may see it.
    """

    def __init__(
        self, store: Store, embedder: Callable[[], Embedder], count_tokens: Callable[[str], int]
    ) -> None:
        self.store = store
        self.secret = store.secret()
        self.drafter = Drafter(self.secret, count_tokens)
        self.texts = Texts(store)
        self._waiting = Waiting()
        self._begun: set[tuple[Partition, str]] = set()  # where this model may embed
        self.erasures = Erasures(store)
        self.admit: Callable[[MemoryEntry], MemoryEntry] = _unchanged
        self.asked: Callable[[str], str] = _unchanged
        self._embedder = embedder
        self._views: OrderedDict[tuple[Partition, str], PartitionView] = OrderedDict()
        self._lock = RLock()
        self._embedding = PerProcess(lambda: [RLock() for _ in range(LOCKS)])

    @property
    def model(self) -> str:
        """Fingerprint of the present model; "" while it cannot even say that."""
        return _space(self._embedder())[0]

    @property
    def dimension(self) -> int:
        """Length of the vectors of the present model; 1 while it cannot even say that."""
        return _space(self._embedder())[1]

    def apply(self, partition: Partition, change: Change) -> Applied:
        """Write a change; when it returns, it is as durable as the store promises."""
        try:
            applied = self.store.apply(partition, change)
        finally:
            if change.erase or change.remove_entries or change.remove_turns or change.updates:
                self.texts.let_go(partition)
        self._waiting.note(partition, change)
        return applied

    def add(self, entry: MemoryEntry) -> None:
        """Remember an entry; its vector follows."""
        draft = self.drafter.entry(self.admit(entry))
        strike = (self.erasures.unbury(entry.id),)
        self.apply(entry.scope.partition, Change(entries=(draft,), strike=strike))

    def embed_pending(self, partition: Partition, limit: int | None = None) -> int:
        """Embed what has no vector of the present model yet.

        Args:
            partition: Whose passages.
            limit: Passages at most; None for all there are.

        Returns:
            How many were embedded.

        Raises:
            ModelMismatchError: Most passages have vectors of another model; see `reembed`.
            EmbeddingError: The embedder failed; what was embedded before stays.
        """
        embedder = self._embedder()
        # No text is embedded twice at a time: whoever comes second finds it done.
        with self._embedding()[hash(partition) % LOCKS]:
            if self.store.pending(partition, embedder.fingerprint, 1):
                self._check_model(partition, embedder.fingerprint)
            return self._embed_pending(partition, embedder, limit)

    def reembed(self, partition: Partition, progress: Callable[[int], object] | None = None) -> int:
        """Give every passage a vector of the present model, then drop those of others.

        Others may read and write meanwhile: words serve them. What is done stays done, so a call
        after a killed one goes on where that stopped.

        Args:
            partition: Whose passages.
            progress: Is told how many were embedded so far.

        Returns:
            How many were embedded.

        Raises:
            EmbeddingError: The embedder failed; what was embedded before stays.
        """
        embedder = self._embedder()
        done = 0
        while True:
            with self._embedding()[hash(partition) % LOCKS]:
                step = self._embed_pending(partition, embedder, EMBED_BATCH)
            if not step:
                break
            done += step
            if progress is not None:
                progress(done)
        for model in self.store.models(partition):
            if model != embedder.fingerprint:
                self.apply(partition, Change(drop_model=model))
        return done

    def _check_model(self, partition: Partition, model: str) -> None:
        """Refuse to begin with a second model where there is much of a first one."""
        if (partition, model) in self._begun:
            return
        counts = self.store.models(partition)
        own = counts.pop(model, 0)
        most = max(counts.values(), default=0)
        if most > max(own, REEMBEDDED_AT_ONCE):
            raise ModelMismatchError(
                f"{most} passages have vectors of another model than {model!r}; words serve until "
                "reembed() has given them vectors of this one"
            )
        self._begun.add((partition, model))

    def _embed_pending(self, partition: Partition, embedder: Embedder, limit: int | None) -> int:
        model = embedder.fingerprint
        done = 0
        while limit is None or done < limit:
            most = EMBED_BATCH if limit is None else min(EMBED_BATCH, limit - done)
            embedded = self._embed(partition, embedder, self.store.pending(partition, model, most))
            if not embedded:
                break
            done += embedded
        return done

    def embed_written(self, partition: Partition, most: int) -> bool:
        """Embed some of what this process wrote, and at first what earlier ones left over.

        Unlike `embed_pending` it does not look through the whole partition each time.

        Args:
            partition: Whose passages.
            most: Passages at most.

        Returns:
            Whether there may be more.

        Raises:
            ModelMismatchError: Most passages have vectors of another model; see `reembed`.
            EmbeddingError: The embedder failed; what was embedded before stays.
        """
        embedder = self._embedder()
        model = embedder.fingerprint
        with self._embedding()[hash(partition) % LOCKS]:
            if self._waiting.searched(partition, model):
                jobs = self._waiting.some(partition, most)
            else:
                jobs = self.store.pending(partition, model, most)
                if len(jobs) < most:
                    self._waiting.search_ended(partition, model)
            if jobs:
                self._check_model(partition, model)
                self._embed(partition, embedder, jobs)
        return len(jobs) == most

    def _embed_shown(self, partition: Partition) -> None:
        """Embed what the columns show to be without a vector."""
        if not self.snapshot(partition).pending:
            return
        embedder = self._embedder()
        with self._embedding()[hash(partition) % LOCKS]:
            jobs = list(self.snapshot(partition).pending)
            if jobs:
                self._check_model(partition, embedder.fingerprint)
            for start in range(0, len(jobs), EMBED_BATCH):
                self._embed(partition, embedder, jobs[start : start + EMBED_BATCH])

    def _embed(self, partition: Partition, embedder: Embedder, jobs: list[Pending]) -> int:
        """Embed these passages, but for those whose entries are gone; how many were embedded."""
        texts = self._pending_texts(partition, [job.entry_id for job in jobs])
        there = [job for job in jobs if job.entry_id in texts]
        if there:
            vectors = embedder.embed(
                [embedded_text(texts[job.entry_id], job.start, job.end) for job in there]
            )
            updates = tuple(
                VectorUpdate(job.entry_id, job.ordinal, _packed(vector), embedder.fingerprint)
                for job, vector in zip(there, vectors, strict=True)
            )
            self.apply(partition, Change(vectors=updates))
        self._waiting.done(partition, jobs)
        return len(there)

    def embed_ahead(self, partition: Partition, queries: Sequence[str]) -> None:
        """Embed what is pending, and these queries in one call, so that searches find them ready.

        What fails here is tried again, and dealt with, by the search that needs it.
        """
        embedder = self._embedder()
        wanted = [text for text in dict.fromkeys(map(self.asked, queries)) if text.strip()]
        remembered = getattr(getattr(embedder, "cache", None), "capacity", 0)
        try:
            self._embed_shown(partition)
            if len(wanted) > 1 and remembered:
                embedder.embed(wanted[:remembered])
        except EmbeddingError as error:
            _log.info("embedding ahead failed with %s", type(error).__name__)

    def search(self, ask: Ask, lap: Lap = _unwatched) -> Found:
        """Rank what the scope may see; what is still pending is embedded first.

        A broken embedder costs quality, not the call: words alone rank then, and the result says
        ``degraded``.

        Args:
            ask: The query.
            lap: Is told of each stage when it ends.
        """
        partition, text = ask.scope.partition, self.asked(ask.text)
        degraded: tuple[str, ...] = ()
        vector = None
        try:
            self._embed_shown(partition)
            lap("pending")
            if text.strip():
                vector = self._embedder().embed([text])[0]
            lap("embed")
        except EmbeddingError as error:
            _log.warning("embedding failed with %s; ranking by words alone", type(error).__name__)
            degraded = ("model",) if isinstance(error, ModelMismatchError) else ("embedding",)
        snapshot = self.snapshot(partition)
        lap("columns")
        query = parse(text, key=self.secret, vector=vector, now=ask.now)
        known = knows(self.model)
        settings = replace(ask.settings or Settings(), most=ask.most, cosines_known=known)
        eligible = snapshot.eligible(ask.scope, ask.recall, ask.now, ask.kinds, ask.as_of)
        reader = HitReader(self.texts, partition, snapshot)
        rerank = None if ask.rerank is None else reader.by_rows(ask.rerank)
        ranking = rank(snapshot.corpus, query, settings, eligible=eligible, rerank=rerank)
        lap("rank")
        most = _within(snapshot.corpus.tokens[ranking.passages], ask.tokens)
        hits = reader.hits(
            ranking.entries[:most],
            ranking.passages[:most],
            ranking.relevance[:most],
            ranking.explanations(most),
        )
        lap("read")
        shown = tuple(hits.values())
        return Found(shown, ranking.covered, ranking.answerability, degraded, len(snapshot))

    def snapshot(self, partition: Partition) -> Snapshot:
        """The columns of a partition as they are now."""
        model, dimension = _space(self._embedder())
        key = (partition, model)
        with self._lock:
            view = self._views.get(key)
            if view is None:
                view = PartitionView(self.store, partition, model, dimension)
                self._views[key] = view
            self._views.move_to_end(key)
            while len(self._views) > VIEWS:
                self._views.popitem(last=False)
        return view.snapshot()

    def vectors(self, partition: Partition, ids: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """The vector of each entry's first passage, for those that have one of this model."""
        packed = self.store.vectors(partition, ids, self.model)
        return {key: np.frombuffer(blob, dtype="<f4") for key, blob in packed.items()}

    def _pending_texts(self, partition: Partition, ids: Sequence[str]) -> dict[str, MemoryEntry]:
        return {
            entry.id: entry for entry in self.store.entries(partition, list(dict.fromkeys(ids)))
        }


SPARE = 1.25
SPARE_HITS = 50
"""How many more hits are read than fill a prompt: some repeat others, some do not fit."""


def _within(costs: NDArray[np.int32], tokens: int | None) -> int:
    """How many hits, best first, are worth reading for a prompt of so many tokens."""
    if tokens is None:
        return len(costs)
    return int(np.searchsorted(np.cumsum(costs), SPARE * tokens)) + SPARE_HITS


def _packed(vector: object) -> bytes:
    return np.asarray(vector, dtype="<f4").tobytes()


def _space(embedder: Embedder) -> tuple[str, int]:
    """Fingerprint and dimension of the model; ("", 1) while the embedder cannot even say that."""
    try:
        return embedder.fingerprint, embedder.dimension
    except EmbeddingError:
        return "", 1


def _unchanged(value: T) -> T:
    return value
