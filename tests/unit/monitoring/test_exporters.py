"""Metrics, spans and JSON lines: what they say, what they never say, and that they come late."""

from __future__ import annotations

import json
import logging
import subprocess
import sys

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode
from prometheus_client import CollectorRegistry, generate_latest

from context_manager import Config, ContextManager
from context_manager.config import EmbeddingConfig
from context_manager.errors import BudgetError, MissingExtraError
from context_manager.monitoring import JsonLog, OpenTelemetrySpans, PrometheusMetrics
from context_manager.records.operation import STAGES
from context_manager.testing.clock import ManualClock

SECRET = "swordfish"  # noqa: S105 - a text that must not get out


def talk(hook) -> None:
    """Two turns of a conversation that holds the secret, and a failure."""
    config = Config(embedding=EmbeddingConfig("hash"))
    with ContextManager(config, hooks=[hook], clock=ManualClock(2000.0)) as cm:
        ann = cm.scoped(user_id="ann")
        ann.observe(f"The code is {SECRET}.", "Noted.")
        ann.build_context(f"Is it {SECRET}?")
        with pytest.raises(BudgetError):
            ann.build(f"{SECRET} " * 50, budget=10)
        cm.engine.background.drain()


def test_metrics_count_and_time_without_users_or_texts():
    registry = CollectorRegistry()
    talk(PrometheusMetrics(registry))

    def value(name, **labels):
        return registry.get_sample_value(f"context_manager_{name}", labels)

    assert value("operations_total", operation="build", outcome="ok") == 1
    assert value("operations_total", operation="build", outcome="error") == 1
    assert value("errors_total", operation="build", error="BudgetError") == 1
    assert value("operation_seconds_count", operation="observe") == 1
    assert value("prompt_tokens_count") == 1
    for stage in STAGES["build"]:
        assert value("stage_seconds_count", operation="build", stage=stage) >= 1
    exposed = generate_latest(registry).decode()
    assert SECRET not in exposed
    assert "ann" not in exposed.replace("context_manager", "")


def spans_of(**options):
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("test")
    with tracer.start_as_current_span("request"):
        talk(OpenTelemetrySpans(tracer, **options))
    return exporter.get_finished_spans()


def test_spans_stand_below_the_callers_and_stages_below_them():
    spans = spans_of()
    by_name = {span.name: span for span in spans}
    request, observe = by_name["request"], by_name["context_manager.observe"]
    assert observe.parent.span_id == request.context.span_id
    assert (observe.start_time, observe.attributes["context_manager.turns"]) == (2000 * 10**9, 1)
    for stage in STAGES["observe"]:
        inner = by_name[f"context_manager.observe.{stage}"]
        assert inner.parent.span_id == observe.context.span_id
        assert observe.start_time <= inner.start_time <= inner.end_time <= observe.end_time
    failed = [span for span in spans if span.attributes.get("error.type")]
    assert [span.name for span in failed] == ["context_manager.build"]
    assert failed[0].status.status_code is StatusCode.ERROR
    assert SECRET not in "".join(span.to_json() for span in spans)


def test_spans_carry_content_where_it_is_asked_for():
    built = [span for span in spans_of(log_content=True) if span.name == "context_manager.build"]
    assert built[0].attributes["context_manager.content.input"] == f"Is it {SECRET}?"


@pytest.mark.parametrize("log_content", [False, True])
def test_json_lines_are_json_and_hold_content_only_where_it_is_asked_for(log_content, caplog):
    caplog.set_level(logging.INFO, "my.operations")
    talk(JsonLog("my.operations", log_content=log_content))
    lines = [record for record in caplog.records if record.name == "my.operations"]
    rows = [json.loads(record.getMessage()) for record in lines]
    assert [row["operation"] for row in rows if row["operation"] != "embed"] == [
        "observe",
        "build",
        "build",
    ]
    observed, built, failed = [row for row in rows if row["operation"] != "embed"]
    assert list(built["stages"]) == list(STAGES["build"])
    assert built["scope"]["user_id"] == "ann"
    assert (failed["error"], lines[rows.index(failed)].levelname) == ("BudgetError", "ERROR")
    assert ("content" in observed) is log_content
    assert (SECRET in caplog.text) is log_content


def test_nothing_is_imported_unless_it_is_used():
    code = (
        "import sys, context_manager.monitoring\n"
        "print([name for name in ('prometheus_client', 'opentelemetry') if name in sys.modules])"
    )
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert child.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("make", "module", "extra"),
    [
        (PrometheusMetrics, "prometheus_client", "prometheus"),
        (OpenTelemetrySpans, "opentelemetry", "opentelemetry"),
    ],
)
def test_a_missing_extra_is_named_with_its_command(make, module, extra, monkeypatch):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtraError, match=rf'pip install "context-manager\[{extra}\]"'):
        make()
