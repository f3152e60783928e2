"""Memory for MCP clients, over standard input and output or over HTTP; needs the extra ``mcp``."""

from __future__ import annotations

from context_manager.errors import MissingExtraError

try:
    from context_manager.service.mcp.stdio import serve
except ModuleNotFoundError as _error:
    raise MissingExtraError("mcp", _error.name or "") from _error

__all__ = ["serve"]
