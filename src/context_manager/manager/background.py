"""Work that may follow later: one daemon thread that runs named jobs and ends when idle.

Decides when, not what. A job that is waiting already is not added again; an error in a job is
logged by its type alone and does not stop the others. A job must be short, and must be one that
may be left out at the end of the process: what it would have done is done at the next need.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from weakref import WeakSet

from context_manager.errors import ContextManagerError

_log = logging.getLogger(__name__)

IDLE_SECONDS = 2.0

EXIT_SECONDS = 10.0
"""How long the end of the process waits for the job that is running."""

_all: WeakSet[Background] = WeakSet()


class Background:
    """Runs jobs one after another, in the order they came."""

    _jobs: OrderedDict[Hashable, Callable[[], object]]
    _running: bool
    _thread: threading.Thread | None
    _changed: threading.Condition

    def __init__(self) -> None:
        self._stopped = False
        self.start_empty()
        _all.add(self)

    def submit(self, name: Hashable, job: Callable[[], object]) -> None:
        """Run a job soon, unless one of this name waits already or the process is ending."""
        with self._changed:
            if self._stopped:
                return
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
            False if the timeout (seconds) came first, or work ended by an error of its own.
        """
        with self._changed:
            if self._thread is threading.current_thread():
                return True
            self._changed.wait_for(lambda: self._thread is None or not self._busy, timeout)
            return not self._busy

    def stop(self, timeout: float) -> None:
        """Drop what waits, wait for what runs, and take no more; for the end of the process.

        The interpreter ends daemon threads wherever they are. Inside the embedding runtime's own
        code that aborts the process, so the job that runs is let finish.
        """
        with self._changed:
            self._stopped = True
            self._jobs.clear()
            thread = self._thread
            self._changed.notify_all()
        if thread is not None:
            thread.join(timeout)

    def start_empty(self) -> None:
        """Begin anew: in a forked child there is neither the parent's thread nor its work."""
        self._jobs = OrderedDict()
        self._running = False
        self._thread = None
        self._changed = threading.Condition()

    @property
    def _busy(self) -> bool:
        return bool(self._jobs) or self._running

    def _run(self) -> None:
        try:
            while self._run_next():
                pass
        finally:  # also after an error that no job should raise; the next job starts anew
            with self._changed:
                if self._thread is threading.current_thread():
                    self._thread = None
                self._changed.notify_all()

    def _run_next(self) -> bool:
        """Run the job that has waited longest; False, and no longer the thread, if none comes."""
        with self._changed:
            self._changed.wait_for(lambda: bool(self._jobs) or self._stopped, IDLE_SECONDS)
            if not self._jobs:
                self._thread = None
                return False
            name, job = self._jobs.popitem(last=False)
            self._running = True
        try:
            job()
        except ContextManagerError as error:
            # Not a warning: whoever needs the work next does it, and reports what fails then.
            _log.info("background job %s failed with %s", _kind(name), type(error).__name__)
        except Exception as error:  # noqa: BLE001 - jobs call hooks; one must not end the others
            _log.warning("background job %s failed with %s", _kind(name), type(error).__name__)
        finally:
            with self._changed:
                self._running = False
                self._changed.notify_all()
        return True


def _kind(name: Hashable) -> object:
    """What a job does, without whose it is: ids of users are for no log."""
    return name[0] if isinstance(name, tuple) else name


@atexit.register
def _stop_all() -> None:
    for background in list(_all):
        background.stop(EXIT_SECONDS)


def _start_all_empty() -> None:
    for background in list(_all):
        background.start_empty()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_start_all_empty)
