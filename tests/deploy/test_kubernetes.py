"""The manifests fit Kubernetes' schemas, and each other, and the image, and what was promised."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from support.dockerfile import stages
from support.variables import known_variables

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy" / "kubernetes"
VERSION = "1.33"

OBJECTS = [
    document
    for path in sorted(FOLDER.glob("*.yaml"))
    if path.name != "kustomization.yaml"
    for document in yaml.safe_load_all(path.read_text("utf-8"))
]


def named(kind: str, name: str) -> dict[str, Any]:
    """The object of this kind and name."""
    (found,) = [
        item for item in OBJECTS if (item["kind"], item["metadata"]["name"]) == (kind, name)
    ]
    return found


def pods() -> list[dict[str, Any]]:
    """What every pod is made from."""
    return [item["spec"]["template"] for item in OBJECTS if "template" in item.get("spec", {})]


def containers() -> list[dict[str, Any]]:
    """Every container of ours."""
    return [box for pod in pods() for box in pod["spec"]["containers"]]


@pytest.mark.parametrize("given", OBJECTS, ids=lambda item: f"{item['kind']}/{item['metadata']}")
def test_it_fits_the_schema(given):
    kubernetes_validate.validate(given, VERSION, strict=True)


def test_everything_is_applied():
    listed = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())
    assert {*listed["resources"]} == {
        path.name for path in FOLDER.glob("*.yaml") if path.name != "kustomization.yaml"
    }
    assert [image["name"] for image in listed["images"]] == ["context-manager"]


def test_the_deployment_is_as_promised():
    spec = named("Deployment", "context-manager")["spec"]
    (box,) = spec["template"]["spec"]["containers"]
    assert spec["selector"]["matchLabels"] == {"app": "context-manager"}
    assert (box["name"], box["image"]) == ("context-manager", "context-manager:latest")
    assert box["ports"] == [{"containerPort": 8000}]
    keys = {
        item["name"]: (ref["name"], ref["key"])
        for item in box["env"]
        if (ref := item["valueFrom"]["secretKeyRef"])
    }
    assert keys["OPENAI_API_KEY"] == ("api-keys", "openai-api-key")
    assert keys["ANTHROPIC_API_KEY"] == ("api-keys", "anthropic-api-key")
    assert box["resources"] == {
        "requests": {"memory": "512Mi", "cpu": "250m"},
        "limits": {"memory": "1Gi", "cpu": "500m"},
    }
    assert box["livenessProbe"] == {
        "httpGet": {"path": "/health", "port": 8000},
        "initialDelaySeconds": 30,
        "periodSeconds": 10,
    }
    assert box["readinessProbe"] == {
        "httpGet": {"path": "/ready", "port": 8000},
        "initialDelaySeconds": 5,
        "periodSeconds": 5,
    }


def test_the_service_is_as_promised():
    spec = named("Service", "context-manager-service")["spec"]
    assert spec["type"] == "LoadBalancer"
    assert spec["selector"] == {"app": "context-manager"}
    assert spec["ports"] == [{"protocol": "TCP", "port": 80, "targetPort": 8000}]


def test_replicas_are_kept_and_added():
    """The autoscaler alone says how many, three at least: applying again takes none away."""
    scaler = named("HorizontalPodAutoscaler", "context-manager")["spec"]
    target = scaler["scaleTargetRef"]
    assert "replicas" not in named(target["kind"], target["name"])["spec"]
    assert scaler["minReplicas"] == 3
    budget = named("PodDisruptionBudget", "context-manager")["spec"]
    assert budget["minAvailable"] < scaler["minReplicas"]
    assert budget["selector"]["matchLabels"] == {"app": "context-manager"}


def test_nothing_has_rights_it_does_not_need():
    user = int(stages(ROOT / "Dockerfile")[-1].last("USER").text)
    for pod in pods():
        assert pod["spec"]["securityContext"]["runAsNonRoot"] is True
        assert pod["spec"]["securityContext"]["runAsUser"] == user
        assert pod["spec"]["automountServiceAccountToken"] is False
    for box in containers():
        assert box["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert {"requests", "limits"} == {*box["resources"]}


def test_every_setting_is_one_that_is_read_and_no_secret_is_among_them():
    told = {*named("ConfigMap", "context-manager")["data"]}
    secret = {item["name"] for box in containers() for item in box["env"]}
    assert told <= known_variables()
    assert {name for name in secret if "CONTEXT" in name} <= known_variables()
    assert told.isdisjoint(secret)
    for box in containers():
        assert box["envFrom"] == [{"configMapRef": {"name": "context-manager"}}]


def test_traffic_is_let_through_where_it_is_needed_only():
    out = named("NetworkPolicy", "context-manager")["spec"]
    assert {port["port"] for rule in out["egress"] for port in rule["ports"]} == {
        53, 443, 5432, 6379,
    }  # fmt: skip
    assert "ingress" not in out
    wanted = out["podSelector"]["matchLabels"].items()
    assert all(wanted <= pod["metadata"]["labels"].items() for pod in pods())
    requests = named("NetworkPolicy", "context-manager-requests")["spec"]
    assert requests["podSelector"]["matchLabels"] == {"app": "context-manager"}
    assert requests["ingress"] == [{"ports": [{"protocol": "TCP", "port": 8000}]}]


def test_who_stops_has_time_to_finish():
    from context_manager.service import ServiceSettings

    spec = named("Deployment", "context-manager")["spec"]["template"]["spec"]
    leaving = int(spec["containers"][0]["lifecycle"]["preStop"]["exec"]["command"][1])
    needed = leaving + 2 * ServiceSettings().drain_seconds
    assert spec["terminationGracePeriodSeconds"] > needed
