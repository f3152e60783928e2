"""The service as a process of its own, and both faces behind a real socket.

A process is started as a user starts it, with `context-manager serve`; it loads the packaged model.
"""

from __future__ import annotations

import os
import random
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import httpx
from werkzeug.serving import WSGIRequestHandler, make_server

from context_manager.service import Service, create_flask_app, server

PATIENCE = 120.0
"""Seconds after which a process that does not answer fails the test; never part of a claim."""


class Served(NamedTuple):
    """A running service: where it is, and its process."""

    url: str
    process: subprocess.Popen[str]


PORTS = range(20_000, 32_000)
"""Below those that a system gives to connections, and to whoever listens on any port."""


def free_port() -> int:
    """A port that nobody listens on, and that no other test on this machine is given.

    Until this process ends it is bound for datagrams, which no server of the tests speaks.
    """
    for port in random.SystemRandom().sample(PORTS, 100):
        with socket.socket(type=socket.SOCK_DGRAM) as mark, socket.socket() as probe:
            try:
                mark.bind(("127.0.0.1", port))
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            mark.detach()
            return port
    raise AssertionError("no port is free")


@contextmanager
def serving(db: Path, environment: Mapping[str, str] | None = None) -> Iterator[Served]:
    """`context-manager serve` on a store, ready to answer."""
    port = free_port()
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "context_manager",
            "--db",
            str(db),
            "serve",
            "--port",
            str(port),
        ],
        env={**os.environ, **(environment or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    served = Served(f"http://127.0.0.1:{port}", process)
    try:
        _wait_until_ready(served)
        yield served
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def _wait_until_ready(served: Served) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if served.process.poll() is not None:
            raise AssertionError(f"the service ended: {served.process.communicate()[1]}")
        try:
            if httpx.get(f"{served.url}/ready", timeout=10).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise AssertionError("the service did not become ready")


class _Quiet(WSGIRequestHandler):
    def log(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def listening(face: str, service: Service) -> Iterator[str]:
    """A face of a service behind a socket of this process; gives its address."""
    port = free_port()
    begin, end = {"fastapi": _uvicorn, "flask": _werkzeug}[face](service, port)
    thread = threading.Thread(target=begin, daemon=True)
    thread.start()
    try:
        _wait_until_listening(port, thread)
        yield f"http://127.0.0.1:{port}"
    finally:
        end()
        thread.join(PATIENCE)


def _wait_until_listening(port: int, thread: threading.Thread) -> None:
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            assert thread.is_alive(), "the service ended"
            time.sleep(0.01)
        else:
            return


def _uvicorn(service: Service, port: int):
    running = server(service, "127.0.0.1", port)

    def end() -> None:
        running.should_exit = True

    return running.run, end


def _werkzeug(service: Service, port: int):
    app = create_flask_app(service)
    running = make_server("127.0.0.1", port, app, threaded=True, request_handler=_Quiet)

    def end() -> None:
        running.shutdown()
        running.server_close()
        service.close()

    return lambda: running.serve_forever(0.01), end
