"""Nothing that a client sends costs more than it may: each excess is refused, and named."""

from __future__ import annotations

import gzip
import json
import tracemalloc
import zlib

import pytest

from context_manager.service import Service, ServiceSettings
from context_manager.service.refusals import Refused
from context_manager.service.settings import Limits
from context_manager.service.throttle import Throttle
from support.service_faces import asking, fast_manager

JSON = {"Content-Type": "application/json"}
GZIP = {**JSON, "Content-Encoding": "gzip"}


def nested(depth):
    value = "x"
    for _ in range(depth):
        value = {"a": value}
    return value


def bomb(megabytes):
    """A gzipped body that unpacks to a text of so many megabytes."""
    pack = zlib.compressobj(9, wbits=31)
    head = pack.compress(b'{"text": "')
    filling = b"".join(pack.compress(b"a" * 2**20) for _ in range(megabytes))
    return head + filling + pack.compress(b'"}') + pack.flush()


CASES = {
    "a body beyond the limit": (413, b'{"text": "' + b"a" * 1_000_000 + b'"}', JSON),
    "a gzipped body beyond the limit": (413, bomb(2), GZIP),
    "a gzip bomb": (413, bomb(200), GZIP),
    "a gzipped body that is cut": (400, gzip.compress(b'{"text": "a"}')[:-9], GZIP),
    "a gzipped body with more behind": (400, gzip.compress(b'{"text": "a"}') + b"x", GZIP),
    "no gzip": (400, b'{"text": "a"}', GZIP),
    "an unknown encoding": (415, b"{}", {**JSON, "Content-Encoding": "br"}),
    "another type": (415, b"text=a", {"Content-Type": "application/x-www-form-urlencoded"}),
    "a form": (415, b"--x--", {"Content-Type": "multipart/form-data; boundary=x"}),
    "plain text": (415, b'{"text": "a"}', {"Content-Type": "text/plain"}),
    "no type": (415, b'{"text": "a"}', {}),
    "another character set": (415, b"{}", {"Content-Type": "application/json; charset=utf-16"}),
    "no JSON": (400, b"{", JSON),
    "no UTF-8": (400, b'{"text": "\xff"}', JSON),
    "not a number": (400, b'{"text": "a", "importance": NaN}', JSON),
    "a number of a million digits": (
        400,
        b'{"text": "a", "importance": ' + b"1" * 900_000 + b"}",
        JSON,
    ),
    "an infinite number": (422, b'{"text": "a", "metadata": {"n": 1e999}}', JSON),
    "a list": (422, b"[]", JSON),
    "nothing": (422, b"", {}),
    "lists in lists without end": (422, b"[" * 500_000, JSON),
    "objects in objects without end": (422, b'{"text":' * 100_000, JSON),
    "metadata nested too deep": (
        422,
        json.dumps({"text": "a", "metadata": nested(8)}).encode(),
        JSON,
    ),
    "metadata too large": (
        422,
        json.dumps({"text": "a", "metadata": {"a": "b" * 16_000}}).encode(),
        JSON,
    ),
    "a text too long": (422, json.dumps({"text": "a" * 64_001}).encode(), JSON),
    "a blank text": (422, json.dumps({"text": " \t\n"}).encode(), JSON),
}


@pytest.mark.parametrize("case", CASES)
def test_an_excess_is_refused_and_nothing_is_stored(ask, case):
    status, body, headers = CASES[case]
    got = ask("POST", "/memory/add", body=body, headers=headers)
    assert (got.status, got.headers["content-type"]) == (status, "application/problem+json")
    assert len(got.body) < 4000
    assert ask("GET", "/memory").data["items"] == []


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/memory/query", {"query": "a", "k": 200}, 200),
        ("/memory/query", {"query": "a", "k": 201}, 422),
        ("/memory/query", {"query": "a", "k": -1}, 422),
        ("/memory/query", {"query": "a", "k": True}, 422),
        ("/memory/query", {"query": "a", "k": "5"}, 422),
        ("/memory/query", {"query": "a", "k": 5.0}, 200),
        ("/memory/forget", {"ids": ["a"] * 1001}, 422),
        ("/context", {"input": "a", "budget": 1_000_001}, 422),
        ("/turns", {"messages": [{"role": "user", "content": "a"}] * 1001}, 422),
        ("/turns", {"messages": [{"role": "king", "content": "a"}]}, 422),
    ],
)
def test_numbers_and_lists_have_bounds(ask, path, body, status):
    assert ask("POST", path, json=body).status == status


@pytest.mark.parametrize(
    ("limits", "path", "body"),
    [
        (Limits(k=3), "/memory/query", {"query": "a", "k": 4}),
        (Limits(text_chars=3), "/memory/add", {"text": "four"}),
        (Limits(text_chars=3), "/turns", {"messages": [{"role": "user", "content": "four"}]}),
        (Limits(batch=1), "/memory/forget", {"ids": ["a", "b"]}),
        (Limits(budget=10), "/context", {"input": "a", "budget": 11}),
        (Limits(metadata_bytes=5), "/memory/add", {"text": "a", "metadata": {"a": "b"}}),
        (Limits(body_bytes=20), "/memory/add", {"text": "a" * 20}),
    ],
    ids=lambda value: None,
)
def test_an_operator_may_narrow_them(face, limits, path, body):
    with asking(face, Service(fast_manager(), ServiceSettings(limits=limits))) as ask:
        assert ask("POST", path, json=body).status in (413, 422)


def test_a_bomb_is_refused_before_it_is_unpacked(ask):
    packed = bomb(200)
    ask("POST", "/memory/add", body=packed, headers=GZIP)  # what is loaded once is loaded now
    tracemalloc.start()
    try:
        assert ask("POST", "/memory/add", body=packed, headers=GZIP).status == 413
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 16 * 2**20


TEXTS = {
    "NUL": "\0",
    "lone surrogate": "\ud800",
    "byte order mark": "\ufeff",
    "line ends": "a\r\nb",
    "combining": "e\u0301" * 5000,
    "right to left": "\u202eabc",
    "tag": "\U000e0041",
    "joined emoji": "👩‍👩‍👧",
    "word query": "NEAR(*",
    "SQL": "%s'--",
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_any_unicode_is_kept(ask, text):
    """NUL and lone surrogates become U+FFFD, all else comes back as it was."""
    given = {"text": f"x{text}", "metadata": {"k": text[:1000]}}
    made = ask("POST", "/memory/add", json=given).data["memory_id"]
    kept = text.replace("\0", "\ufffd").replace("\ud800", "\ufffd")
    shown = ask("GET", f"/memory/{made}").data
    assert (shown["text"], shown["metadata"]) == (f"x{kept}", {"k": kept[:1000]})
    assert ask("POST", "/memory/query", json={"query": text}).status == 200


class TestThrottle:
    def test_a_credential_beyond_its_rate_waits_and_others_do_not(self, face):
        settings = ServiceSettings(limits=Limits(rate="3/day"))
        service = Service(fast_manager(), settings)
        keys = [service.keyring.create()[0] for _ in range(2)]
        with asking(face, service) as ask:
            seen = [ask("GET", "/memory/stats", key=keys[0]).status for _ in range(5)]
            refused = ask("GET", "/memory/stats", key=keys[0])
            assert seen == [200, 200, 200, 429, 429]
            assert 1 <= int(refused.headers["retry-after"]) <= 86_400
            assert ask("GET", "/memory/stats", key=keys[1]).status == 200
            assert ask("GET", "/health").status == 200

    def test_guessing_keys_is_slowed_down(self, face):
        settings = ServiceSettings(auth="required", limits=Limits(rate="3/day"))
        with asking(face, Service(fast_manager(), settings)) as ask:
            seen = [ask("GET", "/memory", key=f"cm_{n}_guess").status for n in range(5)]
        assert seen == [401, 401, 401, 429, 429]

    def test_room_is_counted_per_credential_and_in_all(self):
        throttle = Throttle("", concurrency=2, total=3)
        leave = [throttle.enter("a"), throttle.enter("a")]
        with pytest.raises(Refused, match="at once"):
            throttle.enter("a")
        leave.append(throttle.enter("b"))
        with pytest.raises(Refused, match="limit"):
            throttle.enter("c")
        for _ in range(2):  # a second call does nothing
            for end in leave:
                end()
        assert throttle.running == 0

    def test_without_redis_the_rate_is_counted_here(self):
        throttle = Throttle("2/day", 1, 1, redis_url="redis://127.0.0.1:1")
        throttle.count("a")
        throttle.count("a")
        with pytest.raises(Refused):
            throttle.count("a")
