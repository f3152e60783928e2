"""Users and tenants share nothing, and no request reaches beyond its credential."""

from __future__ import annotations

import pytest

from context_manager.service import Service, ServiceSettings
from support.service_faces import asking, fast_manager

CANARY = "the spare key lies under the blue flowerpot"


@pytest.fixture
def settings():
    return ServiceSettings(auth="required")


@pytest.fixture
def keys(service):
    """Keys of two tenants; each has a user ines."""
    make = service.keyring.create
    return {
        "acme": make(tenant_id="acme", users=["ines"])[0],
        "acme, omar": make(tenant_id="acme", users=["omar"])[0],
        "acme, all": make(tenant_id="acme")[0],
        "bolt": make(tenant_id="bolt", users=["ines"])[0],
    }


@pytest.fixture
def canary(ask, keys):
    """The id of a memory of one tenant's ines."""
    return ask("POST", "/memory/add", json={"text": CANARY}, key=keys["acme"]).data["memory_id"]


READS = (
    ("GET", "/memory/{id}", None),
    ("GET", "/memory/{id}/sources", None),
    ("PATCH", "/memory/{id}", {"text": "mine now"}),
    ("DELETE", "/memory/{id}", None),
    ("PUT", "/memory/{id}/pin", None),
    ("DELETE", "/memory/{id}/pin", None),
)


@pytest.mark.parametrize("who", ["bolt", "acme, omar"])
@pytest.mark.parametrize(("method", "path", "body"), READS, ids=lambda value: str(value)[:24])
def test_others_ids_are_told_apart_from_missing_ones_by_nothing(
    ask, keys, canary, who, method, path, body
):
    def told(memory_id):
        sent = {} if body is None else {"json": body}
        got = ask(method, path.format(id=memory_id), key=keys[who], **sent)
        rest = {name: value for name, value in got.headers.items() if name != "x-request-id"}
        plain = {k: v for k, v in got.data.items() if k != "request_id"}
        return got.status, {k: v for k, v in rest.items() if k != "content-length"}, plain

    assert told(canary) == told("mem_" + "0" * 32)
    assert told(canary)[0] == 404
    assert ask("GET", f"/memory/{canary}", key=keys["acme"]).data["text"] == CANARY


@pytest.mark.parametrize("who", ["bolt", "acme, omar"])
def test_no_answer_to_others_holds_the_canary(ask, keys, canary, service, who):
    asked = CANARY[:30]
    answers = [
        ask("POST", "/memory/query", json={"query": asked}, key=keys[who]),
        ask("POST", "/context", json={"input": asked}, key=keys[who]),
        ask("POST", "/chat", json={"message": asked}, key=keys[who]),
        ask("POST", "/memory/forget", json={"ids": [canary]}, key=keys[who]),
        *(
            ask("GET", path, key=keys[who])
            for path in ("/memory", "/export", "/turns", "/sessions", "/memory/stats", "/jobs")
        ),
    ]
    for got in answers:
        assert got.status == 200
        assert "flowerpot" not in got.text
    assert ask("GET", f"/memory/{canary}", key=keys["acme"]).status == 200


def test_a_key_for_all_users_stays_within_its_tenant(ask, keys, canary):
    key = keys["acme, all"]
    assert ask("GET", f"/memory/{canary}?user_id=ines", key=key).status == 200
    assert ask("GET", f"/memory/{canary}", key=key).status == 404  # the default user


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/memory/query", {"query": "key", "tenant_id": "acme"}),
        ("/memory/query", {"query": "key", "user_id": {"$ne": ""}}),
        ("/memory/query", {"query": "key", "user_id": ["ines"]}),
        ("/memory/query", {"query": "key", "scope": {"tenant_id": "acme"}}),
        ("/memory/query", {"query": "key", "filter": {"$or": [{}]}}),
        ("/memory/forget", {"where": {"user_id": "ines"}}),
        ("/context", {"input": "key", "tenant": "acme"}),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_body_cannot_widen_the_scope(ask, keys, canary, path, body):
    assert ask("POST", path, json=body, key=keys["bolt"]).status == 422


@pytest.mark.parametrize("name", ["tenant_id", "tenant", "X-Tenant-Id"])
def test_neither_can_a_query_or_a_header(ask, keys, canary, name):
    assert ask("GET", f"/memory?{name}=acme", key=keys["bolt"]).status == 422
    got = ask("GET", "/memory", headers={name.replace("_", "-"): "acme"}, key=keys["bolt"])
    assert got.data["items"] == []


@pytest.mark.parametrize(
    "user", ["ines ", "INES", "ine", "ines2", "%", "*", "in_s", "ínes", "../ines"]
)
def test_a_name_is_compared_exactly(ask, keys, canary, user):
    for who in ("acme", "acme, omar"):
        got = ask("POST", "/memory/query", json={"query": "key", "user_id": user}, key=keys[who])
        assert got.status == 403
    body = {"query": CANARY, "user_id": user}
    got = ask("POST", "/memory/query", json=body, key=keys["acme, all"])
    assert got.data["results"] == []


@pytest.mark.parametrize("user", ["", "\0", "a\nb", "\ud800", "x" * 257, 5, [], None])
def test_what_is_no_name_is_refused(ask, keys, user):
    body = {"query": "key", "user_id": user}
    status = ask("POST", "/memory/query", json=body, key=keys["acme, all"]).status
    assert status == (200 if user is None else 422)


def test_page_tokens_are_of_one_partition_and_tell_no_numbers(ask, keys):
    for who in ("acme", "bolt"):
        for number in range(3):
            ask("POST", "/memory/add", json={"text": f"note {number}"}, key=keys[who])
    token = ask("GET", "/memory?limit=1", key=keys["acme"]).data["next"]
    assert ask("GET", f"/memory?limit=1&after={token}", key=keys["acme"]).status == 200
    assert ask("GET", f"/memory?limit=1&after={token}", key=keys["bolt"]).status == 404
    for wrong in ("1", "AAAAAAAAAAAAAAAA", "%00", "é"):
        assert ask("GET", f"/memory?after={wrong}", key=keys["acme"]).status == 404


def test_sessions_share_recall_and_not_the_conversation(face):
    """One memory per user: another session's turns are found, and are no recent turns."""
    service = Service(fast_manager())
    with asking(face, service) as ask:
        said = [{"role": "user", "content": CANARY}]
        ask("POST", "/turns", json={"messages": said, "session_id": "one"})
        stats = ask("GET", "/memory/stats?session_id=two").data
        assert stats["short_term_memory"]["num_turns"] == 0
        found = ask("POST", "/memory/query", json={"query": "spare key", "session_id": "two"})
        assert found.data["results"][0]["text"] == CANARY
