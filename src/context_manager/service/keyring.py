"""The API keys of a service, kept in its store. Decides what a key looks like and what is kept.

A key is ``cm_<id>_<secret>``. Of the secret only a hash is kept, keyed with the store's own secret.
Keys stand in the ledger of a partition of their own, which no credential reaches, so every back
end keeps them, every replica sees a revocation at once, and no other file is needed.
"""

from __future__ import annotations

import hmac
import json
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from hashlib import blake2b

from context_manager.errors import InputError, NotFoundError
from context_manager.records import Partition, Scope
from context_manager.service.credentials import PERMISSIONS, Credential
from context_manager.service.refusals import unauthenticated
from context_manager.store import Store
from context_manager.store.protocol import Change, LedgerDraft, LedgerLine

RESERVED_TENANT = "context-manager:service"
"""A tenant that no key may be for."""
BOOK = "api-keys"
PREFIX = "cm_"

_HOME = Partition(RESERVED_TENANT, "keys", "keys")


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """What is kept of a key.

    Args:
        id: Names it; part of the key itself.
        digest: Keyed hash of its secret.
        tenant_id, users, agents, may: As on `Credential`.
        note: What it is for, in the words of whoever made it.
        created_at: Seconds since 1970.
        expires_at: Not valid from then on, seconds since 1970; None for never.
        revoked_at: When it was revoked; None if it was not.
    """

    id: str
    digest: str
    tenant_id: str
    users: tuple[str, ...]
    agents: tuple[str, ...]
    may: tuple[str, ...]
    note: str
    created_at: float
    expires_at: float | None = None
    revoked_at: float | None = None

    def state(self, now: float) -> str:
        """ "valid", "expired" or "revoked"."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at is not None and now >= self.expires_at else "valid"

    def credential(self) -> Credential:
        """What the key proves."""
        return Credential(
            f"key:{self.id}", self.tenant_id, self.users, self.agents, frozenset(self.may)
        )


class Keyring:
    """The API keys kept in a store.

    Args:
        store: Where they are kept.
        clock: Seconds since 1970.
    """

    def __init__(self, store: Store, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._clock = clock
        self._hash_key = blake2b(store.secret(), person=b"cm-api-keys", digest_size=32).digest()

    def create(
        self,
        *,
        tenant_id: str = "default",
        users: Sequence[str] = (),
        agents: Sequence[str] = (),
        may: Sequence[str] = ("read", "write"),
        note: str = "",
        expires_at: float | None = None,
    ) -> tuple[str, KeyRecord]:
        """Make a key.

        Returns:
            The key, which is kept nowhere, and what is kept of it.

        Raises:
            InputError: An unknown permission, or an identifier that cannot be used.
        """
        unknown = sorted(set(may) - set(PERMISSIONS))
        if unknown or not may:
            raise InputError(f"a key may {', '.join(PERMISSIONS)}; got {', '.join(unknown)!r}")
        if tenant_id == RESERVED_TENANT:
            raise InputError(f"the tenant {tenant_id!r} is the service's own; choose another")
        for user in (*users, *agents):
            Scope(tenant_id=tenant_id, user_id=user)  # raises for what is no identifier
        name, secret = secrets.token_hex(8), secrets.token_urlsafe(32)
        record = KeyRecord(
            name,
            self._digest(secret),
            tenant_id,
            tuple(users),
            tuple(agents),
            tuple(dict.fromkeys(may)),
            note,
            self._clock(),
            expires_at,
        )
        self._write(record, replace_old=False)
        return f"{PREFIX}{name}_{secret}", record

    def records(self) -> list[KeyRecord]:
        """Every key ever made, oldest first."""
        found = [_record(line) for line in self._store.ledger(_HOME, BOOK)]
        return sorted(found, key=lambda record: record.created_at)

    def any(self) -> bool:
        """Whether a key was ever made."""
        return bool(self._store.ledger(_HOME, BOOK, limit=1))

    def revoke(self, key_id: str) -> KeyRecord:
        """Make a key invalid, at once and for good; doing it again changes nothing.

        Raises:
            NotFoundError: There is no such key.
        """
        record = self._find(key_id)
        if record is None:
            raise NotFoundError(f"there is no key {key_id!r}; see `context-manager keys list`")
        if record.revoked_at is None:
            record = replace(record, revoked_at=self._clock())
            self._write(record, replace_old=True)
        return record

    def recognise(self, token: str) -> Credential | None:
        """The credential of a key; see `credentials.Issuer`."""
        if not token.startswith(PREFIX):
            return None
        name, _, secret = token.removeprefix(PREFIX).partition("_")
        record = self._find(name)
        kept = self._digest("") if record is None else record.digest
        matches = hmac.compare_digest(self._digest(secret), kept)
        if record is None or not matches or record.state(self._clock()) != "valid":
            raise unauthenticated("The credential is not valid.")
        return record.credential()

    def _find(self, key_id: str) -> KeyRecord | None:
        lines = self._store.ledger(_HOME, BOOK, [key_id])
        return _record(lines[0]) if lines else None

    def _write(self, record: KeyRecord, replace_old: bool) -> None:
        line = LedgerDraft(BOOK, record.id, json.dumps(asdict(record)), replace=replace_old)
        self._store.apply(_HOME, Change(ledger=(line,)))

    def _digest(self, secret: str) -> str:
        told = secret.encode("utf-8", "surrogatepass")
        return blake2b(told, key=self._hash_key, digest_size=32).hexdigest()


def _record(line: LedgerLine) -> KeyRecord:
    kept = json.loads(line.body)
    lists = {name: tuple(kept[name]) for name in ("users", "agents", "may")}
    return KeyRecord(**{**kept, **lists})
