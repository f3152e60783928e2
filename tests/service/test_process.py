"""The service as a process: started by the command, stopped by a signal, nothing lost."""

from __future__ import annotations

import signal
import threading

import httpx
import pytest

from support.local_llm import LocalLLM
from support.served import PATIENCE, serving


class GatedLLM(LocalLLM):
    """Answers when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.go = threading.Event(), threading.Event()

    def answer(self, path, body):
        """The response to one request, once the gate is open."""
        self.asked.set()
        self.go.wait(PATIENCE)
        return super().answer(path, body)


@pytest.fixture
def model():
    """A language model on loopback."""
    gated = GatedLLM()
    thread = threading.Thread(target=gated.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield gated
    gated.go.set()
    gated.shutdown()
    gated.server_close()
    thread.join(PATIENCE)


def refuses_connections(url):
    """Return once no new connection is taken."""
    while True:
        try:
            httpx.get(f"{url}/health", timeout=PATIENCE)
        except httpx.TransportError:
            return


def environment(model):
    return {
        "CONTEXT_MANAGER_LLM_PROVIDER": "vllm",
        "CONTEXT_MANAGER_LLM_MODEL": "test",
        "CONTEXT_MANAGER_LLM_BASE_URL": f"{model.url}/v1",
    }


def test_a_stop_lets_requests_finish_and_what_was_said_is_there_afterwards(tmp_path, model):
    db = tmp_path / "store.db"
    answers = []
    with serving(db, environment(model)) as served:

        def chat() -> None:
            body = {"message": "Where did I park?"}
            answers.append(httpx.post(f"{served.url}/chat", json=body, timeout=PATIENCE))

        chatting = threading.Thread(target=chat)
        chatting.start()
        assert model.asked.wait(PATIENCE)
        served.process.send_signal(signal.SIGTERM)
        refuses_connections(served.url)
        model.go.set()
        chatting.join(PATIENCE)
        assert served.process.wait(PATIENCE) in (0, -signal.SIGTERM)
    assert answers[0].status_code == 200
    assert answers[0].json()["response"].strip() == "A short answer."
    with serving(db) as served:
        turns = httpx.get(f"{served.url}/turns", timeout=PATIENCE).json()["items"]
        served.process.send_signal(signal.SIGINT)
        assert served.process.wait(PATIENCE) == 0, "Ctrl-C is how people stop it: no failure"
        assert "error" not in served.process.stderr.read()
    said = [message["content"] for turn in turns for message in turn["messages"]]
    assert [text.strip() for text in said] == ["Where did I park?", "A short answer."]


def test_the_newcomers_first_requests_work_with_the_packaged_model(tmp_path):
    with (
        serving(tmp_path / "store.db") as served,
        httpx.Client(base_url=served.url, timeout=PATIENCE) as client,
    ):
        client.post("/memory/add", json={"text": "The bakery on the corner opens at six."})
        asked = {"query": "When can I buy bread in the morning?"}
        assert "bakery" in client.post("/memory/query", json=asked).json()["results"][0]["text"]
        chat = client.post("/chat", json={"message": "When does the bakery open?"})
        assert (chat.status_code, chat.json()["degraded"]) == (200, ["llm"])
        assert "opens at six" in chat.json()["response"]
