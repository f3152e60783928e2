"""What the address of a store says: whom to connect to, and how the store is to behave.

This file decides the names and ranges of the store's own options, which may stand in its address
beside those of libpq, and that the address goes before keywords. It knows no connection.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, NamedTuple
from urllib.parse import unquote

import psycopg
from psycopg import pq
from psycopg.conninfo import conninfo_to_dict

from context_manager.errors import ConfigError

Durability = Literal["full", "normal"]

Conninfo = dict[str, Any]
"""Parameters of a connection, by the names that libpq gives them."""

SCHEMES = ("postgresql://", "postgres://")

_SCHEMA_NAME = re.compile(r"[a-z_][a-z0-9_]{0,47}")
_OF_THE_PRIMARY = frozenset({"host", "hostaddr", "port", "target_session_attrs"})


@dataclass(frozen=True, slots=True)
class Options:
    """Options of a store; what they mean stands with `PostgresStore`."""

    schema: str = "context_manager"
    durability: Durability = "full"
    synchronous_commit: str | None = None
    pool_size: int = 8
    timeout: float = 10.0
    statement_timeout: float | None = None
    hash_partitions: int = 8
    read: str | None = None

    @property
    def waits(self) -> Durability:
        """Whether a commit waits for the disk: "full", or "normal" where it does not."""
        level = self.synchronous_commit or {"normal": "off"}.get(self.durability)
        return "normal" if level == "off" else "full"


class _Rule(NamedTuple):
    """What an option is, which values it may have, and how that is said."""

    kind: type[str] | type[int] | type[float]
    fits: Callable[[Any], object]
    words: str


def _one_of(*names: str) -> _Rule:
    return _Rule(str, names.__contains__, f"one of {', '.join(names)}")


_RULES: Mapping[str, _Rule] = {
    "schema": _Rule(str, _SCHEMA_NAME.fullmatch, "up to 48 small letters, digits and underscores"),
    "durability": _one_of("full", "normal"),
    "synchronous_commit": _one_of("on", "off", "local", "remote_write", "remote_apply"),
    "pool_size": _Rule(int, lambda value: value >= 1, "a whole number from 1 on"),
    "timeout": _Rule(float, lambda value: 0 < value < 1e6, "seconds, more than 0"),
    "statement_timeout": _Rule(float, lambda value: 0 < value < 1e6, "seconds, more than 0"),
    "hash_partitions": _Rule(int, lambda value: 1 <= value <= 1024, "a whole number up to 1024"),
    "read": _Rule(str, bool, "an address, or host:port of one or more standbys"),
}


def understood(address: str, given: Options) -> tuple[Conninfo, Options]:
    """Whom an address tells to connect to, and the options: those in it before those given.

    Raises:
        ConfigError: It is no address, or an option is unknown or out of its range; passwords are
            not repeated.
    """
    if not address.startswith(SCHEMES):
        raise ConfigError(
            "a PostgreSQL store is named postgresql://user:password@host:port/name?option=value"
        )
    place, _, query = address.partition("?")
    pairs = [part.partition("=") for part in query.split("&") if part]
    ours = {name: unquote(value) for name, _, value in pairs if name in _RULES}
    theirs = "&".join("".join(pair) for pair in pairs if pair[0] not in _RULES)
    options = replace(given, **{name: _value(name, text) for name, text in ours.items()})
    for field in fields(options):
        _check(field.name, getattr(options, field.name))
    return _conninfo(f"{place}?{theirs}" if theirs else place), options


def standby_of(primary: Conninfo, read: str) -> Conninfo:
    """Whom to connect to for reading: what the option does not say is as for the primary."""
    own = _conninfo(read if read.startswith(SCHEMES) else f"postgresql://{read}")
    shared = {name: value for name, value in primary.items() if name not in _OF_THE_PRIMARY}
    return {**shared, "target_session_attrs": "standby", **own}


def with_setting(conninfo: Conninfo, name: str, value: str) -> Conninfo:
    """The same with a setting of the server for the whole connection."""
    said = conninfo.get("options", "")
    return {**conninfo, "options": f"{said} -c {name}={value}".lstrip()}


def _value(name: str, text: str) -> Any:
    try:
        return _RULES[name].kind(text)
    except ValueError:
        return text  # which does not fit either


def _check(name: str, value: Any) -> None:
    rule = _RULES[name]
    if value is None and getattr(Options(), name) is None:
        return
    expected = (int, float) if rule.kind is float else (rule.kind,)
    sound = isinstance(value, expected) and not isinstance(value, bool)
    if not (sound and rule.fits(value)):
        raise ConfigError(f"{name} must be {rule.words}, got {value!r}")


def _conninfo(address: str) -> Conninfo:
    try:
        return dict(conninfo_to_dict(address))
    except psycopg.ProgrammingError as error:
        known = {item.keyword.decode() for item in pq.Conninfo.get_defaults()}
        named = [part.partition("=")[0] for part in address.partition("?")[2].split("&")]
        unknown = [name for name in named if name not in known]
        if unknown:
            raise ConfigError(
                f"the address of the store has an unknown option {unknown[0]!r:.60}; its own are "
                f"{', '.join(_RULES)}; the others are libpq's (sslmode, connect_timeout, ...)"
            ) from None
        raise ConfigError(
            "the address of the store cannot be read; it looks like "
            "postgresql://user:password@host:port/name?option=value"
        ) from error
