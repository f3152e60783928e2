"""A manager that is monitored: a thin spelling of `Monitor` and `TextLog` as hooks."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

from context_manager.config import Config
from context_manager.manager import ContextManager
from context_manager.monitoring.lines import TextLog
from context_manager.monitoring.log_file import LogFile
from context_manager.monitoring.monitor import Monitor
from context_manager.records import Scope

LOGGER = "context_manager.monitoring"


class MonitoredContextManager(ContextManager):
    """A `ContextManager` that keeps figures of what it does, and logs them to a file.

    Args:
        config: Settings; the defaults when left out.
        log_file: Where lines go, made with the first one; None for no file. `close` lets go of it.
        log_content: Keep and log the beginning of inputs as well, not only lengths.
        parts: Further keywords of `ContextManager`.

    Attributes:
        monitor: The hook that keeps the figures.
    """

    def __init__(
        self,
        config: Config | None = None,
        log_file: str | Path | None = "context_manager.log",
        *,
        log_content: bool = False,
        **parts: Any,
    ) -> None:
        super().__init__(config, **parts)
        self.monitor = Monitor(count=self._entries_of, log_content=log_content)
        self.hooks.add(self.monitor)
        self._log_file: LogFile | None = None
        if log_file is not None:
            logging.getLogger(LOGGER).setLevel(logging.INFO)
            self._log_file = LogFile(log_file)
            self.hooks.add(TextLog(LOGGER, log_content=log_content))

    def get_monitoring_report(self) -> dict[str, Any]:
        """Means and counts of what was done, and the present state; see `Monitor.report`."""
        return self.monitor.report(self.config, self.get_stats())

    def export_monitoring_data(self, filename: str | Path) -> None:
        """Write the histories, the present statistics and the report to a JSON file."""
        data = {
            **self.monitor.histories(),
            "current_stats": self.get_stats(),
            "monitoring_report": self.get_monitoring_report(),
        }
        Path(filename).write_text(json.dumps(data, indent=2), encoding="utf-8")

    def _entries_of(self, scope: Scope) -> int:
        return self.archive.size(scope.partition)

    def close(self) -> None:
        """Finish background work, release the store and let go of the log file."""
        super().close()
        if self._log_file is not None:
            self._log_file.close()
