"""`serve` says that it serves only when it holds the port."""

from __future__ import annotations

import socket

import pytest

from context_manager.service.serving import listen
from support.program import Program


def test_a_port_that_is_taken_is_told_and_nothing_is_said_to_be_served(program: Program) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        refused = program("serve", "--port", port)
    assert refused.code == 2
    assert f"port {port}" in refused.err
    assert "another program listens there" in refused.err
    assert "memory of" not in refused.err


def test_an_answer_in_two_parts_does_not_wait_for_the_clients_word() -> None:
    (held,) = listen("127.0.0.1", 0)
    with held, socket.create_connection(held.getsockname(), timeout=60):
        taken, _ = held.accept()
        with taken:
            assert taken.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_held_port_takes_connections(host: str) -> None:
    held = listen(host, 0)
    try:
        for each in held:
            with socket.create_connection(each.getsockname()[:2], timeout=5):
                pass
    finally:
        for each in held:
            each.close()
