"""Passages that have no vector of the present model yet, and how they get one.

Decides what is embedded when, in which portions, and that no text is embedded twice at a time or
into a second space by accident. It knows no query.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from threading import RLock

import numpy as np

from context_manager.embedding.processes import PerProcess
from context_manager.embedding.protocol import Embedder
from context_manager.errors import EmbeddingError, ModelMismatchError
from context_manager.memory.drafting import embedded_text
from context_manager.memory.waiting import Waiting
from context_manager.records import MemoryEntry, Partition
from context_manager.store import Store
from context_manager.store.protocol import Applied, Change, Pending, VectorUpdate

EMBED_BATCH = 500

HURRIED_BATCH = 100
"""Passages embedded at a time while somebody waits."""

REEMBEDDED_AT_ONCE = 256
"""Passages that a changed model may embed anew without being asked to: that takes a moment only."""

LOCKS = 64
"""Partitions that can be embedded at the same time."""


class PendingPassages:
    """Gives passages their vectors.

    Args:
        store: Where the passages are.
        embedder: Gives the embedder; called at each use, so that it may be exchanged.
        apply: Writes a change.
        shown: Passages of a partition that a search would find without a vector, oldest first.
    """

    def __init__(
        self,
        store: Store,
        embedder: Callable[[], Embedder],
        apply: Callable[[Partition, Change], Applied],
        shown: Callable[[Partition], Sequence[Pending]],
    ) -> None:
        self._store = store
        self._embedder = embedder
        self._apply = apply
        self._shown = shown
        self._waiting = Waiting()
        self._begun: set[tuple[Partition, str]] = set()  # where this model may embed
        self._embedding = PerProcess(lambda: [RLock() for _ in range(LOCKS)])

    def note(self, partition: Partition, change: Change) -> None:
        """Remember what a change wrote without a vector."""
        self._waiting.note(partition, change)

    def leave(self, partition: Partition) -> None:
        """Remember no longer what this process wrote without a vector: others will embed it."""
        self._waiting.let_go(partition)

    def embed(self, partition: Partition, limit: int | None = None) -> int:
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
            if self._store.pending(partition, embedder.fingerprint, 1):
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
        for model in self._store.models(partition):
            if model != embedder.fingerprint:
                self._apply(partition, Change(drop_model=model))
        return done

    def _check_model(self, partition: Partition, model: str) -> None:
        """Refuse to begin with a second model where there is much of a first one."""
        if (partition, model) in self._begun:
            return
        counts = self._store.models(partition)
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
            embedded = self._embed(partition, embedder, self._store.pending(partition, model, most))
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
        jobs, _ = self._embed_step(partition, most)
        return jobs == most

    def embed_all_written(self, partition: Partition) -> int:
        """Embed all that this process wrote, like `embed_written`; how many passages it were."""
        done, jobs = 0, EMBED_BATCH
        while jobs == EMBED_BATCH:
            jobs, embedded = self._embed_step(partition, EMBED_BATCH)
            done += embedded
        return done

    def _embed_step(self, partition: Partition, most: int) -> tuple[int, int]:
        """Embed some; how many were to be embedded, and how many of them still existed."""
        embedder = self._embedder()
        model = embedder.fingerprint
        with self._embedding()[hash(partition) % LOCKS]:
            if self._waiting.searched(partition, model):
                jobs = self._waiting.some(partition, most)
            else:
                jobs = self._store.pending(partition, model, most)
                if len(jobs) < most:
                    self._waiting.search_ended(partition, model)
            if not jobs:
                return 0, 0
            self._check_model(partition, model)
            return len(jobs), self._embed(partition, embedder, jobs)

    def embed_shown(self, partition: Partition, patience: float | None = None) -> bool:
        """Embed what the columns show to be without a vector.

        Args:
            partition: Whose passages.
            patience: Seconds after which no further portion is begun; None for all there are.

        Returns:
            Whether nothing is left.
        """
        if not self._shown(partition):
            return True
        until = math.inf if patience is None else time.monotonic() + patience
        lock = self._embedding()[hash(partition) % LOCKS]
        if not lock.acquire(timeout=-1 if patience is None else patience):
            return False
        try:
            jobs = list(self._shown(partition))
            return self._embed_jobs(partition, jobs, until)
        finally:
            lock.release()

    def _embed_jobs(self, partition: Partition, jobs: list[Pending], until: float) -> bool:
        embedder = self._embedder()
        if jobs:
            self._check_model(partition, embedder.fingerprint)
        portion = EMBED_BATCH if until == math.inf else HURRIED_BATCH
        for start in range(0, len(jobs), portion):
            if start and time.monotonic() >= until:
                return False
            self._embed(partition, embedder, jobs[start : start + portion])
        return True

    def _embed(self, partition: Partition, embedder: Embedder, jobs: list[Pending]) -> int:
        """Embed these passages, but for those whose entries are gone; how many were embedded."""
        texts = self._texts(partition, [job.entry_id for job in jobs])
        there = [job for job in jobs if job.entry_id in texts]
        if there:
            vectors = embedder.embed(
                [embedded_text(texts[job.entry_id], job.start, job.end) for job in there]
            )
            updates = tuple(
                VectorUpdate(job.entry_id, job.ordinal, _packed(vector), embedder.fingerprint)
                for job, vector in zip(there, vectors, strict=True)
            )
            self._apply(partition, Change(vectors=updates))
        self._waiting.done(partition, jobs)
        return len(there)

    def _texts(self, partition: Partition, ids: Sequence[str]) -> dict[str, MemoryEntry]:
        return {
            entry.id: entry for entry in self._store.entries(partition, list(dict.fromkeys(ids)))
        }


def _packed(vector: object) -> bytes:
    return np.asarray(vector, dtype="<f4").tobytes()


def space_of(embedder: Embedder) -> tuple[str, int]:
    """Fingerprint and dimension of the model; ("", 1) while the embedder cannot even say that."""
    try:
        return embedder.fingerprint, embedder.dimension
    except EmbeddingError:
        return "", 1
