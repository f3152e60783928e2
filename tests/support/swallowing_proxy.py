"""A proxy before PostgreSQL that lets a commit reach the server and its answer reach nobody."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress

_BYTES = 65_536
_ANSWERED = b"COMMIT\0"  # the tag of its completion


class SwallowingProxy:
    """Passes everything on; while `armed`, the next commit is carried out and not answered.

    Args:
        port: Where the server listens on this machine.

    Attributes:
        meanwhile: Called after a commit was carried out and before its connection is closed.
    """

    def __init__(self, port: int) -> None:
        self._server = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.armed = False
        self.swallowed = 0
        self.meanwhile: Callable[[], object] = lambda: None
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> SwallowingProxy:
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._server))
                pair = (client, server)
                for way in (self._ask, self._answer):
                    threading.Thread(target=way, args=pair, daemon=True).start()

    def _ask(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError), server:
            while data := client.recv(_BYTES):
                server.sendall(data)

    def _answer(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError), client:
            while data := server.recv(_BYTES):
                if self.armed and _ANSWERED in data:
                    self.armed = False
                    self.swallowed += 1
                    self.meanwhile()
                    break
                client.sendall(data)
            client.shutdown(socket.SHUT_RDWR)  # wakes who reads from it
