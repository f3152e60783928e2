"""A worker: takes jobs from the queue of a store and does them, until it is told to stop.

Decides when work is done, how often it is tried, and what is still alive. It is no lock: who takes
a job says every few seconds that it goes on, and when that ends another worker takes it over. What
the work is stands in `working`.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from context_manager.errors import ConfigError, StoreError
from context_manager.manager import delegating
from context_manager.manager.working import SWEEP_ALL, TEND_ALL, Working
from context_manager.store.queue import Lease

if TYPE_CHECKING:
    from context_manager.manager.manager import ContextManager

_log = logging.getLogger(__name__)

LEASE_SECONDS = 30.0
"""How long a job is taken for; a killed worker's job waits as long at most."""

BEATS = 3
"""How often a job is renewed in that time."""

MOST_ATTEMPTS = 8
"""Then a job is dropped until something, or the next round, asks for it again."""

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 600.0
"""Seconds before a job that failed is tried again: doubled each time."""

HOUR, DAY = 3600.0, 86_400.0


class Worker:
    """Does the work that is left to workers.

    Args:
        root: A manager on the store, in any scope; its setting ``background`` must be "workers".
        threads: Jobs done at once; work with a language model mostly waits for it.
        lease: Seconds for which a job is taken.
        every: Seconds between two looks at everybody's memory for work that nobody told of.
        sweep_every: Seconds between two sweeps of what has expired.
        reembed: Also give passages that have a vector of another embedding model one of this.
        alive: Called at each beat while the worker is well; see `run`.

    Raises:
        ConfigError: The store has no queue, or the manager does its work itself.
    """

    def __init__(
        self,
        root: ContextManager,
        *,
        threads: int = 1,
        lease: float = LEASE_SECONDS,
        every: float = HOUR,
        sweep_every: float = DAY,
        reembed: bool = False,
        alive: Callable[[], object] = lambda: None,
    ) -> None:
        queue = delegating.queue_of(root)
        if queue is None:
            raise ConfigError('a worker needs a manager with background="workers"')
        self._root = root
        self._queue = queue
        self._working = Working(root, queue, {TEND_ALL: every, SWEEP_ALL: sweep_every}, reembed)
        self._threads = threads
        self._lease = lease
        self._alive = alive
        self._taken: dict[str, Lease] = {}
        self._lock = threading.Lock()
        self._stopped, self._ended = threading.Event(), threading.Event()

    def run(self) -> None:
        """Work until `stop`; then finish the jobs at hand and return.

        While the store cannot be reached, it is asked again every few seconds; nothing else ends
        a worker. It is well as long as the store answers.
        """
        threads = [threading.Thread(target=self._work, daemon=True) for _ in range(self._threads)]
        beat = threading.Thread(target=self._beat, daemon=True)
        for thread in (*threads, beat):
            thread.start()
        for thread in threads:
            thread.join()
        self._ended.set()
        beat.join()

    def run_due(self) -> int:
        """Do all that is due now, rounds included; how many jobs that were."""
        self._working.begin_rounds()
        done = 0
        # The work itself may leave further work, and tells of it a moment later.
        while self._do_next() or (self._told() and self._do_next()):
            done += 1
        return done

    def stop(self) -> None:
        """Take no more jobs; may be called by a signal handler, and again."""
        self._stopped.set()

    def _told(self) -> bool:
        return self._root.engine.background.drain(self._lease)

    def _work(self) -> None:
        pause = FIRST_PAUSE
        begun = False
        while not self._stopped.is_set():
            try:
                if not begun:
                    self._working.begin_rounds()
                    begun = True
                if not self._do_next():
                    self._queue.wait(FIRST_PAUSE)
                pause = FIRST_PAUSE
            except StoreError as error:
                _log.warning("the store failed with %s; trying again", type(error).__name__)
                self._stopped.wait(pause)
                pause = min(2 * pause, self._lease)

    def _do_next(self) -> bool:
        """Do the job that has been due longest; False if there is none."""
        lease = self._queue.take(self._working.kinds, self._lease)
        if lease is None:
            return False
        with self._lock:
            self._taken[lease.token] = lease
        try:
            self._do(lease)
        finally:
            with self._lock:
                del self._taken[lease.token]
        return True

    def _do(self, lease: Lease) -> None:
        try:
            done = self._working.do(lease.job)
        except Exception as error:  # noqa: BLE001 - hooks and summarizers of others run in it
            _log.warning("work %r failed with %s", lease.job.work, type(error).__name__)
            done = False
        if done or lease.attempt >= MOST_ATTEMPTS:
            self._queue.finish(lease)
        else:
            pause = FIRST_PAUSE * 2 ** (lease.attempt - 1)
            self._queue.put_back(lease, min(pause, LONGEST_PAUSE))

    def _beat(self) -> None:
        """Keep what is taken, and say that the worker is well."""
        while not self._ended.is_set():
            try:
                with self._lock:
                    taken = list(self._taken.values())
                for lease in taken:
                    self._queue.renew(lease, self._lease)
                self._queue.counts()
                self._alive()
            except (StoreError, OSError) as error:  # OSError: of whoever is told that it is well
                _log.warning("no beat, for %s", type(error).__name__)
            self._ended.wait(self._lease / BEATS)
