"""How an error is told to a client: problem details (RFC 9457), by one table.

This file decides status and words for every error of the package. What a client reads was written
here, or for the caller by the layer that raised an `InputError`; no other error's own text leaves
the process.
"""

from __future__ import annotations

import json
import logging
import traceback
from typing import Any, NamedTuple

from context_manager.errors import (
    BudgetError,
    ConfigError,
    ConflictError,
    ContextManagerError,
    CorruptStoreError,
    EmbeddingError,
    ImportFormatError,
    InputError,
    LLMError,
    LLMNotConfiguredError,
    LLMRateLimitError,
    LLMTimeoutError,
    LLMUnavailableError,
    MissingExtraError,
    NotFoundError,
    SchemaError,
    ScopeError,
    SpendLimitError,
    StoreBusyError,
    StoreError,
    StoreFullError,
    TokenizerError,
)
from context_manager.service.refusals import Refused
from context_manager.service.wire import Reply

PROBLEM = "application/problem+json"
TYPES = "urn:context-manager:problem:"

_log = logging.getLogger("context_manager.service")


class Kind(NamedTuple):
    """How errors of one class are told; `detail` None passes on the error's own message."""

    error: type[BaseException]
    status: int
    name: str
    title: str
    detail: str | None
    retry_after: int | None = None


TABLE: tuple[Kind, ...] = (
    Kind(NotFoundError, 404, "not-found", "Not found", "Nothing with this id exists here."),
    Kind(BudgetError, 422, "budget", "The prompt cannot fit its budget",
         "The input alone needs more tokens than the budget; raise the budget or shorten it."),
    Kind(ScopeError, 422, "scope", "An identifier cannot be used", None),
    Kind(ImportFormatError, 422, "import", "The file cannot be imported", None),
    Kind(InputError, 422, "invalid", "A value does not fit", None),
    Kind(StoreBusyError, 503, "store-busy", "The store is busy",
         "Another process holds the store; nothing was written. Try again.", 1),
    Kind(StoreFullError, 507, "store-full", "The store is full",
         "There is no space left; nothing was written, and reading goes on."),
    Kind(ConflictError, 409, "conflict", "It was changed meanwhile",
         "What this builds on was changed by somebody else; nothing was written. Try again.", 1),
    Kind(CorruptStoreError, 500, "store-damaged", "The store is damaged",
         "The store is damaged; its operator should run `context-manager verify`."),
    Kind(SchemaError, 503, "store-newer", "The store was written by a newer version",
         "The store was written by a newer version; its operator should upgrade the service."),
    Kind(StoreError, 503, "store", "The store failed", "The store failed; nothing was written.", 1),
    Kind(EmbeddingError, 503, "embedding", "The embedding model failed",
         "The embedding model failed; what was acknowledged is kept.", 1),
    Kind(LLMNotConfiguredError, 503, "no-llm", "No language model", "No model is configured."),
    Kind(LLMTimeoutError, 504, "llm-timeout", "The language model took too long",
         "The language model took too long."),
    Kind(LLMRateLimitError, 503, "llm-busy", "The language model is busy",
         "The provider of the language model asks for patience.", 5),
    Kind(LLMUnavailableError, 502, "llm", "The language model failed",
         "The language model cannot be reached, or failed."),
    Kind(SpendLimitError, 503, "spend-limit", "The spending limit is reached",
         "The limit on calls of the language model is reached.", 60),
    Kind(LLMError, 502, "llm", "The language model failed", "The language model failed."),
    Kind(ConfigError, 500, "configuration", "The service is configured wrongly",
         "A setting of the service cannot work; its log names it."),
    Kind(MissingExtraError, 501, "missing", "Not installed here",
         "The service lacks an optional part that this needs."),
    Kind(TokenizerError, 500, "tokens", "Tokens cannot be counted", "Tokens cannot be counted."),
    Kind(ContextManagerError, 500, "internal", "It failed", "It failed; nothing was half done."),
)  # fmt: skip
"""The first row whose class fits decides."""

_UNKNOWN = Kind(
    Exception, 500, "internal", "It failed", "It failed; the service's log names the cause."
)


def problem(error: BaseException, request_id: str) -> Reply:
    """The answer that tells of an error."""
    if isinstance(error, Refused):
        told = _details(error.status, error.name, error.title, error.detail, request_id)
        return _reply(error.status, {**told, **error.more}, error.headers)
    kind = next((row for row in TABLE if isinstance(error, row.error)), _UNKNOWN)
    if kind.status >= 500:
        _note(error, request_id)
    detail = str(error) if kind.detail is None else kind.detail
    told = _details(kind.status, kind.name, kind.title, detail, request_id)
    if isinstance(error, BudgetError):
        told |= {"budget": error.budget, "needed": error.needed}
    wait = {} if kind.retry_after is None else {"Retry-After": str(kind.retry_after)}
    return _reply(kind.status, told, wait)


def _details(status: int, name: str, title: str, detail: str, request_id: str) -> dict[str, Any]:
    return {
        "type": f"{TYPES}{name}",
        "title": title,
        "status": status,
        "detail": detail,
        "request_id": request_id,
    }


def _reply(status: int, told: dict[str, Any], headers: dict[str, str]) -> Reply:
    return Reply(status, json.dumps(told).encode(), PROBLEM, headers)


def _note(error: BaseException, request_id: str) -> None:
    """Say in the log where it failed; an error's text may quote content, so it stays out."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else "?"
    _log.error("request %s failed with %s at %s", request_id, type(error).__name__, where)
