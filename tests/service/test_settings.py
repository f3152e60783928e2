"""Settings come from the environment, and what cannot work is named at the start."""

from __future__ import annotations

import pytest

from context_manager.errors import ConfigError
from context_manager.service import Service, ServiceSettings
from context_manager.service.settings import PREFIX, VARIABLES
from support.service_faces import fast_manager

GOOD = {
    "AUTH": "required",
    "METRICS": "open",
    "OPENAPI": "off",
    "CONCURRENCY": "3",
    "MAX_REQUESTS": "4",
    "MAX_BODY_BYTES": "5",
    "MAX_IMPORT_BYTES": "6",
    "CHAT_MAX_TOKENS": "7",
    "DRAIN_SECONDS": "0.5",
    "RATE": "9/second",
    "UPSTREAM_URL": "https://provider.example/v1",
    "UPSTREAM_TIMEOUT": "30",
    "UI": "off",
}


@pytest.mark.parametrize("variable", VARIABLES, ids=lambda variable: variable.name)
def test_every_variable_sets_its_setting(variable):
    told = GOOD.get(variable.name, "a text of some length")
    settings = ServiceSettings.of({PREFIX + variable.name: told})
    for part in variable.path.split("."):
        settings = getattr(settings, part)
    assert settings == variable.read(told)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AUTH", "maybe"),
        ("API_KEY", "short"),
        ("JWT_KEY", "short"),
        ("CONCURRENCY", "many"),
        ("CONCURRENCY", "0"),
        ("DRAIN_SECONDS", "nan"),
        ("METRICS", "yes"),
        ("UPSTREAM_URL", "provider.example"),
        ("UPSTREAM_TIMEOUT", "0"),
    ],
)
def test_a_value_that_cannot_work_is_refused(name, value):
    with pytest.raises(ConfigError):
        ServiceSettings.of({PREFIX + name: value})


def test_a_rate_that_cannot_be_read_is_refused():
    settings = ServiceSettings.of({f"{PREFIX}RATE": "often"})
    with pytest.raises(ConfigError, match="600/minute"):
        Service(fast_manager(), settings)


def test_secrets_are_not_shown():
    settings = ServiceSettings.of(
        {f"{PREFIX}API_KEY": "x" * 20 + "hidden", f"{PREFIX}JWT_KEY": "y" * 20 + "hidden"}
    )
    assert "hidden" not in repr(settings)
