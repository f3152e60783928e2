"""Who is let in: which credentials are known, when one is needed, whose requests count together.

This file decides how settings and keyring become a doorkeeper; what a credential may do stands in
`credentials`.
"""

from __future__ import annotations

from collections.abc import Callable

from context_manager.service.credentials import (
    ANYBODY,
    Credential,
    Doorkeeper,
    Issuer,
    StaticKey,
)
from context_manager.service.keyring import Keyring
from context_manager.service.settings import ServiceSettings
from context_manager.service.wire import Request


def doorkeeper(
    keyring: Keyring, settings: ServiceSettings, clock: Callable[[], float]
) -> Doorkeeper:
    """The doorkeeper of a service.

    Raises:
        MissingExtraError: Tokens are accepted, and PyJWT is not installed.
    """
    issuers: list[Issuer] = [keyring]
    if settings.api_key:
        issuers.append(StaticKey(settings.api_key))
    if settings.jwt.key:
        from context_manager.service.web_tokens import WebTokens

        issuers.append(WebTokens(settings.jwt))
    static = settings.auth == "required" or (settings.auth == "auto" and len(issuers) > 1)
    return Doorkeeper(tuple(issuers), _Required(static, settings.auth, keyring), clock)


class _Required:
    """Whether a credential is needed: from the moment the first key is made, for good.

    Args:
        always: Needed whatever the keyring holds.
        auth: As on `ServiceSettings`.
        keyring: Where keys are made, by any process.
    """

    def __init__(self, always: bool, auth: str, keyring: Keyring) -> None:
        self._known = always
        self._auth = auth
        self._keyring = keyring

    def __call__(self) -> bool:
        if not self._known and self._auth == "auto":
            self._known = self._keyring.any()
        return self._known


def named(credential: Credential, request: Request) -> str:
    """Whose requests are counted together."""
    return f"{credential.id}:{request.remote}" if credential is ANYBODY else credential.id
