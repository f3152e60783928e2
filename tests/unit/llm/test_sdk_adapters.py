"""The providers' real SDKs against a local server that does all that a provider may do wrong."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from context_manager.errors import (
    LLMError,
    LLMNotConfiguredError,
    LLMRateLimitError,
    LLMTimeoutError,
    LLMUnavailableError,
)
from context_manager.llm.adapters import Completion, Usage, create_llm_adapter
from context_manager.llm.openai_sdk import OpenAIAdapter
from context_manager.llm.sdk import SDKAdapter
from support import fault_server as server
from support.fault_server import Act, FaultServer, serve
from support.served import PATIENCE, free_port

PROVIDERS = ["openai", "anthropic"]
Make = Callable[..., SDKAdapter]


@pytest.fixture(params=PROVIDERS)
def make(request: pytest.FixtureRequest) -> Iterator[Make]:
    """Makes an adapter of one provider for a server, closed at the end."""
    made: list[SDKAdapter] = []

    def make(at: FaultServer, **options: Any) -> SDKAdapter:
        path = "/v1" if request.param == "openai" else ""
        keywords = {"timeout": PATIENCE, "deadline": PATIENCE, "max_retries": 0, **options}
        adapter = create_llm_adapter(
            request.param, api_key="a-key", model="m", base_url=at.url + path, **keywords
        )
        assert isinstance(adapter, SDKAdapter)
        made.append(adapter)
        return adapter

    yield make
    for adapter in made:
        adapter.close()


async def _collect(adapter: SDKAdapter, prompt: str, **kwargs: Any) -> list[str]:
    return [piece async for piece in adapter.stream(prompt, **kwargs)]


def ask_sync(adapter: SDKAdapter, **kwargs: Any) -> str:
    return adapter.generate_sync("hi", **kwargs)


def ask_async(adapter: SDKAdapter, **kwargs: Any) -> str:
    return asyncio.run(adapter.generate("hi", **kwargs))


def ask_stream(adapter: SDKAdapter, **kwargs: Any) -> str:
    return "".join(adapter.stream_sync("hi", **kwargs)).strip()


def ask_stream_async(adapter: SDKAdapter, **kwargs: Any) -> str:
    return "".join(asyncio.run(_collect(adapter, "hi", **kwargs))).strip()


WAYS = [ask_sync, ask_async, ask_stream, ask_stream_async]
Ask = Callable[..., str]


@pytest.fixture(params=WAYS, ids=lambda way: way.__name__)
def ask(request: pytest.FixtureRequest) -> Ask:
    """One of the four ways to get an answer."""
    way: Ask = request.param
    return way


def test_an_answer_arrives_every_way(make: Make, ask: Ask) -> None:
    with serve(server.answers("One two three.")) as at:
        assert ask(make(at), max_tokens=5, temperature=0.1) == "One two three."
        (request,) = at.requests
    assert request["messages"] == [{"role": "user", "content": "hi"}]
    assert (request["model"], request["max_tokens"]) == ("m", 5)
    assert request.get("temperature", 0.1) == 0.1, "left out where the SDK takes none"


def test_usage_is_told_beside_the_answer(make: Make) -> None:
    told: list[Usage] = []
    with serve(server.answers("Fine.")) as at:
        adapter = make(at)
        assert adapter.complete_sync("hi") == Completion("Fine.", Usage(11, 7))
        assert asyncio.run(adapter.complete("hi")) == Completion("Fine.", Usage(11, 7))
        ask_stream(adapter, on_usage=told.append)
        ask_stream_async(adapter, on_usage=told.append)
    assert told == [Usage(11, 7), Usage(11, 7)]
    assert told[0].total == 18


def test_one_adapter_serves_many_loops_and_threads(make: Make) -> None:
    with serve(server.answers("Fine.")) as at:
        adapter = make(at)
        answers: list[str] = []
        ways = [ask_sync, ask_async, ask_stream, ask_stream_async] * 3
        threads = [
            threading.Thread(target=lambda way=way: answers.append(way(adapter))) for way in ways
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
    assert answers == ["Fine."] * 12


FAULTS: dict[str, tuple[Act, type[LLMError]]] = {
    "429": (server.status(429), LLMRateLimitError),
    "500": (server.status(500), LLMUnavailableError),
    "503": (server.status(503), LLMUnavailableError),
    "529": (server.status(529), LLMUnavailableError),
    "400": (server.status(400), LLMError),
    "401": (server.status(401), LLMNotConfiguredError),
    "404": (server.status(404), LLMError),
    "reset": (server.reset, LLMUnavailableError),
    "reset in the middle": (server.reset_mid_body, LLMUnavailableError),
    "silence": (server.hang, LLMTimeoutError),
    "one byte at a time": (server.drip, LLMTimeoutError),
}
UNREADABLE: dict[str, Act] = {
    "HTML": server.body("<html><body>Gateway</body></html>", "text/html"),
    "HTML called JSON": server.body("<html><body>Gateway</body></html>"),
    "truncated JSON": server.truncated,
    "another JSON": server.body('{"hello": NaN}'),
    "a JSON list": server.body("[1, 2]"),
    "nothing": server.body(""),
    "no choices": server.without_choices,
}


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_becomes_an_error_of_ours(make: Make, ask: Ask, fault: str) -> None:
    act, kind = FAULTS[fault]
    patience = 0.3 if kind is LLMTimeoutError else PATIENCE
    with serve(act) as at, pytest.raises(LLMError) as caught:
        ask(make(at, timeout=patience, deadline=patience))
    assert type(caught.value) is kind
    assert "a-key" not in str(caught.value)
    assert "hi" not in str(caught.value).split()


@pytest.mark.parametrize("fault", UNREADABLE)
@pytest.mark.parametrize("way", [ask_sync, ask_async])
def test_an_unreadable_answer_is_an_error_of_ours(make: Make, way: Ask, fault: str) -> None:
    with serve(UNREADABLE[fault]) as at, pytest.raises(LLMUnavailableError):
        way(make(at))


@pytest.mark.parametrize("fault", UNREADABLE)
@pytest.mark.parametrize("way", [ask_stream, ask_stream_async])
def test_an_unreadable_stream_is_an_error_of_ours_or_empty(
    make: Make, way: Ask, fault: str
) -> None:
    """The SDKs skip what is no event, so such a stream may just hold nothing."""
    outcome: object = None
    with serve(UNREADABLE[fault]) as at:
        try:
            outcome = way(make(at))
        except LLMError as error:
            outcome = type(error)
    assert outcome in ("", LLMUnavailableError)


@pytest.mark.parametrize("text", ["", "  "])
def test_an_empty_answer_is_an_empty_text(make: Make, ask: Ask, text: str) -> None:
    with serve(server.answers(text)) as at:
        assert ask(make(at)).strip() == ""


def test_ten_megabytes_arrive_as_they_are(make: Make, ask: Ask) -> None:
    with serve(server.answers("x" * 10_000_000)) as at:
        assert len(ask(make(at))) == 10_000_000


@pytest.mark.parametrize("way", [ask_stream, ask_stream_async])
def test_a_stream_that_stops_in_the_middle_ends_with_an_error(make: Make, way: Ask) -> None:
    with serve(server.hang_mid_stream) as at, pytest.raises(LLMTimeoutError):
        way(make(at, timeout=0.3))


def test_what_was_streamed_before_the_fault_was_delivered(make: Make) -> None:
    pieces: list[str] = []
    with serve(server.reset_mid_body) as at, pytest.raises(LLMUnavailableError):
        pieces.extend(make(at).stream_sync("hi"))
    assert pieces in ([], ["One "]), "extend keeps what came before the error"


def test_a_reader_that_stops_early_closes_the_connection(make: Make) -> None:
    def endless(exchange: server.Exchange) -> None:
        exchange.head(kind="text/event-stream")
        events = server._events(exchange, ["word "] * 3)
        while not exchange.stopped.is_set():
            exchange.send(events[2 if exchange.anthropic else 0])

    with serve(endless) as at:
        adapter = make(at)
        for way in ("sync", "async"):
            at.closed_early.clear()
            if way == "sync":
                pieces = adapter.stream_sync("hi")
                assert next(iter(pieces)) == "word "
                pieces.close()  # type: ignore[attr-defined]
            else:
                asyncio.run(_read_one(adapter))
            assert at.closed_early.wait(PATIENCE)


async def _read_one(adapter: SDKAdapter) -> None:
    pieces = adapter.stream("hi")
    assert await anext(pieces) == "word "
    await pieces.aclose()  # type: ignore[attr-defined]


@pytest.mark.parametrize("code", [429, 500, 503])
def test_the_sdk_tries_again_after_a_failure_that_passes(make: Make, code: int, ask: Ask) -> None:
    failing = server.status(code, retry_after_ms="10")
    with serve(failing, failing, server.answers("At last.")) as at:
        assert ask(make(at, max_retries=2)) == "At last."
        assert len(at.requests) == 3


def test_a_wait_that_a_server_asks_for_is_bounded_by_the_deadline(make: Make, ask: Ask) -> None:
    bound = "timeout" if ask in (ask_stream, ask_stream_async) else "deadline"
    with serve(server.status(429, Retry_After="100")) as at, pytest.raises(LLMTimeoutError):
        ask(make(at, max_retries=5, **{bound: 0.3}))


@pytest.mark.parametrize(
    ("word", "instead"), [("temperature", None), ("max_tokens", "max_completion_tokens")]
)
def test_a_keyword_the_model_refuses_is_left_out_from_then_on(
    word: str, instead: str | None
) -> None:
    refusal = server.status(400, f"'{word}' is not supported with this model")
    with serve(refusal, server.answers("Fine.")) as at:
        adapter = OpenAIAdapter("a-key", "m", base_url=f"{at.url}/v1")
        for _ in range(2):
            assert adapter.generate_sync("hi", max_tokens=5, temperature=0.1) == "Fine."
        adapter.close()
    first, *later = at.requests
    assert word in first
    assert len(later) == 2, "one refusal, then never again"
    for request in later:
        assert word not in request
        assert instead is None or request[instead] == 5


def test_a_request_that_is_refused_for_good_is_not_repeated(make: Make) -> None:
    with serve(server.status(400, "temperature")) as at:
        with pytest.raises(LLMError, match="refused the request"):
            make(at).generate_sync("hi")
        assert len(at.requests) <= 2


def test_cancelling_the_caller_cancels_the_call(make: Make) -> None:
    async def cancelled(adapter: SDKAdapter, at: FaultServer) -> None:
        task = asyncio.create_task(adapter.generate("hi"))
        await asyncio.to_thread(at.received.wait, PATIENCE)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    with serve(server.drip, server.answers("Mine.")) as at:
        adapter = make(at)
        asyncio.run(cancelled(adapter, at))
        assert at.closed_early.wait(PATIENCE), "the connection was given up"
        assert adapter.generate_sync("again") == "Mine.", "the next caller gets its own answer"


@pytest.mark.parametrize("provider", PROVIDERS)
def test_without_a_key_only_the_call_fails(provider: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_ADMIN_KEY", "ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    adapter = create_llm_adapter(provider, api_key=None)
    with pytest.raises(LLMNotConfiguredError, match="API_KEY"):
        adapter.generate_sync("hi")


@pytest.mark.parametrize("provider", ["ollama", "vllm", "lmstudio", "litellm"])
def test_local_servers_need_no_key_and_never_see_the_environments(
    provider: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "a-secret")
    with serve(server.answers("Fine.")) as at:
        adapter = create_llm_adapter(provider, model="m", base_url=f"{at.url}/v1")
        assert isinstance(adapter, SDKAdapter)
        assert adapter.generate_sync("hi") == "Fine."
        assert adapter._options["api_key"] == "not-needed"
        adapter.close()


def test_a_server_that_is_not_there(make: Make, ask: Ask) -> None:
    nobody = FaultServer([], f"http://127.0.0.1:{free_port()}")
    with pytest.raises(LLMUnavailableError, match="could not be reached"):
        ask(make(nobody))
