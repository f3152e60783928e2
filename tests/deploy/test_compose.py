"""The compose file fits the specification's schema, and runs what the rest of this package runs."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from support.dockerfile import stages
from support.variables import known_variables

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docker-compose.yml").read_text("utf-8")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return yaml.safe_load(TEXT)


def test_it_fits_the_schema_of_the_compose_specification(compose):
    schema = files("check_jsonschema") / "builtin_schemas" / "vendor" / "compose-spec.json"
    jsonschema.validate(compose, json.loads(schema.read_text("utf-8")))


def test_the_services_are_there_under_their_names_ports_and_volumes(compose):
    services = compose["services"]
    assert {*services} == {"context-manager-api", "worker", "postgres", "redis"}
    api = services["context-manager-api"]
    assert api["ports"] == ["8000:8000"]
    assert api["volumes"] == ["./data:/app/data"]
    assert services["redis"]["image"] == "redis:alpine"
    assert services["redis"]["volumes"] == ["redis_data:/data"]
    assert {*compose["volumes"]} == {"postgres_data", "redis_data"}
    assert {service["restart"] for service in services.values()} == {"unless-stopped"}
    assert {"OPENAI_API_KEY", "ANTHROPIC_API_KEY"} <= {*api["environment"]}


def test_only_the_api_can_be_reached_from_outside(compose):
    assert [name for name, service in compose["services"].items() if "ports" in service] == [
        "context-manager-api"
    ]


def test_a_secret_that_is_missing_is_named(compose):
    """No password has a default, and each says what it is for."""
    for name, default in re.findall(r"\$\{(\w+)(:?[-?][^}]*)?\}", TEXT):
        if name.endswith(("PASSWORD", "CONTEXT_MANAGER_API_KEY")):
            assert default.startswith(":?"), name
            assert len(default) > len(":?set it")
        else:
            assert default == ":-", name


def test_ours_run_without_rights_and_write_to_named_places_only(compose):
    for name in ("context-manager-api", "worker"):
        service = compose["services"][name]
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["tmpfs"] == ["/tmp"]  # noqa: S108 - a mount in the container
        assert "no-new-privileges:true" in service["security_opt"]


def test_everything_waited_for_says_when_it_is_well(compose):
    services = compose["services"]
    for service in services.values():
        for name, wanted in service.get("depends_on", {}).items():
            assert wanted["condition"] == "service_healthy"
            assert services[name]["healthcheck"]["test"]


def test_every_setting_is_one_that_is_read(compose):
    for name in ("context-manager-api", "worker"):
        ours = {key for key in compose["services"][name]["environment"] if "CONTEXT" in key}
        assert ours <= known_variables()


def test_what_is_mounted_is_there(compose):
    script = ROOT / "deploy" / "postgres" / "role.sh"
    assert any("deploy/postgres/role.sh" in v for v in compose["services"]["postgres"]["volumes"])
    assert script.stat().st_mode & 0o111
    assert "superuser" in script.read_text()
    assert stages(ROOT / "Dockerfile")[-1].last("WORKDIR").text == "/app"
