"""Operations as OpenTelemetry spans. Decides names and attributes; needs the extra "opentelemetry".

A span is made when its operation has ended, with the times it had, below the span that is current
where the operation was called; each stage is a span below it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from context_manager.errors import MissingExtraError
from context_manager.records import Operation

if TYPE_CHECKING:
    from opentelemetry.trace import Tracer

PREFIX = "context_manager"
_NANO = 1_000_000_000


class OpenTelemetrySpans:
    """A hook that makes spans.

    Args:
        tracer: Makes them; that of the global provider when left out.
        log_content: Add the texts as attributes.

    Raises:
        MissingExtraError: ``opentelemetry-api`` is not installed.
    """

    def __init__(self, tracer: Tracer | None = None, *, log_content: bool = False) -> None:
        try:
            from opentelemetry import trace
        except ImportError as error:
            raise MissingExtraError("opentelemetry", "opentelemetry") from error
        self.log_content = log_content
        self._trace = trace
        self._tracer = trace.get_tracer(PREFIX) if tracer is None else tracer

    def __call__(self, operation: Operation) -> None:
        """Make the spans of an operation."""
        trace, began = self._trace, operation.at
        span = self._tracer.start_span(
            f"{PREFIX}.{operation.name}",
            start_time=_nanoseconds(began),
            kind=trace.SpanKind.INTERNAL,
        )
        for name, value in _attributes(operation).items():
            span.set_attribute(f"{PREFIX}.{name}", value)
        if operation.failed:
            span.set_attribute("error.type", operation.error)
            span.set_status(trace.Status(trace.StatusCode.ERROR))
        below = trace.set_span_in_context(span)
        for stage in operation.stages:
            start = began + stage.start
            inner = self._tracer.start_span(
                f"{PREFIX}.{operation.name}.{stage.name}", below, start_time=_nanoseconds(start)
            )
            inner.end(_nanoseconds(start + stage.seconds))
        span.end(_nanoseconds(began + operation.seconds))


def _attributes(operation: Operation) -> dict[str, str | int | float]:
    attributes: dict[str, str | int | float] = dict(operation.figures)
    if operation.degraded:
        attributes["degraded"] = ",".join(operation.degraded)
    for name, text in (operation.content or {}).items():
        attributes[f"content.{name}"] = text
    return attributes


def _nanoseconds(seconds: float) -> int:
    return round(seconds * _NANO)
