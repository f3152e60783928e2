"""What workers do: each kind of work, and how it finds in memory itself what is to be done.

Decides what is due. Every piece of work ends in changes that say what they expect, so it may be
done twice, by two at once, or be cut short anywhere. When work is done, and how often it is tried,
stands in `worker`.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import suppress
from threading import Lock
from typing import TYPE_CHECKING

from context_manager.errors import ModelMismatchError
from context_manager.manager import consolidating, forgetting, gathering, observing, sweeping
from context_manager.manager.delegating import CONSOLIDATE, EMBED, TOPICS
from context_manager.records import Partition, Scope
from context_manager.store.protocol import Version
from context_manager.store.queue import EVERYBODY, Job, Queue

if TYPE_CHECKING:
    from context_manager.manager.manager import ContextManager

_log = logging.getLogger(__name__)

TEND, SWEEP, SCRUB = "tend", "sweep", "scrub"
TEND_ALL, SWEEP_ALL = "tend all", "sweep all"
"""Rounds: work about the store as a whole that comes again and again."""

PORTION = 1000
"""Jobs added by a round at once."""

TENDED = 100_000
"""Partitions of which a worker remembers that there was nothing to do."""


class Working:
    """The work of one manager's store.

    Args:
        root: A manager on it, in any scope.
        queue: Where further work goes.
        rounds: Seconds between two rounds, by the round's name.
        reembed: Give passages of another embedding model vectors of this manager's too.
    """

    def __init__(
        self, root: ContextManager, queue: Queue, rounds: Mapping[str, float], reembed: bool
    ) -> None:
        self._root = root
        self._queue = queue
        self._rounds = rounds
        self._reembed = reembed
        self._tended: OrderedDict[Partition, Version] = OrderedDict()
        self._lock = Lock()
        self._ways: Mapping[str, Callable[[Job], bool]] = {
            EMBED: self._embed,
            CONSOLIDATE: self._consolidate,
            TOPICS: self._topics,
            TEND: self._tend,
            SWEEP: self._sweep,
            SCRUB: self._scrub,
            TEND_ALL: lambda job: self._each(job, TEND),
            SWEEP_ALL: lambda job: self._each(job, SWEEP),
        }

    @property
    def kinds(self) -> tuple[str, ...]:
        """All work there is."""
        return tuple(self._ways)

    def begin_rounds(self) -> None:
        """Have the rounds made, unless they wait already."""
        waiting = self._queue.counts()
        self._queue.add([Job(name, EVERYBODY) for name in self._rounds if name not in waiting])

    def do(self, job: Job) -> bool:
        """Do it; False if something of it remains to be tried again later.

        Raises:
            ContextManagerError: It could not be done.
        """
        return self._ways[job.work](job)

    def _scoped(self, partition: Partition, session_id: str = "") -> ContextManager:
        return self._root.scoped(**partition._asdict(), session_id=session_id or None)

    def _embed(self, job: Job) -> bool:
        archive = self._root.archive
        with self._root.hooks.watch("embed", Scope(*job.partition)) as watch:
            embed = archive.reembed if self._reembed else archive.embed_pending
            try:
                watch.note(passages=embed(job.partition))
            except ModelMismatchError:
                # Another model's vectors are not for a worker to replace unasked.
                _log.warning("passages have vectors of another model; see --reembed")
            while archive.file(job.partition):
                pass  # in steps, so that writers hardly wait
        return True

    def _consolidate(self, job: Job) -> bool:
        cm = self._scoped(job.partition, job.session_id)
        session = observing.session_of(cm, cm.scope)
        size = cm.config.memory.chunk_size
        if session.memory.fallen_tokens >= size:
            consolidating.consolidate(cm, session)
            self._embed(job)
        return session.memory.fallen_tokens < size

    def _topics(self, job: Job) -> bool:
        with suppress(ModelMismatchError):  # told by `_embed`
            gathering.gather(self._scoped(job.partition), consolidating.merged)
        return self._embed(job)

    def _tend(self, job: Job) -> bool:
        """Whatever is due for a partition, whoever forgot to say so."""
        store, partition = self._root.archive.store, job.partition
        version = store.version(partition)
        with self._lock:
            if self._tended.get(partition) == version:
                return True
        done = True
        for scope in store.sessions(partition):
            done = self._consolidate(Job(CONSOLIDATE, partition, scope.session_id)) and done
        done = self._topics(job) and done
        if done:
            with self._lock:
                # As it was before: what others wrote meanwhile is looked at in the next round.
                self._tended[partition] = version
                self._tended.move_to_end(partition)
                while len(self._tended) > TENDED:
                    self._tended.popitem(last=False)
        return done

    def _sweep(self, job: Job) -> bool:
        sweeping.sweep(self._scoped(job.partition), everybody=False, now=None)
        return True

    def _scrub(self, job: Job) -> bool:
        facts = getattr(self._root.archive.store, "facts", None)
        due = facts is None or facts().scrub_due
        return forgetting.scrub(self._root) if due else True

    def _each(self, job: Job, work: str) -> bool:
        """Have a piece of work done for every partition, and this round made again in a while."""
        found = self._root.archive.store.partitions(ledgers=True)
        for start in range(0, len(found), PORTION):
            self._queue.add([Job(work, whose) for whose in found[start : start + PORTION]])
        if work == SWEEP and hasattr(self._root.archive.store, "scrub"):
            self._queue.add([Job(SCRUB, EVERYBODY)])
        self._queue.add([job], self._rounds[job.work])
        return True
