"""An endpoint's answers are put in order, checked, tried again in bounds, and its key kept."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from context_manager.embedding import EmbeddingProvider
from context_manager.embedding.endpoint import ATTEMPTS, OVERLAP, REST, Endpoint, openai_embedder
from context_manager.embedding.transport import Answer, post
from context_manager.errors import EmbeddingError
from context_manager.testing.clock import ManualClock
from context_manager.testing.embedders import HashEmbedder

URL = "http://localhost:1/v1"
WIDTH = 8


def answered(texts: list[str]) -> Answer:
    rows = HashEmbedder(WIDTH).embed(texts).tolist()
    data = [{"index": place, "embedding": row} for place, row in enumerate(rows)]
    return Answer(200, {}, json.dumps({"data": data}).encode())


class Server:
    """Answers as scripted, then as it should; remembers what it was sent."""

    def __init__(self, *script: Answer | OSError) -> None:
        self.script = list(script)
        self.headers: list[dict[str, str]] = []
        self.batches: list[list[str]] = []

    def __call__(self, url, headers, body, seconds) -> Answer:
        assert url == URL + "/embeddings" or url.startswith("https://api.openai.com/")
        assert seconds > 0
        self.headers.append(dict(headers))
        self.batches.append(json.loads(body)["input"])
        if not self.script:
            return answered(self.batches[-1])
        act = self.script.pop(0)
        if isinstance(act, OSError):
            raise act
        return act


def endpoint(server: Server, clock: ManualClock | None = None, **settings) -> Endpoint:
    clock = clock or ManualClock()
    settings = {"transport": server, "clock": clock, "sleep": clock.sleep, **settings}
    return Endpoint("m", URL, "key-1", **settings)


def data(*items: object) -> Answer:
    return Answer(200, {}, json.dumps({"data": items}).encode())


def busy(status: int = 429, **headers: str) -> Answer:
    return Answer(status, headers, b'{"error": {"message": "slow down"}}')


def test_texts_go_in_batches_and_come_back_in_order():
    server = Server()
    texts = [f"text {number}" for number in range(10)]
    rows = endpoint(server, batch_size=4)(texts)
    assert [len(batch) for batch in server.batches] == [4, 4, 2]
    assert np.allclose(rows, HashEmbedder(WIDTH).embed(texts), atol=1e-6)


def test_a_shuffled_answer_is_put_in_order():
    first, second = HashEmbedder(WIDTH).embed(["a", "b"]).tolist()
    server = Server(data({"index": 1, "embedding": second}, {"index": 0, "embedding": first}))
    assert np.allclose(endpoint(server)(["a", "b"]), [first, second], atol=1e-6)


def test_a_long_text_is_sent_in_windows_and_counts_once():
    server = Server()
    text = "The heron stands in the shallow water. " * 60
    rows = endpoint(server, window=600)([text, "short"])
    sent = server.batches[0]
    assert rows.shape == (2, WIDTH)
    assert sent[-1] == "short"
    assert all(len(part) <= 600 for part in sent)
    assert sent[0] == text[: len(sent[0])]
    assert sent[-2] == text[-len(sent[-2]) :]
    assert sum(map(len, sent[:-1])) >= len(text) + OVERLAP * (len(sent) - 2)


@pytest.mark.parametrize(
    "trouble",
    [busy(429), busy(500), busy(503), OSError(104, "reset"), TimeoutError("slow")],
    ids=["429", "500", "503", "reset", "timeout"],
)
def test_passing_trouble_is_tried_again(trouble):
    server = Server(trouble, trouble)
    assert endpoint(server)(["a"]).shape == (1, WIDTH)
    assert len(server.batches) == ATTEMPTS


@pytest.mark.parametrize("status", [301, 400, 401, 404, 413])
def test_a_refusal_is_not_tried_again_and_told(status):
    server = Server(busy(status))
    with pytest.raises(EmbeddingError, match=f"{status}: slow down"):
        endpoint(server)(["a"])
    assert len(server.batches) == 1


def test_a_servers_wish_to_wait_is_honoured_within_bounds():
    clock = ManualClock()
    endpoint(Server(busy(**{"retry-after": "2"}), busy(**{"retry-after": "3600"})), clock)(["a"])
    assert clock.slept == [2.0, 5.0]


def test_all_attempts_together_stay_within_the_timeout():
    clock = ManualClock()

    def slow(url, headers, body, seconds):
        clock.advance(seconds)
        raise TimeoutError("slow")

    began = clock()
    with pytest.raises(EmbeddingError, match="cannot be reached: TimeoutError"):
        endpoint(slow, clock, timeout=4)(["a"])
    assert clock() - began == 4


def test_after_three_failures_a_dead_endpoint_costs_nothing_for_a_while():
    clock = ManualClock()
    server = Server(*[busy(400)] * 3)
    ask = endpoint(server, clock)
    for _ in range(3):
        with pytest.raises(EmbeddingError):
            ask(["a"])
    with pytest.raises(EmbeddingError, match="resting"):
        ask(["a"])
    assert len(server.batches) == 3
    clock.advance(REST + 1)
    assert ask(["a"]).shape == (1, WIDTH)


ONE = {"index": 0, "embedding": [3.0, 4.0]}
BROKEN = {
    "not JSON": Answer(200, {}, b"<html>"),
    "not UTF-8": Answer(200, {}, b"\xff\xfe\xfa"),
    "half": Answer(200, {}, b'{"data": [{"emb'),
    "no data": Answer(200, {}, b"{}"),
    "a list": Answer(200, {}, b"[]"),
    "a number": Answer(200, {}, b"3"),
    "data is null": Answer(200, {}, b'{"data": null}'),
    "fewer": data(ONE),
    "more": data(ONE, {**ONE, "index": 1}, {**ONE, "index": 2}),
    "twice the same": data(ONE, ONE),
    "an index beyond": data(ONE, {**ONE, "index": 7}),
    "no embedding": data(ONE, {"index": 1}),
    "NaN": Answer(200, {}, b'{"data": [{"embedding": [NaN, 1]}, {"embedding": [1, 2]}]}'),
    "strings": data(ONE, {"index": 1, "embedding": ["3", "4"]}),
    "base64": data(ONE, {"index": 1, "embedding": "AABAQAAAgEA="}),
    "zeros": data(ONE, {"index": 1, "embedding": [0.0, 0.0]}),
    "other widths": data(ONE, {"index": 1, "embedding": [1.0]}),
}


@pytest.mark.parametrize("answer", BROKEN.values(), ids=BROKEN)
def test_an_unusable_answer_is_an_embedding_error(answer):
    with pytest.raises(EmbeddingError):
        endpoint(Server(answer))(["a", "b"])


def test_the_key_goes_out_as_a_bearer_token():
    server = Server()
    endpoint(server)(["a"])
    assert server.headers[0]["Authorization"] == "Bearer key-1"


def test_the_key_of_the_environment_goes_to_openai_only(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "key-2")
    theirs, other = Server(), Server()
    openai_embedder(transport=theirs, dimension=WIDTH).embed(["a"])
    openai_embedder("m", base_url=URL, transport=other).embed(["a"])
    assert theirs.headers[0]["Authorization"] == "Bearer key-2"
    assert "Authorization" not in other.headers[0]


def test_no_error_holds_the_key_or_the_text():
    with pytest.raises(EmbeddingError) as caught:
        endpoint(Server(OSError(104, "reset"), busy(400)))(["a private text"])
    assert "key-1" not in repr(caught.value)
    assert "private" not in repr(caught.value)


def test_the_fingerprint_follows_the_weights_not_the_address():
    one = openai_embedder("m", base_url=URL, transport=Server())
    same = openai_embedder("m", base_url=URL + "/", transport=Server())
    assert one.fingerprint == same.fingerprint
    assert one.fingerprint.startswith("openai:m:8:probe-")


def test_openais_own_models_are_known_by_name_without_a_call():
    server = Server()
    embedder = openai_embedder("text-embedding-3-small", transport=server)
    assert embedder.fingerprint == "openai:text-embedding-3-small:1536:hosted"
    assert server.batches == []


class Handler(BaseHTTPRequestHandler):
    """A small OpenAI-shaped server."""

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        texts = json.loads(self.rfile.read(length))["input"]
        body = answered(texts).body if self.path == "/v1/embeddings" else b"gone"
        self.send_response(200 if self.path == "/v1/embeddings" else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def address() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_real_server_is_spoken_to(address):
    provider = EmbeddingProvider("openai:m", base_url=f"{address}/v1")
    texts = ["naïve café", "東京", "🙂"]
    assert np.allclose(provider.embed(texts), HashEmbedder(WIDTH).embed(texts), atol=1e-6)
    assert provider.dimension == WIDTH


def test_a_wrong_path_is_told(address):
    with pytest.raises(EmbeddingError, match="answered 404"):
        EmbeddingProvider("openai:m", base_url=address).embed(["a"])


def test_a_server_that_is_not_there_is_told():
    with pytest.raises(EmbeddingError, match="cannot be reached: ConnectionRefusedError"):
        Endpoint("m", "http://127.0.0.1:9", sleep=lambda seconds: None)(["a"])


def test_post_reads_status_headers_and_body(address):
    answer = post(f"{address}/v1/embeddings", {}, b'{"input": ["a"]}', 5)
    assert (answer.status, answer.body) == (200, answered(["a"]).body)
    assert answer.headers["content-length"] == str(len(answer.body))
