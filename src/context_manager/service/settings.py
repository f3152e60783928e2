"""The settings of the service; those of memory stand in `context_manager.config`.

This file decides names, defaults, ranges and the environment variables that set them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal

from context_manager.errors import ConfigError

PREFIX = "CONTEXT_MANAGER_"


UPSTREAM_PATHS = ("/chat/completions", "/models")
"""Routes of the OpenAI-compatible proxy."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request, and all requests of one credential, may take.

    Args:
        body_bytes: Longest body, after it was decompressed.
        import_bytes: Longest body of an import, as it is sent and after it was decompressed.
        proxy_bytes: Longest body that is passed on to a provider; it may hold pictures.
        text_chars: Longest text of a message or a memory.
        input_chars: Longest input of a chat, a context or a query.
        metadata_bytes: Longest metadata, written as JSON.
        depth: Deepest nesting of a body.
        proxy_depth: The same of one that is passed on; it may hold schemas of tools.
        batch: Most items in one list.
        k: Most hits of a query.
        budget: Largest token budget.
        rate: Requests of one credential, as "600/minute"; "" for no limit.
        concurrency: Requests of one credential at once.
        total: Requests of all credentials at once, in this process.
    """

    body_bytes: int = 1_000_000
    import_bytes: int = 64_000_000
    proxy_bytes: int = 32_000_000
    text_chars: int = 64_000
    input_chars: int = 64_000
    metadata_bytes: int = 16_000
    depth: int = 8
    proxy_depth: int = 64
    batch: int = 1000
    k: int = 200
    budget: int = 1_000_000
    rate: str = "1200/minute"
    concurrency: int = 16
    total: int = 256


@dataclass(frozen=True, slots=True)
class JwtSettings:
    """How JSON Web Tokens are checked; they are refused while `key` is empty.

    Args:
        key: The shared secret, or the public key in PEM form.
        algorithm: The one algorithm that is accepted.
        audience: What ``aud`` must name; None where there is none.
        issuer: What ``iss`` must say; None where it is not checked.
        leeway: Seconds that clocks may differ.
    """

    key: str = field(default="", repr=False)
    algorithm: str = "HS256"
    audience: str | None = None
    issuer: str | None = None
    leeway: float = 30.0


@dataclass(frozen=True, slots=True)
class UpstreamSettings:
    """The provider behind the OpenAI-compatible proxy, which is off while `url` is empty.

    Args:
        url: Its base address, as an OpenAI client takes it: "https://host/v1".
        key: The key it is asked with; "" passes on the client's own where the service needs none.
        timeout: Seconds to wait for the next bytes of an answer.
    """

    url: str = ""
    key: str = field(default="", repr=False)
    timeout: float = 600.0


@dataclass(frozen=True, slots=True)
class ServiceSettings:
    """Settings of the service.

    Args:
        auth: "required", "off", or "auto": required as soon as a key was made, a static key is
            set, or tokens are accepted.
        api_key: A static key for all users of the default tenant; "" for none.
        jwt: How tokens are checked.
        upstream: Where `/chat/completions` is passed on to.
        limits: What requests may take.
        allowed_hosts: Names that a request may call the service by; empty for any.
        cors_origins: Origins whose pages may call the service; empty for none.
        metrics: Serve ``/metrics``: to a credential that may "operate", to anybody, or not at all.
        openapi: Serve ``/openapi.json``: to any credential, to anybody, or not at all.
        ui: Serve the page ``/ui``, which holds no data, to anybody, or not at all.
        chat_max_tokens: Longest answer of the model in ``/chat``.
        redis_url: Where replicas share their rate limits; "" keeps them in this process.
        drain_seconds: How long a stop waits for requests, and then for background work.
    """

    auth: Literal["auto", "required", "off"] = "auto"
    api_key: str = field(default="", repr=False)
    jwt: JwtSettings = field(default_factory=JwtSettings)
    upstream: UpstreamSettings = field(default_factory=UpstreamSettings)
    limits: Limits = field(default_factory=Limits)
    allowed_hosts: tuple[str, ...] = ()
    cors_origins: tuple[str, ...] = ()
    metrics: Literal["credential", "open", "off"] = "credential"
    openapi: Literal["credential", "open", "off"] = "open"
    ui: Literal["open", "off"] = "open"
    chat_max_tokens: int = 500
    redis_url: str = field(default="", repr=False)
    drain_seconds: float = 20.0

    def __post_init__(self) -> None:
        _check(self)

    def switch(self, path: str) -> str | None:
        """How open the settings say that a route is; None where they say nothing."""
        if path == "/ui" or path.startswith("/ui/"):
            return self.ui
        if path in UPSTREAM_PATHS:
            return None if self.upstream.url else "off"
        return {"/metrics": self.metrics, "/openapi.json": self.openapi}.get(path)

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> ServiceSettings:
        """The settings that the environment gives; see `VARIABLES`.

        Raises:
            ConfigError: A variable's value cannot be used; the message names it.
        """
        settings = cls()
        for variable in VARIABLES:
            told = environment.get(PREFIX + variable.name)
            if told is not None and told.strip():
                settings = variable.put(settings, told.strip())
        return settings


@dataclass(frozen=True, slots=True)
class Variable:
    """An environment variable.

    Args:
        name: Without the prefix ``CONTEXT_MANAGER_``.
        path: The setting, as "limits.rate".
        read: Makes the value of the text.
    """

    name: str
    path: str
    read: Callable[[str], Any] = str

    def put(self, settings: ServiceSettings, told: str) -> ServiceSettings:
        """The settings with this one set."""
        try:
            value = self.read(told)
        except ValueError as error:
            raise ConfigError(f"{PREFIX}{self.name} cannot be {told!r}") from error
        part, _, name = self.path.rpartition(".")
        if not part:
            return replace(settings, **{name: value})
        inner: Any = getattr(settings, part)
        return replace(settings, **{part: replace(inner, **{name: value})})


def _listed(told: str) -> tuple[str, ...]:
    return tuple(item.strip() for item in told.split(",") if item.strip())


VARIABLES: tuple[Variable, ...] = (
    Variable("AUTH", "auth"),
    Variable("API_KEY", "api_key"),
    Variable("JWT_KEY", "jwt.key"),
    Variable("JWT_ALGORITHM", "jwt.algorithm"),
    Variable("JWT_AUDIENCE", "jwt.audience"),
    Variable("JWT_ISSUER", "jwt.issuer"),
    Variable("UPSTREAM_URL", "upstream.url"),
    Variable("UPSTREAM_API_KEY", "upstream.key"),
    Variable("UPSTREAM_TIMEOUT", "upstream.timeout", float),
    Variable("ALLOWED_HOSTS", "allowed_hosts", _listed),
    Variable("CORS_ORIGINS", "cors_origins", _listed),
    Variable("METRICS", "metrics"),
    Variable("OPENAPI", "openapi"),
    Variable("UI", "ui"),
    Variable("RATE", "limits.rate"),
    Variable("CONCURRENCY", "limits.concurrency", int),
    Variable("MAX_REQUESTS", "limits.total", int),
    Variable("MAX_BODY_BYTES", "limits.body_bytes", int),
    Variable("MAX_IMPORT_BYTES", "limits.import_bytes", int),
    Variable("CHAT_MAX_TOKENS", "chat_max_tokens", int),
    Variable("REDIS_URL", "redis_url"),
    Variable("DRAIN_SECONDS", "drain_seconds", float),
)
"""Every environment variable of the service."""

_CHOICES = {
    "auth": ("auto", "required", "off"),
    "metrics": ("credential", "open", "off"),
    "openapi": ("credential", "open", "off"),
    "ui": ("open", "off"),
}
MIN_SECRET = 16


def _check(settings: ServiceSettings) -> None:
    for name, allowed in _CHOICES.items():
        if getattr(settings, name) not in allowed:
            raise ConfigError(f"{name} must be one of {', '.join(allowed)}")
    for secret, named in ((settings.api_key, "api_key"), (settings.jwt.key, "jwt.key")):
        if secret and len(secret) < MIN_SECRET:
            raise ConfigError(f"{named} must have at least {MIN_SECRET} characters")
    for limit in fields(Limits):
        value = getattr(settings.limits, limit.name)
        if isinstance(value, int) and value < 1:
            raise ConfigError(f"limits.{limit.name} must be 1 or more, got {value}")
    upstream = settings.upstream
    if upstream.url and not upstream.url.startswith(("http://", "https://")):
        raise ConfigError(f"upstream.url must begin with http:// or https://, got {upstream.url!r}")
    if not (math.isfinite(upstream.timeout) and upstream.timeout > 0):
        raise ConfigError("upstream.timeout must be more than 0")
    if not (math.isfinite(settings.drain_seconds) and settings.drain_seconds >= 0):
        raise ConfigError("drain_seconds must be 0 or more")
