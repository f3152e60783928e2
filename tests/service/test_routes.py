"""What every route does, the same on both faces."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from context_manager import ContextManager
from context_manager.service import Service, ServiceSettings
from context_manager.testing.embedders import HashEmbedder
from support.service_faces import asking, fast_manager

SISTER = "My sister Ana lives in Porto."


def add(ask, text=SISTER, **more):
    return ask("POST", "/memory/add", json={"text": text, **more}).data["memory_id"]


class TestTheSeedsRoutes:
    """Paths, request fields and answer fields that existing clients use."""

    def test_chat_takes_a_message_and_answers_with_three_fields(self, ask):
        got = ask("POST", "/chat", json={"message": "Hello there", "user_id": "default"})
        assert got.status == 200
        assert {"response", "context_length", "memory_stats"} <= got.data.keys()
        assert got.data["memory_stats"]["short_term_memory"]["num_turns"] == 1

    def test_query_answers_with_texts_and_scores(self, ask):
        add(ask)
        results = ask("POST", "/memory/query", json={"query": "Where is my sister?"}).data[
            "results"
        ]
        assert results[0]["text"] == SISTER
        assert 0 <= results[0]["score"] <= 1

    def test_add_answers_with_an_id(self, ask):
        got = ask("POST", "/memory/add", json={"text": SISTER, "metadata": {"source": "letter"}})
        assert got.data["success"] is True
        assert got.data["memory_id"].startswith("mem_")

    def test_stats_count_and_do_not_say_where_the_store_lies(self, ask):
        add(ask)
        stats = ask("GET", "/memory/stats").data
        assert stats["long_term_memory"]["num_entries"] == 1
        assert stats.keys() == {"short_term_memory", "long_term_memory", "config"}

    def test_clear_deletes_everything_of_the_user(self, ask):
        add(ask)
        assert ask("POST", "/memory/clear").data["success"] is True
        assert ask("GET", "/memory/stats").data["long_term_memory"]["num_entries"] == 0

    @pytest.mark.parametrize("path", ["/memory/stats", "/v1/memory/stats"])
    def test_every_path_is_served_with_and_without_version(self, ask, path):
        assert ask("GET", path).status == 200


class TestMemories:
    def test_a_memory_is_shown_as_it_was_given(self, ask):
        made = add(ask, metadata={"page": 3}, kind="fact", timestamp=86400, importance=1)
        shown = ask("GET", f"/memory/{made}").data
        given = {"text": SISTER, "metadata": {"page": 3}, "kind": "fact", "timestamp": 86400.0}
        assert given.items() <= shown.items()

    def test_a_correction_takes_the_place_of_a_memory_and_keeps_it(self, ask):
        old = add(ask)
        new = ask("PATCH", f"/memory/{old}", json={"text": "Ana lives in Lisbon."}).data
        assert ask("GET", f"/memory/{old}").data["superseded_by"] == new["id"]
        found = ask("POST", "/memory/query", json={"query": "Ana sister lives"}).data["results"]
        assert [hit["text"] for hit in found] == ["Ana lives in Lisbon."]

    def test_what_was_said_is_never_rewritten(self, ask):
        turn = ask("POST", "/turns", json={"messages": [{"role": "user", "content": "Hi."}]}).data
        message = turn["messages"][0]["id"]
        assert ask("PATCH", f"/memory/{message}", json={"text": "No."}).status == 409

    def test_a_deleted_memory_is_gone_and_a_receipt_tells_of_it(self, ask):
        made = add(ask)
        receipt = ask("DELETE", f"/memory/{made}").data
        assert (receipt["entries"], receipt["number"]) == (1, 1)
        assert ask("GET", f"/memory/{made}").status == 404
        assert ask("DELETE", f"/memory/{made}").status == 404

    @pytest.mark.parametrize(
        ("chosen", "left"),
        [
            ({"where": {"kinds": ["fact"]}}, {"a note"}),
            ({"where": {"until": 10}}, {"a note"}),
            ({"everything": True}, set()),
        ],
        ids=["by kind", "by time", "everything"],
    )
    def test_forget_deletes_what_fits(self, ask, chosen, left):
        add(ask, "a fact", kind="fact", timestamp=5)
        add(ask, "a note")
        assert ask("POST", "/memory/forget", json=chosen).data["entries"] == 2 - len(left)
        assert {item["text"] for item in ask("GET", "/memory").data["items"]} == left

    @pytest.mark.parametrize(
        "chosen", [{}, {"ids": ["a"], "everything": True}, {"ids": []}, {"everything": False}]
    )
    def test_forget_wants_one_way_to_choose(self, ask, chosen):
        assert ask("POST", "/memory/forget", json=chosen).status == 422

    def test_pinned_stands_in_every_prompt_until_unpinned(self, ask):
        rule = ask("POST", "/memory/pin", json={"text": "Answer in French."}).data["memory_id"]
        prompt = {"input": "What about the boat?"}
        slots = ask("POST", "/context", json=prompt).data["slots"]
        assert [slot["entry_id"] for slot in slots if slot["section"] == "pinned"] == [rule]
        assert ask("DELETE", f"/memory/{rule}/pin").data["kind"] == "note"
        assert ask("PUT", f"/memory/{rule}/pin").data["kind"] == "pinned"

    def test_a_list_comes_in_pages_without_gap_or_repeat(self, ask):
        made = [add(ask, f"note {number}") for number in range(7)]
        seen, after, pages = [], "", 0
        while after is not None:
            page = ask("GET", f"/memory?limit=3{after and '&after=' + after}").data
            seen += [item["id"] for item in page["items"]]
            after, pages = page["next"], pages + 1
        assert (seen, pages) == (made, 3)

    def test_sources_of_what_is_not_derived_are_the_memory_itself(self, ask):
        made = add(ask)
        assert [item["id"] for item in ask("GET", f"/memory/{made}/sources").data["items"]] == [
            made
        ]


class TestConversations:
    def test_a_context_explains_every_token(self, ask):
        add(ask)
        built = ask("POST", "/context", json={"input": "Where is Ana?", "budget": 300}).data
        assert sum(slot["tokens"] for slot in built["slots"]) == built["tokens"] <= 300
        assert "".join(slot["text"] for slot in built["slots"]) == built["text"]
        assert built["messages"][-1] == {"role": "user", "content": "Where is Ana?"}

    def test_an_input_beyond_the_budget_is_refused_with_the_numbers(self, ask):
        got = ask("POST", "/context", json={"input": "word " * 100, "budget": 10})
        assert (got.status, got.data["budget"]) == (422, 10)
        assert got.data["needed"] > 100

    def test_turns_come_back_in_order_and_in_pages(self, ask):
        for number in range(5):
            said = [{"role": "user", "content": f"line {number}", "name": "Ines"}]
            ask("POST", "/turns", json={"messages": said, "session_id": "s", "metadata": {"n": 1}})
        first = ask("GET", "/turns?session_id=s&limit=3").data
        rest = ask("GET", f"/turns?session_id=s&limit=3&after={first['next']}").data
        lines = [turn["messages"][0]["content"] for turn in first["items"] + rest["items"]]
        assert lines == [f"line {number}" for number in range(5)]
        assert rest["next"] is None
        assert ask("GET", "/sessions").data["items"] == ["s"]

    def test_an_import_remembers_chats_with_their_times(self, ask):
        lines = [
            {"session": "may", "time": "2024-05-06T10:00:00Z", "role": "user", "content": "Hello"},
            {
                "session": "may",
                "time": "2024-05-06T10:00:05Z",
                "role": "assistant",
                "content": "Hi",
            },
        ]
        body = "".join(f"{json.dumps(line)}\n" for line in lines).encode()
        got = ask("POST", "/import", body=body, headers={"Content-Type": "application/x-ndjson"})
        told = {"turns": 1, "messages": 2, "sessions": 1}
        assert got.data == {**told, "entries": 2, "present": 0, "forgotten": 0}
        turn = ask("GET", "/turns?session_id=may").data["items"][0]
        assert turn["timestamp"] == 1714989600.0

    def test_an_import_with_a_fault_stores_nothing_and_names_the_line(self, ask):
        body = b'{"role": "user", "content": "good"}\n{"role": "user"}\n'
        got = ask("POST", "/import", body=body, headers={"Content-Type": "application/x-ndjson"})
        assert got.status == 422
        assert "body" in got.data["detail"]
        assert "/" not in got.data["detail"].split()[0]
        assert ask("GET", "/memory").data["items"] == []


class TestOperating:
    def test_health_and_version(self, ask):
        assert ask("GET", "/health").data.keys() == {"status", "version"}

    def test_ready_names_its_parts(self, ask, service):
        while ask("GET", "/ready").data["checks"]["model"] == "loading":
            pass
        got = ask("GET", "/ready")
        assert (got.status, got.data["checks"]) == (
            200,
            {"store": "ok", "model": "ok", "queue": "ok"},
        )
        service.stop()
        assert ask("GET", "/ready").status == 503

    def test_metrics_count_by_route_and_never_by_path_or_user(self, ask):
        ask("GET", "/memory/mem_secret?user_id=ines")
        ask("GET", "/nowhere/secret")
        told = ask("GET", "/metrics").text
        line = (
            'context_manager_requests_total{method="GET",route="/memory/{memory_id}",status="404"}'
        )
        assert f"{line} 1.0" in told
        assert "secret" not in told
        assert "ines" not in told

    def test_metrics_count_what_was_left_to_workers(self, ask, manager):
        manager.config.background = "workers"
        manager.observe("The kettle is on the second shelf.", "Noted.")
        manager.engine.background.drain()
        line = 'context_manager_jobs_waiting{work="embed"}'
        assert f"{line} 1.0" in ask("GET", "/metrics").text
        manager.archive.store.queue.finish(manager.archive.store.queue.take(["embed"], 60))
        assert line not in ask("GET", "/metrics").text

    def test_metrics_count_who_answered_reads_of_a_store_with_standbys(self, ask, manager):
        assert "context_manager_store_reads{" not in ask("GET", "/metrics").text
        counts = {"standby": 7, "primary": 2}
        manager.archive.store.reading = SimpleNamespace(counts=lambda: counts)
        told = ask("GET", "/metrics").text
        assert 'context_manager_store_reads{by="standby"} 7.0' in told
        assert 'context_manager_store_reads{by="primary"} 2.0' in told

    def test_jobs_tell_what_waits(self, ask):
        told = {job["name"]: job for job in ask("GET", "/jobs").data["items"]}
        assert list(told) == ["embed", "consolidate", "topics"]
        assert all(job["state"] == "idle" for job in told.values())

    def test_jobs_tell_what_left_short_term_memory(self, ask, manager):
        manager.config.background = "workers"  # so that it waits until one comes
        manager.config.memory.stm_capacity = 60
        manager.config.memory.chunk_size = 100

        def consolidate() -> Any:
            return ask("GET", "/jobs").data["items"][1]

        said = "The ferry to the island leaves at nine, and again at noon and at six."
        for _ in range(20):
            manager.observe(said, "Noted.")
            if consolidate()["waiting"]:
                break
        assert consolidate() == {"name": "consolidate", "state": "idle", "waiting": 1}
        for _ in range(6):
            manager.observe(said, "Noted.")
        assert consolidate() == {"name": "consolidate", "state": "waiting", "waiting": 7}

    def test_who_operates_sees_what_is_left_to_erase(self, tmp_path):
        with ContextManager.open(tmp_path / "memory.db") as root:
            root.embedding_provider = HashEmbedder()
            service = Service(root, ServiceSettings(auth="required"))
            operator, reader = (
                service.keyring.create(may=may)[0] for may in (["read", "operate"], ["read"])
            )
            with asking("flask", service) as ask:
                seen = [
                    [job["name"] for job in ask("GET", "/jobs", key=key).data["items"]]
                    for key in (operator, reader)
                ]
        assert seen[0] == [*seen[1], "erase"]


@pytest.mark.parametrize("path", ["/", "/v1/"])
def test_the_start_leads_to_the_page_and_names_what_there_is(ask, path):
    got = ask("GET", path)
    assert (got.status, got.headers["location"]) == (307, "ui")
    for place in ("ui", "openapi.json", "health"):
        assert ask("GET", got.data[place]).status == 200
    assert ask("POST", path).status == 405


def test_the_start_names_nothing_that_is_off(face):
    settings = ServiceSettings(ui="off", openapi="off")
    with asking(face, Service(fast_manager(), settings)) as ask:
        got = ask("GET", "/")
    assert (got.status, got.data.keys()) == (200, {"service", "version", "routes", "health"})


class TestHttp:
    @pytest.mark.parametrize(
        ("method", "path", "status"),
        [
            ("GET", "/nowhere", 404),
            ("GET", "/v2/health", 404),
            ("GET", "/memory/", 404),
            ("GET", "/memory/a/b/c", 404),
            ("GET", "/chat", 405),
            ("DELETE", "/memory/stats", 405),
            ("OPTIONS", "/chat", 405),
            ("TRACE", "/health", 405),
            ("HEAD", "/health", 200),
        ],
    )
    def test_statuses_of_paths_and_methods(self, ask, method, path, status):
        got = ask(method, path)
        assert got.status == status
        if status != 200:
            assert got.headers["content-type"] == "application/problem+json"
        if status == 405:
            assert got.headers["allow"]

    def test_every_answer_has_security_headers_and_a_request_id(self, ask):
        for path in ("/health", "/nowhere", "/memory/stats", "/export"):
            headers = ask("GET", path).headers
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["cache-control"] == "no-store"
            assert "default-src 'none'" in headers["content-security-policy"]
            assert headers["x-request-id"].startswith("req_")
            assert "access-control-allow-origin" not in headers

    def test_a_clients_request_id_is_kept_if_it_is_harmless(self, ask):
        sent = {"X-Request-Id": "trace-0001.a"}
        assert ask("GET", "/health", headers=sent).headers["x-request-id"] == "trace-0001.a"
        sent = {"X-Request-Id": "a b<script>"}
        assert ask("GET", "/health", headers=sent).headers["x-request-id"].startswith("req_")

    @pytest.mark.parametrize(
        ("query", "status"),
        [("limit=5&limit=6", 422), ("bogus=1", 422), ("limit=1_0", 422), ("%ff=1", 400)],
    )
    def test_query_strings_are_read_strictly(self, ask, query, status):
        assert ask("GET", f"/turns?{query}").status == status
