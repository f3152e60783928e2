"""Work that may follow later: one daemon thread that runs named jobs and ends when idle.

Decides when, not what. A job that is waiting already is not added again; an error in a job is
logged by its type alone and does not stop the others.
"""

from __future__ import annotations

import logging
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable

from context_manager.errors import ContextManagerError

_log = logging.getLogger(__name__)

IDLE_SECONDS = 2.0


class Background:
    """Runs jobs one after another, in the order they came."""

    def __init__(self) -> None:
        self._jobs: OrderedDict[Hashable, Callable[[], object]] = OrderedDict()
        self._running = False
        self._thread: threading.Thread | None = None
        self._pid = os.getpid()
        self._changed = threading.Condition()

    def submit(self, name: Hashable, job: Callable[[], object]) -> None:
        """Run a job soon, unless one of this name waits already."""
        with self._changed:
            self._start_anew_after_fork()
            self._jobs.setdefault(name, job)
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="context-manager-background", daemon=True
                )
                self._thread.start()
            self._changed.notify_all()

    def drain(self, timeout: float | None = None) -> bool:
        """Wait until nothing is waiting or running.

        Returns:
            False if the timeout (seconds) came first.
        """
        with self._changed:
            if self._thread is threading.current_thread():
                return True
            return self._changed.wait_for(lambda: not self._jobs and not self._running, timeout)

    def _start_anew_after_fork(self) -> None:
        if self._pid != os.getpid():
            self._pid, self._thread, self._running = os.getpid(), None, False
            self._jobs.clear()

    def _run(self) -> None:
        while True:
            with self._changed:
                if not self._changed.wait_for(lambda: bool(self._jobs), IDLE_SECONDS):
                    self._thread = None
                    return
                name, job = self._jobs.popitem(last=False)
                self._running = True
            try:
                job()
            except ContextManagerError as error:
                _log.warning("background job %s failed with %s", name, type(error).__name__)
            finally:
                with self._changed:
                    self._running = False
                    self._changed.notify_all()
