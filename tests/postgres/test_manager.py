"""A manager over PostgreSQL is the manager over a file: same prompts, shared by processes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from context_manager import ContextManager
from context_manager.errors import ConfigError, StoreError
from context_manager.manager.doctoring import examine
from context_manager.store import open_store
from context_manager.store.postgres import PostgresStore
from context_manager.testing.clock import ManualClock
from support import postgres

CONVERSATION = (
    ("My sister Noor moved to Tromsø in March.", "How does she like the dark winters?"),
    ("She loves them, but misses her bakery.", "Which bakery was that?"),
    ("The one by the old harbour, with rye buns.", "Rye buns sound wonderful."),
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[PostgresStore]:
    made = postgres.store_for(tmp_path)
    yield made
    made.close()


def _filled(manager: ContextManager) -> ContextManager:
    for said, answered in CONVERSATION:
        manager.observe(said, answered)
    manager.add_memory("Noor's birthday is on the ninth of June.")
    return manager


def test_the_same_memory_makes_the_same_prompt_on_every_back_end(
    store: PostgresStore, tmp_path: Path
) -> None:
    question = "Where did Noor buy rye buns?"
    prompts = set()
    for place in (store, open_store(tmp_path / "memory.db"), open_store(f"sqlite:///{tmp_path}/b")):
        with ContextManager(store=place, clock=ManualClock(1e9)) as manager:
            prompts.add(_filled(manager).build_context(question))
    assert len(prompts) == 1
    assert "old harbour" in prompts.pop()


def test_what_one_manager_forgets_is_gone_for_another(store: PostgresStore, tmp_path: Path) -> None:
    ours = ContextManager(store=store)
    theirs = ContextManager(store=postgres.store_for(tmp_path))
    _filled(ours)
    assert "ninth of June" in theirs.build_context("When is Noor's birthday?")
    ours.forget(ours.search("birthday ninth of June", 1)[0].entry.id)
    assert "ninth of June" not in theirs.build_context("When is Noor's birthday?")
    theirs.close()


def test_an_address_opens_a_database() -> None:
    with ContextManager.open(postgres.server().dsn()) as manager:
        assert manager.archive.store.location.startswith("postgresql://127.0.0.1:")
        assert postgres.ROLE not in manager.archive.store.location


@pytest.mark.parametrize(
    ("options", "words"),
    [({"schema": "Bad Name"}, "schema"), ({"durability": "half"}, "durability")],
)
def test_what_cannot_work_is_refused_by_name(options: dict[str, str], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        PostgresStore("postgresql://127.0.0.1:1/x", **options)  # type: ignore[arg-type]


def test_a_server_that_is_not_there_is_named_without_its_password() -> None:
    with pytest.raises(StoreError, match=r"postgresql://127\.0\.0\.1:1/x") as caught:
        PostgresStore("postgresql://user:hush-hush@127.0.0.1:1/x", timeout=0.1)
    assert "hush-hush" not in str(caught.value)


@pytest.mark.parametrize(("role", "remarks"), [(postgres.ROLE, set()), ("postgres", {"role"})])
def test_a_doctor_looks_at_the_role_and_takes_the_database_for_durable(
    tmp_path: Path, role: str, remarks: set[str]
) -> None:
    server = postgres.server()
    store = postgres.store_for(tmp_path, dsn=server.dsn(role=role))
    with _filled(ContextManager(store=store)) as manager:
        found = {remark.name for remark in examine(manager) if remark.level != "note"}
    assert found == remarks
