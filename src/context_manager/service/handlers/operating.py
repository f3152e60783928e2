"""Routes about the service itself: health, readiness, metrics, the schema, background work."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from context_manager.errors import ContextManagerError, StoreError
from context_manager.records import Partition
from context_manager.service.models.answers import (
    HealthResponse,
    Job,
    JobsResponse,
    ReadyResponse,
)
from context_manager.service.models.usage import UsageResponse
from context_manager.service.wire import Reply

if TYPE_CHECKING:
    from context_manager.service.calls import Call
    from context_manager.service.core import Service
    from context_manager.store.queue import Queue

PROBED = Partition("default", "default", "default")
COUNTED = 1000


def health(service: Service) -> HealthResponse:
    """That the process answers; touches neither the store nor a model."""
    return HealthResponse(status="ok", version=service.version)


def ready(service: Service) -> Reply:
    """Whether requests can be served: store and embedding model answer, and none is stopping."""
    service.start()
    checks = {
        "store": _works(lambda: service.root.archive.store.version(PROBED)),
        "model": service.model,
        "queue": "stopping" if service.stopping else "ok",
    }
    # Without a working model, words alone rank; that is no reason to turn requests away.
    good = checks["store"] == checks["queue"] == "ok" and checks["model"] != "loading"
    told = ReadyResponse(status="ready" if good else "not ready", checks=checks)
    return Reply(200 if good else 503, told.model_dump_json().encode())


def metrics(call: Call) -> Reply:
    """Counts and latencies in Prometheus' own format."""
    counted = call.service.metrics
    queue: Queue | None = getattr(call.service.root.archive.store, "queue", None)
    with suppress(StoreError):  # then they are as they were told last
        counted.waiting({} if queue is None else queue.counts())
    return Reply(200, counted.text(), counted.media_type)


def schema(call: Call) -> Reply:
    """This API in OpenAPI."""
    return Reply(200, call.service.openapi_bytes())


def jobs(call: Call) -> JobsResponse:
    """What waits to be done for the user's memory."""
    memory = call.memory
    partition = memory.scope.partition
    pending = len(memory.archive.store.pending(partition, memory.model(), COUNTED))
    return JobsResponse(items=[_job("embed", pending)])


def usage(call: Call) -> UsageResponse:
    """What was lately done for the user, how long it took and what it cost."""
    return UsageResponse.of(call.service.usage.of(call.memory.scope.partition))


def _job(name: str, waiting: int) -> Job:
    return Job(name=name, state="waiting" if waiting else "idle", waiting=waiting)


def _works(probe: Callable[[], object]) -> str:
    try:
        probe()
    except ContextManagerError:
        return "failing"
    return "ok"
