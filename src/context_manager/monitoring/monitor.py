"""Keeps the latest figures of a manager's operations and sums them up.

Decides what is kept (counts, lengths, times, types of errors; no content unless asked for) and
what the report says. It goes by what hooks are told; it knows no manager and reads no clock.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from statistics import fmean
from typing import Any, TypeAlias

from context_manager.config import Config
from context_manager.forks import ForkSafeLock
from context_manager.records import Operation, Partition, Scope

Row: TypeAlias = dict[str, Any]

WATCHED = frozenset({"build", "observe"})
"""Operations whose failures make the error rate: those an application calls on every turn."""

RECENT = 100
CONTENT_CHARS = 200
"""Characters of an input that are kept where content is asked for."""


@dataclass(frozen=True, slots=True)
class Depths:
    """How many rows of each history are kept."""

    performance: int = 1000
    errors: int = 100
    memory_usage: int = 1000


class Monitor:
    """A hook that remembers how builds and observes went.

    Args:
        depths: How many rows of each history are kept.
        count: Entries that a user has, asked once per user; without it they count from the first
            build or search on.
        log_content: Keep the beginning of inputs beside errors and builds.

    Example:
        >>> from context_manager import ContextManager
        >>> from context_manager.monitoring import Monitor
        >>> monitor = Monitor()
        >>> cm = ContextManager(hooks=[monitor])
        >>> _ = cm.build_context("Where were we?")
        >>> monitor.report(cm.config, cm.get_stats())["performance"]["total_operations"]
        1
    """

    def __init__(
        self,
        depths: Depths | None = None,
        *,
        count: Callable[[Scope], int] | None = None,
        log_content: bool = False,
    ) -> None:
        depths = depths or Depths()
        self.log_content = log_content
        self._count = count
        self.performance_history: deque[Row] = deque(maxlen=depths.performance)
        self.error_history: deque[Row] = deque(maxlen=depths.errors)
        self.memory_usage_history: deque[Row] = deque(maxlen=depths.memory_usage)
        self._builds = 0
        self._errors = 0
        self._outcomes: deque[bool] = deque(maxlen=RECENT)
        self._entries: dict[Partition, int] = {}
        self._lock = ForkSafeLock()

    def __call__(self, operation: Operation) -> None:
        """Take note of an operation."""
        with self._lock:
            self._count_entries(operation)
            if operation.name in WATCHED:
                self._outcomes.append(operation.failed)
            if operation.failed:
                self._errors += 1
                self.error_history.append(self._error(operation))
            elif operation.name == "build":
                self._builds += 1
                self.performance_history.append(self._performance(operation))
            elif "stm_turns" in operation.figures:
                self.memory_usage_history.append(self._memory_usage(operation))

    def histories(self) -> dict[str, list[Row]]:
        """All rows kept, oldest first, JSON-ready."""
        with self._lock:
            return {
                "performance_history": list(self.performance_history),
                "error_history": list(self.error_history),
                "memory_usage_history": list(self.memory_usage_history),
            }

    def report(self, config: Config, stats: Mapping[str, Any]) -> dict[str, Any]:
        """Means and counts, JSON-ready; zeros where nothing has happened yet.

        Args:
            config: The present settings.
            stats: What `ContextManager.get_stats` gives now.
        """
        kept = self.histories()
        builds = kept["performance_history"][-RECENT:]
        memory = kept["memory_usage_history"][-RECENT:]
        errors = kept["error_history"][-20:]
        return {
            "performance": {
                "avg_build_time": _mean(builds, "build_time"),
                "avg_context_length": _mean(builds, "context_length"),
                "avg_context_tokens": _mean(builds, "context_tokens"),
                "total_operations": self._builds,
                "recent_operations": len(builds),
            },
            "errors": {
                "error_rate": fmean(self._outcomes) if self._outcomes else 0.0,
                "total_errors": self._errors,
                "recent_errors": len(errors),
                "error_types": sorted({row["error_type"] for row in errors}),
            },
            "memory": {
                "avg_stm_utilization": _mean(memory, "stm_utilization"),
                "avg_ltm_entries": _mean(memory, "ltm_entries"),
                "current_stm_turns": stats["short_term_memory"]["num_turns"],
                "current_ltm_entries": stats["long_term_memory"]["num_entries"],
            },
            "configuration": {name: asdict(config.memory)[name] for name in _SETTINGS},
        }

    def _count_entries(self, operation: Operation) -> None:
        """Follow how many entries a partition has: builds and searches say it exactly."""
        figures, whose = operation.figures, operation.scope.partition
        if "entries" in figures:
            self._entries[whose] = int(figures["entries"])
        elif whose in self._entries:
            gained = figures.get("messages", 0) + figures.get("added", 0)
            self._entries[whose] += int(gained - figures.get("removed", 0))
        elif self._count is not None:
            self._entries[whose] = self._count(operation.scope)

    def _performance(self, operation: Operation) -> Row:
        figures = operation.figures
        row = {
            "timestamp": operation.at,
            "build_time": operation.seconds,
            "context_length": figures["chars"],
            "context_tokens": figures["tokens"],
            "input_length": figures["input_chars"],
            "stm_turns": figures["stm_turns"],
            "ltm_entries": figures["entries"],
            "degraded": list(operation.degraded),
        }
        return {**row, **self._content(operation)}

    def _error(self, operation: Operation) -> Row:
        row = {
            "timestamp": operation.at,
            "error_type": operation.error,
            "error_message": f"{operation.name} failed with {operation.error}",
            "context": operation.name,
        }
        return {**row, **self._content(operation)}

    def _memory_usage(self, operation: Operation) -> Row:
        figures = operation.figures
        capacity = figures["stm_capacity"]
        entries = self._entries.get(operation.scope.partition, 0)
        return {
            "timestamp": operation.at,
            "stm_turns": figures["stm_turns"],
            "stm_tokens": figures["stm_tokens"],
            "stm_utilization": figures["stm_tokens"] / capacity if capacity else 0.0,
            "ltm_entries": entries,
            "ltm_index_size": entries,
        }

    def _content(self, operation: Operation) -> Row:
        if not self.log_content or operation.content is None:
            return {}
        return {"input": str(operation.content.get("input", ""))[:CONTENT_CHARS]}


def _mean(rows: list[Row], name: str) -> float:
    return fmean(row[name] for row in rows) if rows else 0.0


_SETTINGS = ("stm_capacity", "chunk_size", "recent_k", "ltm_hits_k", "prompt_token_budget")
