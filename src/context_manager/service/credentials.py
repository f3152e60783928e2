"""Who asks, and what they may do. Decides what a credential is and how a request proves it has one.

A credential fixes the tenant and says which users it may speak for; a request chooses among them
and can never reach beyond. It knows no route.
"""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Literal, Protocol

from context_manager.records import DEFAULT_SCOPE
from context_manager.service.refusals import forbidden, unauthenticated

Permission = Literal["read", "write", "operate"]
PERMISSIONS: tuple[Permission, ...] = ("read", "write", "operate")


@dataclass(frozen=True, slots=True)
class Credential:
    """What somebody proved to be.

    Args:
        id: Names it in limits and logs; no secret.
        tenant_id: Whose customer; fixed.
        users: The users it may speak for; empty for every user of the tenant.
        agents: The agents it may speak for; empty for every agent.
        may: What it may do: "read" memory, "write" it, "operate" the service (metrics).
    """

    id: str
    tenant_id: str = DEFAULT_SCOPE.tenant_id
    users: tuple[str, ...] = ()
    agents: tuple[str, ...] = ()
    may: frozenset[str] = frozenset(PERMISSIONS)

    def user(self, asked: str | None) -> str:
        """The user of a request.

        Args:
            asked: What the request says, None for nothing.

        Raises:
            Refused: The credential is not for this user.
        """
        return _chosen(asked, self.users, DEFAULT_SCOPE.user_id, "user")

    def agent(self, asked: str | None) -> str:
        """The agent of a request, like `user`."""
        return _chosen(asked, self.agents, DEFAULT_SCOPE.agent_id, "agent")

    def require(self, permission: str) -> None:
        """Refuse what the credential may not do.

        Raises:
            Refused: It may not.
        """
        if permission not in self.may:
            raise forbidden(f'This credential lacks the permission "{permission}".')


ANYBODY = Credential("anybody")
"""Who asks where no credential is needed: whoever reaches the service."""


def _chosen(asked: str | None, allowed: tuple[str, ...], default: str, what: str) -> str:
    if asked is None:
        if not allowed or default in allowed:
            return default
        if len(allowed) == 1:
            return allowed[0]
        raise forbidden(f"This credential is for several {what}s; name one with {what}_id.")
    if allowed and asked not in allowed:
        raise forbidden(f"This credential is not for this {what}.")
    return asked


class Issuer(Protocol):
    """Something that knows the credentials of one kind."""

    def recognise(self, token: str) -> Credential | None:
        """The credential that a token proves.

        Returns:
            None for a token that is not of this kind.

        Raises:
            Refused: It is of this kind and not valid.
        """
        ...


class StaticKey:
    """One key from the environment, for every user of the default tenant.

    Args:
        key: The key.
    """

    def __init__(self, key: str) -> None:
        self._digest = _digest(key)

    def recognise(self, token: str) -> Credential | None:
        """The credential, if it is the key."""
        return Credential("static") if hmac.compare_digest(_digest(token), self._digest) else None


class Doorkeeper:
    """Tells who asks.

    Args:
        issuers: Asked one after another.
        required: Tells whether a request without a token is refused.
        clock: Seconds since 1970.
    """

    def __init__(
        self,
        issuers: tuple[Issuer, ...],
        required: Callable[[], bool],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.issuers = issuers
        self.required = required
        self.clock = clock

    def recognise(self, headers: Mapping[str, str], *, foreign: bool = False) -> Credential:
        """Who sent a request with these headers.

        Args:
            headers: By lower-case name.
            foreign: Whether the token may be one for somebody else, where none is needed here.

        Raises:
            Refused: No token where one is needed, or one that is not valid.
        """
        token = token_in(headers)
        if token is None:
            if self.required():
                raise unauthenticated(
                    "Send a key as `Authorization: Bearer ...` or as `X-API-Key: ...`."
                )
            return ANYBODY
        for issuer in self.issuers:
            credential = issuer.recognise(token)
            if credential is not None:
                return credential
        if foreign and not self.required():
            return ANYBODY
        raise unauthenticated("The credential is not valid.")


def token_in(headers: Mapping[str, str]) -> str | None:
    """The token of a request, None without one.

    Raises:
        Refused: A header that is no token, or two headers that differ.
    """
    bearer, key = headers.get("authorization"), headers.get("x-api-key")
    if bearer is not None:
        kind, _, told = bearer.partition(" ")
        if kind.lower() != "bearer" or not told.strip():
            raise unauthenticated("The Authorization header must read `Bearer ...`.")
        bearer = told.strip()
    if bearer is not None and key is not None and bearer != key:
        raise unauthenticated("Two different credentials were sent.")
    return bearer if key is None else key


def _digest(token: str) -> bytes:
    return blake2b(token.encode("utf-8", "surrogatepass"), digest_size=32).digest()
