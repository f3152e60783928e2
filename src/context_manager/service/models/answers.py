"""What answers about the service itself hold: health, jobs, imports, problems."""

from __future__ import annotations

from pydantic import ConfigDict, Field

from context_manager.service.models.fields import Told


class Job(Told):
    """Background work of the user's memory."""

    name: str = Field(
        description='"embed": passages without a vector. "consolidate": turns of the session that '
        "left short-term memory, to be summarised and searched for facts when they fill a chunk. "
        '"topics": a look for sessions about one thing. "erase": 1 while deleted bytes may still '
        'lie in the file; told to credentials that may "operate".'
    )
    state: str = Field(description='"waiting" to be done, or "idle": nothing is due.')
    waiting: int = Field(description="Items that wait; of very many, not all are counted.")


class JobsResponse(Told):
    """Background work of the user's memory."""

    items: list[Job]


class HealthResponse(Told):
    """That the process answers."""

    status: str
    version: str


class ReadyResponse(Told):
    """Whether requests can be served, part by part."""

    status: str
    checks: dict[str, str]


class Fault(Told):
    """One value that does not fit."""

    where: str
    what: str


class Problem(Told):
    """Problem details (RFC 9457)."""

    model_config = ConfigDict(extra="allow")
    type: str
    title: str
    status: int
    detail: str
    request_id: str
    errors: list[Fault] = Field(default_factory=list)


class ImportResponse(Told):
    """What an import brought."""

    turns: int
    messages: int
    sessions: int
    entries: int = Field(description="Memories added; messages count.")
    present: int = Field(description="Memories that were there already.")
    forgotten: int = Field(description="Memories left out because they were forgotten here.")
