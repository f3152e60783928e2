"""Routes about the service itself: start, health, readiness, metrics, schema, background work."""

from __future__ import annotations

import json
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
    from context_manager.manager import ContextManager
    from context_manager.service.calls import Call
    from context_manager.service.core import Service
    from context_manager.store.queue import Queue

PROBED = Partition("default", "default", "default")
COUNTED = 1000


def start(call: Call) -> Reply:
    """What there is: a browser goes on to the page, everybody else reads."""
    settings = call.service.settings
    there = {path[1:]: path for path in ("/ui", "/openapi.json") if settings.switch(path) != "off"}
    told = {"service": "ContextManager", "version": call.service.version, "routes": "/v1"}
    body = json.dumps({**told, "health": "/health", **there}).encode()
    return Reply(307, body, headers={"Location": "ui"}) if "ui" in there else Reply(200, body)


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
    counted, store = call.service.metrics, call.service.root.archive.store
    queue: Queue | None = getattr(store, "queue", None)
    reading = getattr(store, "reading", None)
    counted.read({} if reading is None else reading.counts())
    with suppress(StoreError):  # then they are as they were told last
        counted.waiting({} if queue is None else queue.counts())
    return Reply(200, counted.text(), counted.media_type)


def schema(call: Call) -> Reply:
    """This API in OpenAPI."""
    return Reply(200, call.service.openapi_bytes())


def jobs(call: Call) -> JobsResponse:
    """What waits to be done for the user's memory."""
    items = [_embed(call.memory), _consolidate(call.memory), _topics(call.memory)]
    facts = getattr(call.service.root.archive.store, "facts", None)
    if facts is not None and "operate" in call.credential.may:
        items.append(_job("erase", int(facts().scrub_due)))
    return JobsResponse(items=items)


def usage(call: Call) -> UsageResponse:
    """What was lately done for the user, how long it took and what it cost."""
    return UsageResponse.of(call.service.usage.of(call.memory.scope.partition))


def _embed(memory: ContextManager) -> Job:
    pending = memory.archive.store.pending(memory.scope.partition, memory.model(), COUNTED)
    return _job("embed", len(pending))


def _consolidate(memory: ContextManager) -> Job:
    """What left short-term memory is summarised, and searched for facts, a chunk at a time."""
    near = memory.short_term_memory
    due = near.fallen_tokens >= memory.config.memory.chunk_size
    return _job("consolidate", len(near.fallen), due)


def _topics(memory: ContextManager) -> Job:
    name = ("topic", memory.scope.partition)
    return _job("topics", memory.engine.background.waiting().count(name))


def _job(name: str, waiting: int, due: bool = True) -> Job:
    return Job(name=name, state="waiting" if waiting and due else "idle", waiting=waiting)


def _works(probe: Callable[[], object]) -> str:
    try:
        probe()
    except ContextManagerError:
        return "failing"
    return "ok"
