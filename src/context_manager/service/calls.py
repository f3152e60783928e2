"""What a handler gets: the memory in the scope of the request, and what the request says.

This file decides how credential and request become one scope. Nothing of a request but its
``user_id``, ``session_id`` and ``agent_id`` can move it, and only as far as the credential permits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from context_manager.records import Trust
from context_manager.service.credentials import Credential

if TYPE_CHECKING:
    from context_manager.manager import ContextManager
    from context_manager.service.core import Service


@dataclass(frozen=True, slots=True)
class Call:
    """One request that was found good.

    Args:
        service: Who serves it.
        credential: Who asks.
        memory: The manager in the scope of the request.
        given: Its body, or its query, as the model that the route names.
        path: The variable parts of its path.
        body: The bytes of a body that is no JSON, or is passed on.
        key: The client's own key for the provider behind the proxy.
    """

    service: Service
    credential: Credential
    memory: ContextManager
    given: Any
    path: Mapping[str, str]
    body: bytes = b""
    key: str = ""

    @property
    def trust(self) -> Trust:
        """How far the caller may be trusted, whatever the request says of itself."""
        return Trust.OPERATOR if "operate" in self.credential.may else Trust.USER


def scoped(root: ContextManager, credential: Credential, given: object) -> ContextManager:
    """The manager in the scope that a credential and a request name.

    Args:
        root: A manager in any scope.
        credential: Fixes the tenant, and bounds the rest.
        given: May have ``user_id``, ``session_id`` and ``agent_id``.

    Raises:
        Refused: The credential is not for this user or agent.
    """
    return root.scoped(
        tenant_id=credential.tenant_id,
        user_id=credential.user(getattr(given, "user_id", None)),
        agent_id=credential.agent(getattr(given, "agent_id", None)),
        session_id=getattr(given, "session_id", None),
    )
