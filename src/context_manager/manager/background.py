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
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from contextlib import AbstractContextManager, nullcontext
from weakref import WeakSet

from context_manager.errors import ContextManagerError

_log = logging.getLogger(__name__)

IDLE_SECONDS = 2.0

EXIT_SECONDS = 10.0
"""How long the end of the process waits for the job that is running."""

_all: WeakSet[Background] = WeakSet()


class Background:
    """Runs jobs one after another, in the order they came.

    Args:
        clock: Seconds that never go back.
        inside: Gives what each job is called inside of, unless somebody waits for it in `drain`.
    """

    _jobs: OrderedDict[Hashable, tuple[float, Callable[[], object]]]
    _running: bool
    _hurried: int
    _thread: threading.Thread | None
    _changed: threading.Condition

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        inside: Callable[[], AbstractContextManager[object]] = nullcontext,
    ) -> None:
        self._clock = clock
        self._inside = inside
        self._stopped = False
        self.start_empty()
        _all.add(self)

    def submit(self, name: Hashable, job: Callable[[], object], after: float = 0.0) -> None:
        """Run a job soon, unless one of this name waits already or the process is ending.

        Args:
            name: What tells jobs apart.
            job: What to do.
            after: Seconds to leave it waiting at least, so that more of its kind can gather;
                somebody who waits in `drain` does not wait for that.
        """
        with self._changed:
            if self._stopped or (name in self._jobs and self._thread is not None):
                return
            self._jobs.setdefault(name, (self._clock() + after, job))
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
            self._hurried += 1
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._thread is None or not self._busy, timeout)
            self._hurried -= 1
            return not self._busy

    def waiting(self) -> list[Hashable]:
        """The names of the jobs that have not begun."""
        with self._changed:
            return list(self._jobs)

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
        self._hurried = 0
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
            name = self._due()
            if name is None:
                return True
            _, job = self._jobs.pop(name)
            self._running = True
        try:
            with nullcontext() if self._hurried else self._inside():
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

    def _due(self) -> Hashable | None:
        """The job that has waited longest of those that need not wait; else wait a while."""
        now = self._clock()
        for name, (due, _) in self._jobs.items():
            if due <= now or self._hurried:
                return name
        self._changed.wait(min(due for due, _ in self._jobs.values()) - now)
        return None


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
