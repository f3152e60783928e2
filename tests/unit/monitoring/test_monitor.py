"""The monitor: what it keeps, what it reports, and that no content gets in unasked."""

from __future__ import annotations

import json
import logging

import pytest

from context_manager import Config, ContextManager, MonitoredContextManager
from context_manager.config import EmbeddingConfig
from context_manager.errors import BudgetError, InputError
from context_manager.monitoring import Monitor
from context_manager.monitoring.monitor import Depths
from context_manager.records import DEFAULT_SCOPE, Operation
from context_manager.testing.clock import ManualClock

SHAPE = {
    "performance": {
        "avg_build_time",
        "avg_context_length",
        "avg_context_tokens",
        "total_operations",
        "recent_operations",
    },
    "errors": {"error_rate", "total_errors", "recent_errors", "error_types"},
    "memory": {
        "avg_stm_utilization",
        "avg_ltm_entries",
        "current_stm_turns",
        "current_ltm_entries",
    },
    "configuration": {
        "stm_capacity",
        "chunk_size",
        "recent_k",
        "ltm_hits_k",
        "prompt_token_budget",
    },
}
NO_STATS = {"short_term_memory": {"num_turns": 0}, "long_term_memory": {"num_entries": 0}}


@pytest.fixture
def cm(tmp_path):
    config = Config(embedding=EmbeddingConfig("hash"))
    clock = ManualClock(900.0)
    with MonitoredContextManager(config, tmp_path / "cm.log", clock=clock) as manager:
        yield manager


def build(error: str = "") -> Operation:
    figures = {
        "tokens": 10, "budget": 100, "chars": 40, "input_chars": 5, "stm_turns": 0, "entries": 3,
    }  # fmt: skip
    return Operation(
        "build", DEFAULT_SCOPE, 1.0, 0.5, figures={} if error else figures, error=error
    )


def shape(report):
    return {name: set(part) for name, part in report.items()}


def test_the_report_is_complete_before_anything_happened_and_json_ready(cm):
    report = cm.get_monitoring_report()
    assert shape(json.loads(json.dumps(report))) == SHAPE
    assert report["errors"] == {
        "error_rate": 0.0,
        "total_errors": 0,
        "recent_errors": 0,
        "error_types": [],
    }
    assert report["configuration"]["prompt_token_budget"] == 12_000


def test_the_report_sums_up_what_was_done(cm):
    texts = []
    for number in range(5):
        texts.append(cm.build_context(f"Parcel {number}?"))
        cm.observe(f"Parcel {number} came.", "I saw it.")
    with pytest.raises(InputError):
        cm.observe("", "")
    report = cm.get_monitoring_report()
    assert shape(report) == SHAPE
    assert report["performance"]["total_operations"] == 5
    assert report["performance"]["avg_context_length"] == sum(map(len, texts)) / 5
    assert report["errors"]["error_rate"] == pytest.approx(1 / 11)
    assert report["errors"]["error_types"] == ["InputError"]
    assert report["memory"]["current_stm_turns"] == 5
    assert report["memory"]["current_ltm_entries"] == 10
    assert report["memory"]["avg_ltm_entries"] == (2 + 4 + 6 + 8 + 10) / 5


def test_the_error_rate_is_a_share_however_many_errors_there_are():
    monitor = Monitor()
    for _ in range(500):
        monitor(build("StoreError"))
    assert monitor.report(Config(), NO_STATS)["errors"]["error_rate"] == 1.0
    for _ in range(50):
        monitor(build())
    assert monitor.report(Config(), NO_STATS)["errors"]["error_rate"] == 0.5
    assert monitor.report(Config(), NO_STATS)["errors"]["total_errors"] == 500


def test_histories_are_bounded_and_the_count_of_builds_is_not():
    monitor = Monitor(Depths(performance=10, errors=3, memory_usage=10))
    for _ in range(25):
        monitor(build())
        monitor(build("StoreError"))
    assert len(monitor.performance_history) == 10
    assert len(monitor.error_history) == 3
    report = monitor.report(Config(), NO_STATS)
    assert report["performance"]["total_operations"] == 25
    assert report["performance"]["recent_operations"] == 10


def test_an_export_holds_histories_statistics_and_report(cm, tmp_path):
    cm.build_context("The code is swordfish, remember?")
    cm.observe("The code is swordfish.", "Noted.")
    with pytest.raises(BudgetError):
        cm.build("swordfish " * 50, budget=10)
    file = tmp_path / "export.json"
    cm.export_monitoring_data(file)
    text = file.read_text(encoding="utf-8")
    data = json.loads(text)
    assert set(data) == {
        "performance_history",
        "error_history",
        "memory_usage_history",
        "current_stats",
        "monitoring_report",
    }
    assert shape(data["monitoring_report"]) == SHAPE
    (built,) = data["performance_history"]
    assert (built["timestamp"], built["input_length"]) == (
        900.0,
        len("The code is swordfish, remember?"),
    )
    (used,) = data["memory_usage_history"]
    assert (used["stm_turns"], used["ltm_entries"], used["ltm_index_size"]) == (1, 2, 2)
    assert 0 < used["stm_utilization"] < 1
    (failed,) = data["error_history"]
    assert (failed["error_type"], failed["context"]) == ("BudgetError", "build")
    assert "swordfish" not in text


def test_the_log_holds_lengths_and_types_and_no_content(cm, tmp_path):
    cm.build_context("The code is swordfish, remember?")
    cm.observe("The code is swordfish.", "Noted.")
    with pytest.raises(BudgetError):
        cm.build("swordfish " * 50, budget=10)
    log = (tmp_path / "cm.log").read_text(encoding="utf-8")
    assert "INFO - built a context in" in log
    assert "for an input of 32" in log
    assert "INFO - observed 1 turns in" in log
    assert "ERROR - build failed with BudgetError" in log
    assert "swordfish" not in log


def test_content_is_kept_and_logged_where_it_is_asked_for(tmp_path):
    config = Config(embedding=EmbeddingConfig("hash"))
    with MonitoredContextManager(config, tmp_path / "cm.log", log_content=True) as cm:
        cm.build_context("The code is swordfish, remember?")
        cm.export_monitoring_data(tmp_path / "export.json")
    assert "'The code is swordfish, remember?'" in (tmp_path / "cm.log").read_text(encoding="utf-8")
    data = json.loads((tmp_path / "export.json").read_text(encoding="utf-8"))
    assert data["performance_history"][0]["input"] == "The code is swordfish, remember?"


def test_logging_of_the_application_is_not_touched(tmp_path):
    root, package = logging.getLogger(), logging.getLogger("context_manager")
    before = (list(root.handlers), root.level, list(package.handlers), package.level)
    config = Config(embedding=EmbeddingConfig("hash"))
    with MonitoredContextManager(config, tmp_path / "cm.log") as cm:
        cm.build_context("hello")
        assert (list(root.handlers), root.level) == before[:2]
        assert len(package.handlers) == len(before[2]) + 1
    assert (list(root.handlers), root.level, list(package.handlers), package.level) == before


def test_managers_that_share_a_file_write_each_line_once(tmp_path):
    config = Config(embedding=EmbeddingConfig("hash"))
    file = tmp_path / "cm.log"
    with MonitoredContextManager(config, file) as one:
        with MonitoredContextManager(config, file) as other:
            other.build_context("hello")
            other.close()
        one.build_context("hello again")
    assert file.read_text(encoding="utf-8").count("built a context") == 2


def test_without_a_file_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with MonitoredContextManager(Config(embedding=EmbeddingConfig("hash")), log_file=None) as cm:
        cm.build_context("hello")
        assert cm.get_monitoring_report()["performance"]["total_operations"] == 1
    assert list(tmp_path.iterdir()) == []


def test_any_manager_can_be_monitored():
    monitor = Monitor()
    with ContextManager(Config(embedding=EmbeddingConfig("hash")), hooks=[monitor]) as cm:
        cm.scoped(user_id="ann").observe("hello", "hi")
        cm.scoped(user_id="ann").build_context("hello")
        report = monitor.report(cm.config, cm.get_stats())
    assert report["performance"]["total_operations"] == 1
    assert report["memory"]["current_ltm_entries"] == 0, "of the scope that was asked"


def test_forgotten_entries_leave_the_count(cm):
    cm.observe("One.", "Two.")
    cm.forget(everything=True)
    cm.observe("Three.", "")
    assert [row["ltm_entries"] for row in cm.monitor.memory_usage_history] == [2, 1]
