"""With the network cut everything works: no test can reach it, so none depends on it."""

from __future__ import annotations

import socket
import subprocess
import sys

import pytest

FAR = ("192.0.2.1", 80)  # reserved for documentation: nothing answers there


def send_datagram():
    with socket.socket(type=socket.SOCK_DGRAM) as sender:
        sender.sendto(b"x", FAR)


@pytest.mark.parametrize(
    "attempt",
    [
        pytest.param(lambda: socket.create_connection(FAR, 1), id="connect by number"),
        pytest.param(lambda: socket.getaddrinfo("example.org", 80), id="look up a name"),
        pytest.param(lambda: socket.gethostbyname("example.org"), id="look up a name, old way"),
        pytest.param(send_datagram, id="datagram"),
    ],
)
def test_nothing_leaves_this_machine(attempt):
    with pytest.raises(RuntimeError, match="tests stay on this machine"):
        attempt()


def test_child_processes_are_held_too():
    code = "import socket; socket.create_connection(('192.0.2.1', 80), 1)"
    child = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert child.returncode != 0
    assert "tests stay on this machine" in child.stderr


def test_loopback_is_allowed():
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname(), 5) as client,
    ):
        assert client.getpeername() == server.getsockname()
