"""What a manager does, for those who run it: figures, log lines, metrics, spans.

Each is a hook; none is imported, and none costs anything, unless it is used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from context_manager.monitoring.lines import JsonLog, TextLog
from context_manager.monitoring.log_file import LogFile
from context_manager.monitoring.manager import MonitoredContextManager
from context_manager.monitoring.monitor import Monitor

if TYPE_CHECKING:
    from context_manager.monitoring.opentelemetry import OpenTelemetrySpans
    from context_manager.monitoring.prometheus import PrometheusMetrics

__all__ = [
    "JsonLog",
    "LogFile",
    "Monitor",
    "MonitoredContextManager",
    "OpenTelemetrySpans",
    "PrometheusMetrics",
    "TextLog",
]

_LATE = {
    "OpenTelemetrySpans": "context_manager.monitoring.opentelemetry",
    "PrometheusMetrics": "context_manager.monitoring.prometheus",
}


def __getattr__(name: str) -> Any:
    if name not in _LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_LATE[name]), name)
