"""`serve`, `mcp` and `keys`: the service on this store, and who may use it.

This file decides what these commands ask and answer; what is served is the service's.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

from rich.table import Column, Table

from context_manager.cli.invocation import Invocation
from context_manager.cli.parameters import Argument, Option
from context_manager.cli.text import date_time
from context_manager.errors import InputError

if TYPE_CHECKING:
    from context_manager.manager import ContextManager
    from context_manager.service import Service
    from context_manager.service.keyring import KeyRecord, Keyring

DAY = 86_400.0
VECTOR_STORE_VARIABLE = "CONTEXT_MANAGER_VECTOR_STORE"
MODEL_VARIABLES = ("LLM_PROVIDER", "LLM_MODEL", "LLM_BASE_URL")


def serve(
    call: Invocation,
    host: Annotated[str, Option("--host", help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, Option("--port", min=0, max=65535, help="The port.")] = 8000,
    anonymous: Annotated[
        bool, Option("--anonymous", help="Serve a network without asking for a key.")
    ] = False,
    upstream: Annotated[
        str, Option("--upstream", help="Pass /v1/chat/completions on to this address.")
    ] = "",
) -> None:
    """Serve this store over HTTP.

    Settings come from CONTEXT_MANAGER_* variables; a language model for /chat from
    CONTEXT_MANAGER_LLM_PROVIDER, ..._LLM_MODEL and ..._LLM_BASE_URL. With --upstream, any OpenAI
    client pointed at /v1 has memory; CONTEXT_MANAGER_UPSTREAM_API_KEY is the provider's key.
    """
    from context_manager.service import Service, ServiceSettings, check_binding, server
    from context_manager.service.serving import listen, run

    environment = call.surroundings.environment
    settings = ServiceSettings.of(environment)
    if upstream:
        settings = replace(settings, upstream=replace(settings.upstream, url=upstream))
    with call.store(create=True) as root:
        use_model(root, environment)
        _leave_work(root, environment)
        search_with(root, environment)
        service = Service(root, settings)
        check_binding(service, host, anonymous)
        serving, sockets = server(service, host, port), listen(host, port)
        asked = _who_may_ask(service, host)
        page = "" if settings.ui == "off" else f"\nsee it at http://{host}:{port}/ui"
        call.err.print(
            f"memory of {call.where} at http://{host}:{port}, {asked}; Ctrl-C stops{page}",
            markup=False,
            soft_wrap=True,
        )
        with suppress(KeyboardInterrupt):  # told again once all is stopped: how people end it
            run(serving, sockets)


def _who_may_ask(service: Service, host: str) -> str:
    from context_manager.service.serving import is_loopback

    if service.protected:
        return "a key is needed"
    if is_loopback(host):
        return "no key is needed"
    return (
        "no key is needed: ANYBODY who reaches this address may read, change and delete ALL memory "
        "with an operator's rights"
    )


def mcp(call: Invocation) -> None:
    """Serve this memory to an MCP client that starts this command for itself.

    It speaks over standard input and output; over HTTP, `serve` does at /mcp.
    """
    with _uncollected():
        from context_manager.service.mcp import serve

    @contextmanager
    def opened() -> Iterator[ContextManager]:
        with call.manager(create=True) as memory:
            use_model(memory, call.surroundings.environment)
            _leave_work(memory, call.surroundings.environment)
            search_with(memory, call.surroundings.environment)
            yield memory

    serve(opened)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Load what stays loaded without looking for garbage in it, which takes a tenth of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def use_model(root: ContextManager, environment: Mapping[str, str]) -> None:
    """Use the language model that the environment names, for answers and for summaries."""
    from context_manager.llm.adapters import create_llm_adapter

    told = [environment.get(f"CONTEXT_MANAGER_{name}") for name in MODEL_VARIABLES]
    provider, model, base_url = told
    if not provider:
        return
    options = {"base_url": base_url} if base_url else {}
    root.llm_adapter = create_llm_adapter(provider, model=model, **options)
    root.summarizer.llm_adapter = root.llm_adapter
    root.config.llm.provider = provider
    root.config.llm.model = model or root.config.llm.model


def search_with(root: ContextManager, environment: Mapping[str, str]) -> None:
    """Find the nearest vectors with what the environment names; refuse what cannot do it here.

    Raises:
        ConfigError: Nothing has that name, or the store or its database lacks something.
    """
    from context_manager.config import VectorStoreConfig
    from context_manager.manager import searching

    told = environment.get(VECTOR_STORE_VARIABLE, "").strip()
    if told:
        root.config.vector_store = VectorStoreConfig(told)
        searching.check(root)


def _leave_work(root: ContextManager, environment: Mapping[str, str]) -> None:
    """Leave background work to workers where the environment says so."""
    told = environment.get("CONTEXT_MANAGER_BACKGROUND", "").strip()
    if told:
        root.config.background = told  # type: ignore[assignment]  # checked next
        root.settings()


def keys(
    call: Invocation,
    action: Annotated[str, Argument(help="list, create or revoke.")] = "list",
    key_id: Annotated[str, Argument(help="Which key to revoke.")] = "",
    may: Annotated[
        list[str] | None,
        Option("--may", help="read, write, operate; repeatable. Default: read and write."),
    ] = None,
    days: Annotated[float | None, Option("--days", min=0.0, help="Valid for so many days.")] = None,
    note: Annotated[str, Option("--note", help="What it is for.")] = "",
) -> None:
    """List, create or revoke the keys of the service.

    A key is for one tenant (--tenant), and for one user if --user names one, else for all of the
    tenant's users. It is shown once and kept nowhere.
    """
    from context_manager.service.keyring import Keyring

    with call.store(create=action == "create") as root:
        ring = Keyring(root.archive.store)
        if action == "list":
            _list(call, ring.records())
        elif action == "revoke":
            record = ring.revoke(key_id)
            call.answer(_told(record), lambda out: out.print(f"revoked {record.id}"))
        elif action == "create":
            _create(call, ring, may, days, note)
        else:
            raise InputError(f"keys knows list, create and revoke, not {action!r}")


def _create(
    call: Invocation, ring: Keyring, may: list[str] | None, days: float | None, note: str
) -> None:
    given = call.given
    key, record = ring.create(
        tenant_id=given.get("tenant", "default"),
        users=[given["user"]] if "user" in given else [],
        agents=[given["agent"]] if "agent" in given else [],
        may=may or ("read", "write"),
        note=note,
        expires_at=None if days is None else time.time() + days * DAY,
    )
    call.answer(
        {"key": key, **_told(record)}, lambda out: out.print(key, markup=False, soft_wrap=True)
    )


def _list(call: Invocation, records: list[KeyRecord]) -> None:
    def show(out: Any) -> None:
        whole = Column("id", no_wrap=True, min_width=max((len(r.id) for r in records), default=0))
        table = Table(whole, "state", "tenant", "users", "may", "made", "note", box=None)
        for record in records:
            users = ", ".join(record.users) or "all"
            made = date_time(record.created_at)
            may = ", ".join(record.may)
            state = record.state(time.time())
            table.add_row(record.id, state, record.tenant_id, users, may, made, record.note)
        out.print(table)

    call.answer([_told(record) for record in records], show)


def _told(record: KeyRecord) -> dict[str, Any]:
    return {
        "id": record.id,
        "state": record.state(time.time()),
        "tenant": record.tenant_id,
        "users": list(record.users),
        "agents": list(record.agents),
        "may": list(record.may),
        "note": record.note,
        "created_at": record.created_at,
        "expires_at": record.expires_at,
    }
