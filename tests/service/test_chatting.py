"""The chat: memory in, answer out, and what happens when the model is slow, broken or gone."""

from __future__ import annotations

import asyncio
import json
import threading

import httpx
import pytest

from context_manager.errors import LLMError, LLMTimeoutError, LLMUnavailableError
from context_manager.llm.adapters import LLMAdapter
from context_manager.service import Service, create_app
from context_manager.testing.llm import ScriptedLLM
from support.service_faces import asking, fast_manager

SISTER = "My sister Ana lives in Porto."


@pytest.fixture
def model(manager):
    """A model that answers from a script."""
    manager.llm_adapter = ScriptedLLM(["In Porto.", "Still in Porto."])
    return manager.llm_adapter


def events(text):
    """Server-sent events as pairs of name and data."""
    found = []
    for block in text.strip().split("\n\n"):
        name, data = block.split("\n")
        found.append((name.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
    return found


def said(manager):
    """What the turns of the default session say."""
    turns = manager.archive.store.turns(manager.scope)
    return [(turn.user_input, turn.assistant_response) for turn in turns]


def test_the_model_sees_memory_and_the_exchange_is_remembered(ask, model, manager):
    ask("POST", "/memory/add", json={"text": SISTER})
    got = ask("POST", "/chat", json={"message": "Where does Ana live?", "metadata": {"n": 1}})
    assert (got.data["response"], got.data["degraded"]) == ("In Porto.", [])
    assert SISTER in model.prompts[0]
    assert got.data["context_length"] <= len(model.prompts[0])
    assert said(manager) == [("Where does Ana live?", "In Porto.")]
    assert ask("GET", "/turns").data["items"][0]["id"] == got.data["turn_id"]


def test_what_stood_in_the_prompt_is_not_stored_again(ask, model):
    ask("POST", "/memory/add", json={"text": SISTER})
    ask("POST", "/chat", json={"message": "Where does Ana live?"})
    texts = [item["text"] for item in ask("GET", "/memory").data["items"]]
    assert texts == [SISTER, "Where does Ana live?", "In Porto."]


@pytest.mark.parametrize(
    "error",
    [LLMTimeoutError("slow"), LLMUnavailableError("down"), RuntimeError("secret detail"), None],
    ids=repr,
)
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_a_broken_model_costs_quality_and_not_the_turn(ask, manager, error, stream):
    """A failing model, or none, gives an answer from memory; the message is remembered."""
    if error is not None:
        manager.llm_adapter = ScriptedLLM(["never"], fail={1: error})
    ask("POST", "/memory/add", json={"text": SISTER})
    got = ask("POST", "/chat", json={"message": "Where does my sister live?", "stream": stream})
    told = events(got.text)[-1][1] if stream else got.data
    assert got.status == 200
    assert told["degraded"] == ["llm"]
    assert SISTER in told["response"]
    assert "secret" not in got.text
    assert said(manager) == [("Where does my sister live?", "")]


class TestStreaming:
    class Speaking(LLMAdapter):
        """Speaks word by word, and may fail in the middle."""

        def __init__(self, words, fails=False):
            self.words, self.fails = words, fails

        async def generate(self, prompt, **kwargs):
            return "".join(self.words)

        def generate_sync(self, prompt, **kwargs):
            return "".join(self.words)

        async def stream(self, prompt, **kwargs):
            for word in self.stream_sync(prompt):
                yield word

        def stream_sync(self, prompt, **kwargs):
            yield from self.words
            if self.fails:
                raise LLMError("the line is cut")

    def test_pieces_come_one_by_one_and_the_whole_is_remembered(self, ask, manager):
        manager.llm_adapter = self.Speaking(["In ", "Porto", "."])
        got = ask("POST", "/chat", json={"message": "Where?", "stream": True})
        assert got.headers["content-type"].startswith("text/event-stream")
        names = [name for name, _ in events(got.text)]
        assert names == ["context", "text", "text", "text", "done"]
        assert events(got.text)[-1][1]["response"] == "In Porto."
        assert said(manager) == [("Where?", "In Porto.")]

    def test_an_answer_that_breaks_off_is_remembered_as_far_as_it_came(self, ask, manager):
        manager.llm_adapter = self.Speaking(["In ", "Por"], fails=True)
        got = ask("POST", "/chat", json={"message": "Where?", "stream": True})
        last = events(got.text)[-1][1]
        assert (last["response"], last["degraded"]) == ("In Por", ["llm"])
        turn = ask("GET", "/turns").data["items"][0]
        assert turn["metadata"] == {"interrupted": True}

    def test_room_is_given_back_when_the_stream_has_ended(self, ask, manager, service):
        manager.llm_adapter = self.Speaking(["a"])
        for _ in range(40):  # more than a credential may have at once
            assert ask("POST", "/chat", json={"message": "Hi", "stream": True}).status == 200
        assert service.throttle.running == 0


class Waiting(LLMAdapter):
    """Answers only when it is told to."""

    def __init__(self):
        self.asked, self.go = asyncio.Event(), asyncio.Event()

    async def generate(self, prompt, **kwargs):
        self.asked.set()
        await self.go.wait()
        return "at last"

    def generate_sync(self, prompt, **kwargs):
        raise AssertionError("the event loop must not be blocked")


def client_of(service):
    transport = httpx.ASGITransport(app=create_app(service))
    return httpx.AsyncClient(transport=transport, base_url="http://localhost")


def test_a_slow_model_blocks_no_other_request():
    async def story():
        manager = fast_manager()
        manager.llm_adapter = model = Waiting()
        async with client_of(Service(manager)) as client:
            chats = [
                asyncio.create_task(
                    client.post("/chat", json={"message": f"{n}", "user_id": f"u{n}"})
                )
                for n in range(10)
            ]
            await model.asked.wait()
            for _ in range(3):
                for path in ("/health", "/memory/stats", "/memory"):
                    assert (await client.get(path)).status_code == 200
            assert not any(chat.done() for chat in chats)
            model.go.set()
            return [(await chat).json()["response"] for chat in chats]

    assert asyncio.run(story()) == ["at last"] * 10


def test_writers_that_wait_for_a_busy_store_keep_no_reader_waiting():
    manager, busy, go = fast_manager(), threading.Event(), threading.Event()
    apply = manager.archive.store.apply

    def waiting(partition, change):
        if change.entries:
            busy.set()
            assert go.wait(60)
        return apply(partition, change)

    manager.archive.store.apply = waiting

    async def story():
        async with client_of(Service(manager)) as client:
            adding = [
                asyncio.create_task(client.post("/memory/add", json={"text": f"note {n}"}))
                for n in range(12)
            ]
            assert await asyncio.to_thread(busy.wait, 60)
            for path in ("/memory/stats", "/memory", "/turns"):
                assert (await client.get(path)).status_code == 200
            assert (await client.post("/memory/query", json={"query": "x"})).status_code == 200
            assert not any(task.done() for task in adding)
            go.set()
            return [(await task).status_code for task in adding]

    assert asyncio.run(story()) == [200] * 12


def test_a_reader_who_leaves_loses_nothing():
    """A chat that is cancelled while the model speaks leaves the turn, and no room taken."""

    class Endless(Waiting):
        async def stream(self, prompt, **kwargs):
            yield "so far"
            self.asked.set()
            await self.go.wait()

    async def story():
        manager = fast_manager()
        manager.llm_adapter = model = Endless()
        service = Service(manager)
        app = create_app(service)
        body = json.dumps({"message": "Tell me", "stream": True}).encode()
        received = asyncio.Event()

        async def receive():
            if not received.is_set():
                received.set()
                return {"type": "http.request", "body": body, "more_body": False}
            await model.asked.wait()
            return {"type": "http.disconnect"}

        async def send(message):
            pass

        headers = [(b"content-type", b"application/json"), (b"host", b"localhost")]
        scope = {
            "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1", "method": "POST", "scheme": "http", "path": "/chat",
            "raw_path": b"/chat", "query_string": b"", "root_path": "", "headers": headers,
            "client": ("127.0.0.1", 1), "server": ("localhost", 80),
        }  # fmt: skip
        await app(scope, receive, send)
        return said(manager), service.throttle.running

    assert asyncio.run(story()) == ([("Tell me", "so far")], 0)


def test_the_same_chat_sent_twice_asks_the_model_once(face, manager, model):
    with asking(face, Service(manager)) as ask:
        headers = {"Idempotency-Key": "chat-1"}
        first, second = (
            ask("POST", "/chat", json={"message": "Where?"}, headers=headers) for _ in range(2)
        )
        assert first.body == second.body
        assert (len(model.calls), len(said(manager))) == (1, 1)
