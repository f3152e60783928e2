"""A process that serves: where it listens, when it refuses to, and how it stops.

This file decides what is safe to start. Requests are the service's, connections are uvicorn's.
"""

from __future__ import annotations

import errno
import gc
import ipaddress
import socket
import sys
from typing import TYPE_CHECKING

from context_manager.errors import ConfigError, MissingExtraError
from context_manager.service.core import Service
from context_manager.service.headers import LOCAL_HOSTS

if TYPE_CHECKING:
    import uvicorn

MAX_HEAD_BYTES = 32_768
"""Longest request line and headers."""
KEEP_ALIVE_SECONDS = 15
TURN_SECONDS = 0.001
"""How long a thread computes while others wait, in a process that does nothing but serve. Python's
own 5 ms let the event loop, and so every answer, wait for several threads at work in turn."""
_ABSENT = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
"""A name may stand for addresses that this machine lacks, like ``localhost`` without IPv6."""


def check_binding(service: Service, host: str, anonymous: bool) -> None:
    """Refuse to serve memory to a network without asking who is there.

    Args:
        service: What would be served.
        host: The address to listen on.
        anonymous: Whether the operator said that this is meant.

    Raises:
        ConfigError: Public, without credentials, and not meant.
    """
    if service.protected or anonymous:
        return
    if not is_loopback(host):
        raise ConfigError(
            f"refusing to serve on {host} without authentication: make a key with "
            "`context-manager keys create`, or set CONTEXT_MANAGER_API_KEY or "
            "CONTEXT_MANAGER_JWT_KEY; to serve everybody all memory, say --anonymous"
        )
    service.headers.restrict(LOCAL_HOSTS)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def listen(host: str, port: int) -> list[socket.socket]:
    """Hold the port before anybody is told that it serves.

    Args:
        host: The address to listen on.
        port: 0 for any free one.

    Raises:
        ConfigError: The port is taken, or is not ours to have; or the address is not this
            machine's.
    """
    held: list[socket.socket] = []
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, _, _, _, address in found:
            try:
                made = socket.create_server(address, family=family)
                held.append(made)
                # Connections inherit it. An event loop does this for sockets it made itself only;
                # without it the second part of an answer waits 40 ms for the client's word.
                made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            except OSError as error:
                last = not held and address == found[-1][4]
                if last or error.errno not in _ABSENT:
                    raise
    except (OSError, UnicodeError) as error:
        for made in held:
            made.close()
        taken = isinstance(error, OSError) and error.errno == errno.EADDRINUSE
        why = "another program listens there" if taken else str(error)
        raise ConfigError(
            f"cannot listen on port {port} of {host}: {why}; choose another --port or --host"
        ) from error
    return held


def server(service: Service, host: str, port: int) -> uvicorn.Server:
    """A server that is not running yet.

    Args:
        service: What it serves; closed when it ends.
        host: The address to listen on.
        port: 0 for any free one.

    Raises:
        MissingExtraError: The ``server`` extra is not installed.
    """
    try:
        import uvicorn
    except ImportError as error:
        raise MissingExtraError("server", "uvicorn") from error
    from context_manager.service.fastapi_app import create_app

    config = uvicorn.Config(
        create_app(service),
        host=host,
        port=port,
        access_log=False,
        server_header=False,
        date_header=True,
        proxy_headers=False,
        http="h11",
        ws="none",
        lifespan="on",
        log_level="warning",
        h11_max_incomplete_event_size=MAX_HEAD_BYTES,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=int(service.settings.drain_seconds),
    )
    return uvicorn.Server(config)


def run(serving: uvicorn.Server, sockets: list[socket.socket]) -> None:
    """Serve until a signal comes, in a process that does nothing else.

    Args:
        serving: What `server` made.
        sockets: What `listen` holds.
    """
    sys.setswitchinterval(TURN_SECONDS)
    gc.collect()
    gc.freeze()  # what is loaded stays: looking for garbage in it stops everybody for 50 ms
    serving.run(sockets)
