"""JSON Web Tokens as credentials. Decides which claims say what; checking them is PyJWT's.

``sub`` is the one user, ``tenant_id`` the tenant, ``scope`` the permissions (words with spaces
between; "read write" when left out). A token must say when it expires.
"""

from __future__ import annotations

from typing import Any

from context_manager.errors import MissingExtraError, ScopeError
from context_manager.records import DEFAULT_SCOPE, Scope
from context_manager.service.credentials import PERMISSIONS, Credential
from context_manager.service.keyring import RESERVED_TENANT
from context_manager.service.refusals import unauthenticated
from context_manager.service.settings import JwtSettings

_NOT_VALID = "The token is not valid."


class WebTokens:
    """Recognises JSON Web Tokens.

    Args:
        settings: How they are checked.

    Raises:
        MissingExtraError: PyJWT is not installed.
    """

    def __init__(self, settings: JwtSettings) -> None:
        try:
            import jwt
        except ImportError as error:
            raise MissingExtraError("server", "jwt") from error
        self._jwt: Any = jwt
        self._settings = settings

    def recognise(self, token: str) -> Credential | None:
        """The credential of a token; see `credentials.Issuer`."""
        if token.count(".") != 2:
            return None
        return _credential(self._claims(token))

    def _claims(self, token: str) -> dict[str, Any]:
        settings = self._settings
        needed = ["exp", "sub", *(["aud"] if settings.audience else [])]
        try:
            claims: dict[str, Any] = self._jwt.decode(
                token,
                settings.key,
                algorithms=[settings.algorithm],
                audience=settings.audience,
                issuer=settings.issuer,
                leeway=settings.leeway,
                options={"require": needed, "verify_aud": settings.audience is not None},
            )
        except self._jwt.PyJWTError as error:
            raise unauthenticated(_NOT_VALID) from error
        return claims


def _credential(claims: dict[str, Any]) -> Credential:
    tenant, user = claims.get("tenant_id", DEFAULT_SCOPE.tenant_id), claims["sub"]
    scope = claims.get("scope", "read write")
    try:
        Scope(tenant_id=tenant, user_id=user)
    except ScopeError as error:
        raise unauthenticated(_NOT_VALID) from error
    if tenant == RESERVED_TENANT or not isinstance(scope, str):
        raise unauthenticated(_NOT_VALID)
    may = frozenset(scope.split()) & frozenset(PERMISSIONS)
    return Credential(f"jwt:{tenant}:{user}", tenant, (user,), (), may)
