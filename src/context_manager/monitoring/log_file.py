"""A log file for the package's own logger, opened only when somebody asks for one.

Decides how a file is attached and let go: one handler per file, however many managers share it.
The root logger and the handlers of the application are not touched.
"""

from __future__ import annotations

import logging
from pathlib import Path
from threading import Lock

PACKAGE = "context_manager"

FORMAT = "%(asctime)s - %(levelname)s - %(message)s"


class LogFile:
    """Writes what the package logs, from INFO on, to a file; made with its first line.

    Args:
        path: The file; lines are appended.
        logger: Whose lines.

    Raises:
        OSError: From the first line on, if the file cannot be written, as for any log handler.
    """

    def __init__(self, path: str | Path, logger: str = PACKAGE) -> None:
        self.path = Path(path).absolute()
        self._logger = logging.getLogger(logger)
        self._open = True
        with _lock:
            handler = _handlers.get(self.path)
            if handler is None:
                handler = logging.FileHandler(self.path, encoding="utf-8", delay=True)
                handler.setLevel(logging.INFO)
                handler.setFormatter(logging.Formatter(FORMAT))
                self._logger.addHandler(handler)
                _handlers[self.path] = handler
            _users[self.path] = _users.get(self.path, 0) + 1

    def close(self) -> None:
        """Let go of the file; the last one who does closes it."""
        with _lock:
            if not self._open:
                return
            self._open = False
            _users[self.path] -= 1
            if not _users[self.path]:
                handler = _handlers.pop(self.path)
                self._logger.removeHandler(handler)
                handler.close()


_lock = Lock()
_handlers: dict[Path, logging.FileHandler] = {}
_users: dict[Path, int] = {}
