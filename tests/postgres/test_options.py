"""The options of a store stand in its address, and what cannot be meant is refused by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
import pytest

from context_manager import ContextManager
from context_manager.errors import ConfigError, StoreBusyError
from context_manager.store.postgres import PostgresStore
from context_manager.store.postgres.options import Options, standby_of, understood
from context_manager.store.postgres.transaction import NOBODY, committing
from context_manager.store.probe import silent
from support import postgres

ADDRESS = "postgresql://keeper:hush-hush@db.example/memory"


def test_what_the_address_says_goes_before_what_the_program_says() -> None:
    conninfo, options = understood(
        f"{ADDRESS}?schema=mine&sslmode=require&durability=normal&timeout=2.5&pool_size=3"
        "&read=standby1:5433,standby2&statement_timeout=30&hash_partitions=16",
        Options(schema="theirs", durability="full"),
    )
    assert options == Options(
        "mine", "normal", None, 3, 2.5, 30.0, 16, "standby1:5433,standby2"
    )  # fmt: skip
    assert (conninfo["host"], conninfo["sslmode"]) == ("db.example", "require")


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("schema=Bad%20Name", "schema must be .*got 'Bad Name'"),
        ("durability=half", "durability must be one of full, normal"),
        ("synchronous_commit=maybe", "synchronous_commit must be one of on, off"),
        ("pool_size=0", "pool_size must be a whole number from 1 on, got 0"),
        ("pool_size=many", "pool_size must be a whole number from 1 on, got 'many'"),
        ("timeout=-1", "timeout must be seconds"),
        ("statement_timeout=nan", "statement_timeout must be seconds"),
        ("hash_partitions=5000", "hash_partitions must be"),
        ("read=", "read must be an address"),
        ("pool=4", "unknown option 'pool'; its own are schema, durability"),
        ("sslmode", "cannot be read; it looks like"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_name(query: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        PostgresStore(f"{ADDRESS}?{query}")
    assert "hush-hush" not in str(caught.value)


@pytest.mark.parametrize("given", [{"pool_size": True}, {"timeout": "9"}, {"schema": None}])
def test_keywords_are_held_to_the_same_ranges(given: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=next(iter(given))):
        PostgresStore(ADDRESS, **given)


@pytest.mark.parametrize(
    ("read", "host", "user"),
    [
        ("standby1:5433,standby2", "standby1,standby2", "keeper"),
        ("postgresql://reader@standby1?sslmode=disable", "standby1", "reader"),
    ],
)
def test_a_standby_is_reached_like_the_primary_but_for_what_is_said(
    read: str, host: str, user: str
) -> None:
    primary, _ = understood(f"{ADDRESS}?target_session_attrs=read-write", Options())
    standby = standby_of(primary, read)
    assert (standby["host"], standby["user"], standby["dbname"]) == (host, user, "memory")
    assert standby["password"] == "hush-hush"  # noqa: S105 - nobody's
    assert standby["target_session_attrs"] == "standby"


@pytest.mark.parametrize(
    ("query", "level", "told"),
    [
        ("synchronous_commit=off", "off", "normal"),
        ("durability=normal&synchronous_commit=local", "local", "full"),
        ("synchronous_commit=remote_apply", "remote_apply", "full"),
    ],
)
def test_a_commit_waits_for_what_the_options_say(
    tmp_path: Path, query: str, level: str, told: str
) -> None:
    store = postgres.store_for(tmp_path, dsn=f"{postgres.server().dsn()}?{query}")

    def level_of_a_commit(connection: psycopg.Connection[Any]) -> Any:
        with committing(connection, store._place(NOBODY), silent):
            return connection.execute("SHOW synchronous_commit").fetchone()

    assert store._connections.run(level_of_a_commit) == (level,)
    assert store.facts().durability == told
    store.close()


def test_a_statement_that_takes_too_long_is_given_up_and_says_why(tmp_path: Path) -> None:
    store = postgres.store_for(tmp_path, statement_timeout=0.5)
    with pytest.raises(StoreBusyError, match="statement_timeout"):
        store._read(NOBODY, lambda reader: reader.ask_sql("SELECT pg_sleep(60)", {}).fetchone())
    store.close()


def test_a_manager_takes_the_options_of_its_address(tmp_path: Path) -> None:
    schema = postgres.schema_for(tmp_path)
    address = f"{postgres.server().dsn()}?schema={schema}&hash_partitions=1&durability=normal"
    with ContextManager.open(address) as manager:
        manager.observe("The oars lie under the stairs.", "Noted.")
        facts = manager.archive.store.facts()
    assert facts.durability == "normal"
    with postgres.server().superuser() as connection:
        assert connection.execute(f"SELECT count(*) FROM {schema}.turns").fetchone() == (1,)
