"""Refuses the network: any socket, name look-up or datagram that would leave this machine.

`conftest.py` loads this file into the test process, and puts its folder on PYTHONPATH so that every
Python child process loads it too (the interpreter imports ``sitecustomize`` at its start). It works
by an audit hook, below every library, which nothing can take back. It must import nothing heavy.
"""

from __future__ import annotations

import ipaddress
import sys

LOCAL_NAMES = frozenset({"", "localhost", "localhost.", "ip6-localhost"})
_ADDRESS_AT = {
    "socket.connect": 1,
    "socket.sendto": 1,
    "socket.sendmsg": 1,
    "socket.getaddrinfo": 0,
    "socket.gethostbyname": 0,
}


class NetworkRefusedError(RuntimeError):
    """A test tried to reach beyond loopback."""


def is_local(address: object) -> bool:
    """Whether an address (host, (host, port, ...), a Unix path, or None) stays on this machine."""
    host = address[0] if isinstance(address, tuple) and address else address
    if isinstance(host, bytes):
        host = host.decode("ascii", "replace")
    if not isinstance(host, str) or host in LOCAL_NAMES:
        return True
    if not isinstance(address, tuple) and "/" in host:
        return True  # a Unix socket
    try:
        ip = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return ip.is_loopback or ip.is_unspecified


def refuse_network(event: str, arguments: tuple[object, ...]) -> None:
    """The audit hook."""
    at = _ADDRESS_AT.get(event)
    if at is not None and not is_local(arguments[at]):
        raise NetworkRefusedError(f"{event} to {arguments[at]!r}: tests stay on this machine")


sys.addaudithook(refuse_network)
