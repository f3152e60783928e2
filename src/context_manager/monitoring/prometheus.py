"""Operations as Prometheus metrics. Decides their names and labels; needs the extra "prometheus".

Labels are names of operations, stages and outcomes: never a user, a session or a text, so the
number of series stays small.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from context_manager.errors import MissingExtraError
from context_manager.records import Operation

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
TOKENS = (100, 250, 500, 1000, 2000, 4000, 8000, 16000, 32000, 64000, 128000)


class PrometheusMetrics:
    """A hook that counts and times operations.

    ``context_manager_operations_total{operation, outcome}`` with the outcome ``ok``, ``degraded``
    or ``error``; ``context_manager_errors_total{operation, error}``;
    ``context_manager_operation_seconds{operation}``;
    ``context_manager_stage_seconds{operation, stage}``; ``context_manager_prompt_tokens``.

    Args:
        registry: Where the metrics are registered; the client's own when left out.

    Raises:
        MissingExtraError: ``prometheus-client`` is not installed.
    """

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        try:
            from prometheus_client import REGISTRY, Counter, Histogram
        except ImportError as error:
            raise MissingExtraError("prometheus", "prometheus_client") from error
        target = REGISTRY if registry is None else registry
        self._operations = Counter(
            "context_manager_operations",
            "Operations by outcome",
            ["operation", "outcome"],
            registry=target,
        )
        self._errors = Counter(
            "context_manager_errors",
            "Failed operations by type of error",
            ["operation", "error"],
            registry=target,
        )
        self._seconds = Histogram(
            "context_manager_operation_seconds",
            "Duration of operations",
            ["operation"],
            buckets=SECONDS,
            registry=target,
        )
        self._stages = Histogram(
            "context_manager_stage_seconds",
            "Duration of the stages of operations",
            ["operation", "stage"],
            buckets=SECONDS,
            registry=target,
        )
        self._tokens = Histogram(
            "context_manager_prompt_tokens",
            "Tokens of finished prompts",
            buckets=TOKENS,
            registry=target,
        )

    def __call__(self, operation: Operation) -> None:
        """Count an operation."""
        name = operation.name
        outcome = "error" if operation.failed else "degraded" if operation.degraded else "ok"
        self._operations.labels(name, outcome).inc()
        self._seconds.labels(name).observe(operation.seconds)
        for stage in operation.stages:
            self._stages.labels(name, stage.name).observe(stage.seconds)
        if operation.failed:
            self._errors.labels(name, operation.error).inc()
        elif name == "build":
            self._tokens.observe(operation.figures["tokens"])
