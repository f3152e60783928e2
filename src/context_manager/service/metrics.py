"""What is counted about requests, for Prometheus. No content, no user, no tenant, no id."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from context_manager.errors import MissingExtraError

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class RequestMetrics:
    """Counts requests by route, method and status, and how long they took.

    Args:
        running: Gives the number of requests that run now.

    Raises:
        MissingExtraError: prometheus-client is not installed.
    """

    def __init__(self, running: Callable[[], float]) -> None:
        try:
            import prometheus_client as prometheus
        except ImportError as error:
            raise MissingExtraError("server", "prometheus_client") from error
        self.registry = prometheus.CollectorRegistry()
        """Where others of this process may add theirs."""
        self._write: Callable[[Any], bytes] = prometheus.generate_latest
        self.media_type: str = prometheus.CONTENT_TYPE_LATEST
        self._requests = prometheus.Counter(
            "context_manager_requests",
            "Requests answered.",
            ("route", "method", "status"),
            registry=self.registry,
        )
        self._seconds = prometheus.Histogram(
            "context_manager_request_seconds",
            "Seconds until a request was answered, or its stream began.",
            ("route",),
            buckets=_BUCKETS,
            registry=self.registry,
        )
        in_flight = prometheus.Gauge(
            "context_manager_requests_running", "Requests running now.", registry=self.registry
        )
        in_flight.set_function(running)
        self._jobs = prometheus.Gauge(
            "context_manager_jobs_waiting",
            "Jobs that were left to workers of this store and are not done.",
            ("work",),
            registry=self.registry,
        )
        self._reads = prometheus.Gauge(
            "context_manager_store_reads",
            "Reads of the store since the process began, by what answered, and those for which the "
            "standby was behind or failed.",
            ("by",),
            registry=self.registry,
        )

    def answered(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count a request."""
        self._requests.labels(route, method, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def waiting(self, jobs: Mapping[str, int]) -> None:
        """Take note of how many jobs of each kind wait now."""
        self._jobs.clear()
        for work, count in jobs.items():
            self._jobs.labels(work).set(count)

    def read(self, counts: Mapping[str, int]) -> None:
        """Take note of how many reads were answered by what."""
        for by, count in counts.items():
            self._reads.labels(by).set(count)

    def text(self) -> bytes:
        """All metrics in Prometheus' own format."""
        return self._write(self.registry)
