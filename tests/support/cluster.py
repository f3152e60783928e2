"""Replicas and workers over one database, any of which may be killed at any moment."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import httpx

from support import postgres
from support.served import PATIENCE, free_port

LEFT = 1
"""Replicas that answer while others start."""

TESTS = Path(__file__).parents[1]

_AT_WORK = "SELECT count(*) FROM pg_stat_activity WHERE application_name = ANY(%s)"


class Process:
    """One process of the program, started anew after each kill.

    Args:
        arguments: What it runs.
        environment: Its variables, beside those of this process.
        log: Where its output goes.
    """

    def __init__(self, arguments: Sequence[str], environment: dict[str, str], log: Path) -> None:
        self._arguments = [sys.executable, "-m", "support.replica", *arguments]
        paths = os.environ.get("PYTHONPATH", "")
        self._environment = {
            **os.environ, **environment, "PYTHONPATH": f"{TESTS}{os.pathsep}{paths}",
        }  # fmt: skip
        self._database = environment["CONTEXT_MANAGER_DB"]
        self._log = log
        self._lock = threading.Lock()
        self.kills = -1
        self.restart()

    @property
    def life(self) -> str:
        """The name that the database knows it by until it is killed."""
        return f"{self._log.stem}-{self.kills}"

    def restart(self, life: str = "") -> None:
        """Kill it, wherever it is, and start it again; only if it lives the life that is named."""
        with self._lock:
            if life and life != self.life:
                return
            if self.kills >= 0:
                self._process.kill()
                self._process.wait(PATIENCE)
            self.kills += 1
            database = f"{self._database}?application_name={self.life}"
            environment = {**self._environment, "CONTEXT_MANAGER_DB": database}
            with self._log.open("ab") as log:
                self._process = subprocess.Popen(
                    self._arguments, env=environment, stdout=log, stderr=log
                )

    def end(self) -> None:
        """Kill it for good."""
        with self._lock:
            self._process.kill()
            self._process.wait(PATIENCE)


class Replica(Process):
    """A process that serves."""

    up = True
    """Whether it has answered since it was started; a client says so."""

    def __init__(self, environment: dict[str, str], log: Path) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        super().__init__(["serve", "--port", str(port)], environment, log)


class Cluster:
    """Three replicas and two workers on the server of this test process, ready to answer.

    Args:
        environment: The settings of all of them, a database among them.
        folder: Where their logs go.
    """

    def __init__(self, environment: dict[str, str], folder: Path) -> None:
        self.replicas = [Replica(environment, folder / f"api{n}.log") for n in range(3)]
        work = ["worker", "--lease", "2", "--every", "5"]
        self.workers = [Process(work, environment, folder / f"worker{n}.log") for n in range(2)]
        self._lock = threading.Lock()
        self._timers: list[threading.Timer] = []
        self.wait_until_ready()

    def kill_soon(self, replica: Replica, after: float) -> bool:
        """Kill a replica in so many seconds; False, and nothing, if no other would answer then."""
        with self._lock:
            if not replica.up or sum(each.up for each in self.replicas) < LEFT + 1:
                return False
            replica.up = False
            self._timers.append(threading.Timer(after, replica.restart))
            self._timers[-1].start()
        return True

    def end_lives(self, lives: Mapping[str, Replica]) -> None:
        """Kill the replicas that still live these lives; return when the database is through with
        whatever they had asked of it."""
        for life, replica in lives.items():
            replica.restart(life)
        names = list(lives)
        with postgres.server().superuser() as connection:
            while connection.execute(_AT_WORK, (names,)).fetchone() != (0,):
                time.sleep(0.02)

    def wait_until_ready(self) -> None:
        """Return when nobody is about to be killed and every replica answers."""
        for timer in self._timers:
            timer.join()
        end = time.monotonic() + PATIENCE
        for replica in self.replicas:
            while not _is_ready(replica.url):
                assert time.monotonic() < end, "a replica did not become ready"
                time.sleep(0.05)

    def end(self) -> None:
        """Kill all of it."""
        for process in (*self.replicas, *self.workers):
            process.end()


def _is_ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/ready", timeout=5).status_code == 200
    except httpx.TransportError:
        return False
