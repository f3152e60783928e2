"""Any OpenAI client pointed at the service has memory, and gets the provider's own answers.

Both faces stand behind a real socket, between the official client and a provider on loopback.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import httpx
import openai
import pytest

from context_manager import ContextManager
from context_manager.service import Service, ServiceSettings
from context_manager.service.settings import Limits, UpstreamSettings
from support import fault_server as upstream
from support.fault_server import Act, FaultServer, serve
from support.served import PATIENCE, listening
from support.service_faces import asking, fast_manager

FACT = "My locker at the station is number 4711."
ASKED = [{"role": "user", "content": "Which number is my locker?"}]
MARK = "quoted, not instructions"
"""Stands in every text that memory puts into a request."""


class Proxied(NamedTuple):
    """A service between clients and a provider."""

    url: str
    provider: FaultServer
    manager: ContextManager

    def client(self, key: str = "none", **options: Any) -> openai.OpenAI:
        return openai.OpenAI(api_key=key, base_url=f"{self.url}/v1", max_retries=0, **options)

    def turns(self, user: str = "default", session: str = "default") -> list[list[str]]:
        """What was said in a session."""
        scope = self.manager.scoped(user_id=user, session_id=session).scope
        found = self.manager.archive.store.turns(scope)
        return [[message.text for message in turn.messages] for turn in found]


@contextmanager
def proxying(face: str, *script: Act, key: str = "", **settings: Any) -> Iterator[Proxied]:
    """A service in front of a provider that follows a script."""
    manager = fast_manager()
    manager.scoped(session_id="yesterday").observe(FACT, "I keep it in mind.")
    with serve(*script) as provider:
        told = ServiceSettings(upstream=UpstreamSettings(f"{provider.url}/v1", key), **settings)
        with listening(face, Service(manager, told)) as url:
            yield Proxied(url, provider, manager)


def ask(client: Any, messages: Any = ASKED, **more: Any) -> Any:
    return client.chat.completions.create(model="m", messages=messages, **more)


def heard(stream: Any) -> str:
    return "".join(event.choices[0].delta.content or "" for event in stream if event.choices)


def memory_in(request: dict[str, Any]) -> str:
    """What was put into a request, which must be one message before the user's last."""
    put_in = [m for m in request["messages"] if MARK in str(m["content"])]
    assert len(put_in) == 1
    assert put_in[0]["role"] == "system"
    return str(put_in[0]["content"])


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_a_plain_client_has_memory(face, streamed):
    with proxying(face, upstream.answers("It is number 4711.")) as proxied:
        got = ask(proxied.client(), stream=streamed)
        said = heard(got) if streamed else got.choices[0].message.content
        assert said == "It is number 4711."
        assert FACT in memory_in(proxied.provider.requests[0])
        assert proxied.provider.requests[0]["messages"][-1] == ASKED[0]
        # The end is passed on only when the turn is stored: the next request finds it.
        assert proxied.turns() == [["Which number is my locker?", "It is number 4711."]]


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_an_awaited_client_has_memory(face, streamed):
    async def asked(url: str) -> str:
        async with openai.AsyncOpenAI(api_key="none", base_url=f"{url}/v1") as client:
            got = await ask(client, stream=streamed)
            if not streamed:
                return str(got.choices[0].message.content)
            return "".join([e.choices[0].delta.content or "" async for e in got if e.choices])

    with proxying(face, upstream.answers("It is number 4711.")) as proxied:
        assert asyncio.run(asked(proxied.url)) == "It is number 4711."
        assert FACT in memory_in(proxied.provider.requests[0])
        assert len(proxied.turns()) == 1


def test_what_was_put_in_is_never_stored_again(face):
    """Through a conversation that the client sends whole each time, as clients do."""
    with proxying(face, upstream.answers("It is number 4711.")) as proxied:
        client, messages = proxied.client(), [{"role": "system", "content": "Be brief."}]
        for number in range(4):
            messages.append({"role": "user", "content": f"Which locker, question {number}?"})
            answer = ask(client, messages, stream=number % 2 == 1)
            said = heard(answer) if number % 2 else answer.choices[0].message.content
            messages.append({"role": "assistant", "content": said})
        for request in proxied.provider.requests:
            memory_in(request)
        stored = [said for turn in proxied.turns() for said in turn]
        assert stored == [m["content"] for m in messages[1:]]
        assert not any(MARK in said for said in stored)


def test_pieces_are_passed_on_while_they_come(face):
    """The provider says the second word only when the first has reached the client."""
    arrived = threading.Event()

    def word_by_word(exchange: upstream.Exchange) -> None:
        exchange.head(kind="text/event-stream")
        events = upstream._events(exchange, ["One ", "two."])
        exchange.send(events[0])
        assert arrived.wait(PATIENCE)
        for event in events[1:]:
            exchange.send(event)

    with proxying(face, word_by_word) as proxied:
        stream = ask(proxied.client(), stream=True)
        first = next(iter(stream))
        assert first.choices[0].delta.content == "One "
        arrived.set()
        assert heard(stream) == "two."


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_calls_of_tools_pass_both_ways_and_the_turn_is_remembered_at_its_end(face, streamed):
    tool = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}
    with proxying(face, upstream.calls_a_tool, upstream.answers("It rains.")) as proxied:
        client = proxied.client()
        got = ask(client, tools=[tool], tool_choice="auto", stream=streamed)
        if streamed:
            events = list(got)
            (call,) = [c for e in events if e.choices for c in e.choices[0].delta.tool_calls or ()]
        else:
            (call,) = got.choices[0].message.tool_calls
        assert (call.id, call.function.name) == ("t1", "weather")
        assert proxied.provider.requests[0]["tools"] == [tool]
        assert proxied.turns() == []
        asked = {"id": "t1", "type": "function", "function": {"name": "weather", "arguments": "{}"}}
        calls = {"role": "assistant", "content": None, "tool_calls": [asked]}
        result = {"role": "tool", "tool_call_id": "t1", "content": "Rain."}
        ask(client, [*ASKED, calls, result], tools=[tool])
        assert proxied.provider.requests[1]["messages"][-2:] == [calls, result]
        (said,) = proxied.turns()
        assert said == ["Which number is my locker?", "[calls weather({})]", "Rain.", "It rains."]


def test_everything_else_of_a_request_and_an_answer_is_left_alone(face):
    extra = {"seed": 7, "user": "ines", "x-own": {"deep": [1, {"a": [[[[[[[1.5]]]]]]]}]}}
    told = '{"choices": [{"message": {"content": "Hm."}}], "own": {"a": 1e3}}  '
    with proxying(face, upstream.body(told)) as proxied:
        request = {"model": "m", "messages": ASKED, "n": 1, **extra}
        got = httpx.post(f"{proxied.url}/v1/chat/completions", json=request, timeout=PATIENCE)
        assert got.content == told.encode()
        sent = proxied.provider.requests[0]
        assert {**sent, "messages": ASKED} == request
        assert proxied.turns("ines") == [["Which number is my locker?", "Hm."]]


def test_a_reader_who_leaves_is_remembered_with_what_was_said(face):
    with proxying(face, upstream.hang_mid_stream) as proxied:
        with ask(proxied.client(), stream=True) as stream:
            next(iter(stream))
        if face == "flask":  # a server that writes only notices at its next write
            return
        _wait_for(lambda: proxied.turns())
        assert proxied.turns() == [["Which number is my locker?", "One "]]
        (turn,) = proxied.manager.archive.store.turns(proxied.manager.scope)
        assert turn.metadata["complete"] is False


def test_a_reader_who_leaves_while_words_come_is_remembered(face):
    def talks_on(exchange: upstream.Exchange) -> None:
        exchange.head(kind="text/event-stream")
        word = upstream._events(exchange, ["and so on "])[0]
        while not exchange.stopped.wait(0.01):
            exchange.send(word)

    with proxying(face, talks_on) as proxied:
        with ask(proxied.client(), stream=True) as stream:
            next(iter(stream))
        assert proxied.provider.closed_early.wait(PATIENCE)
        _wait_for(lambda: proxied.turns())
        assert proxied.turns()[0][1].startswith("and so on")


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("code", [401, 429, 500])
def test_the_providers_errors_are_passed_on_as_they_are(face, code, streamed):
    act = upstream.status(code, "told to fail", Retry_After="7", X_Request_Id="theirs")
    with proxying(face, act) as proxied:
        with pytest.raises(openai.APIStatusError) as caught:
            ask(proxied.client(), stream=streamed)
        response = caught.value.response
        assert response.status_code == code
        assert json.loads(response.content)["error"]["message"] == "told to fail"
        assert response.headers["retry-after"] == "7"
        assert response.headers["x-upstream-request-id"] == "theirs"
        assert proxied.turns() == []


def test_an_error_told_as_an_event_keeps_its_status(face):
    def overloaded(exchange: upstream.Exchange) -> None:
        exchange.head(529, kind="text/event-stream")
        exchange.send(b'data: {"error": {"message": "told to fail"}}\n\n')

    with proxying(face, overloaded) as proxied:
        request = {"model": "m", "messages": ASKED, "stream": True}
        got = httpx.post(f"{proxied.url}/v1/chat/completions", json=request, timeout=PATIENCE)
        assert got.status_code == 529
        assert "told to fail" in got.text
        assert proxied.turns() == []


@pytest.mark.parametrize(
    ("act", "timeout", "status"),
    [(upstream.reset, PATIENCE, 502), (upstream.hang, 0.2, 504)],
    ids=["reset", "hang"],
)
def test_a_provider_that_cannot_be_asked_is_told_as_one(face, act, timeout, status):
    with serve(act) as provider:
        told = UpstreamSettings(f"{provider.url}/v1", timeout=timeout)
        with listening(face, Service(fast_manager(), ServiceSettings(upstream=told))) as url:
            client = openai.OpenAI(api_key="none", base_url=f"{url}/v1", max_retries=0)
            with pytest.raises(openai.APIStatusError) as caught:
                ask(client)
    assert caught.value.status_code == status
    assert caught.value.type == "upstream_error"
    assert provider.url not in caught.value.response.text


def test_an_answer_that_breaks_off_is_told_and_remembered(face):
    with proxying(face, upstream.reset_mid_body) as proxied:
        stream, said = ask(proxied.client(), stream=True), []
        with pytest.raises(openai.APIError, match="broke off"):
            said.extend(event.choices[0].delta.content for event in stream)
        assert said == ["One "]
        _wait_for(lambda: proxied.turns())
        assert proxied.turns() == [["Which number is my locker?", "One "]]


def test_an_answer_nobody_understands_is_passed_on_and_not_remembered(face):
    for told in ("no json", "[]", '{"choices": null}', '{"choices": []}', "[" * 100_000):
        with proxying(face, upstream.body(told)) as proxied:
            asked = {"model": "m", "messages": ASKED}
            got = httpx.post(f"{proxied.url}/v1/chat/completions", json=asked, timeout=PATIENCE)
            assert (got.status_code, got.text) == (200, told)
            assert proxied.turns() == []


def test_each_user_and_session_has_a_memory_of_its_own(face):
    with proxying(face, upstream.answers("Noted.")) as proxied:
        client = proxied.client()
        ask(client, user="ines", extra_headers={"X-Session-Id": "one"})
        ask(client, user="ines", extra_headers={"X-User-Id": "omar", "X-Session-Id": "one"})
        assert len(proxied.turns("ines", "one")) == len(proxied.turns("omar", "one")) == 1
        assert proxied.turns("ines") == []
        assert not any(
            FACT in str(message["content"])
            for request in proxied.provider.requests
            for message in request["messages"]
        )


def test_a_credential_reaches_no_further_here_either(face):
    with proxying(face, upstream.answers("Noted."), key="the-providers", auth="required") as it:
        keyring = Service(it.manager, ServiceSettings(auth="required")).keyring
        key = keyring.create(users=["ines"])[0]
        ask(it.client(key))
        assert len(it.turns("ines")) == 1
        assert it.provider.heads[0]["authorization"] == "Bearer the-providers"
        with pytest.raises(openai.PermissionDeniedError):
            ask(it.client(key), user="omar")
        with pytest.raises(openai.PermissionDeniedError):
            ask(it.client(key), extra_headers={"X-User-Id": "omar"})
        with pytest.raises(openai.AuthenticationError):
            ask(it.client("cm_0123456789abcdef_wrong"))
        with pytest.raises(openai.PermissionDeniedError):
            ask(it.client(keyring.create(may=["read"])[0]))
        assert len(it.provider.requests) == 1


def test_a_key_of_this_service_never_reaches_the_provider(face):
    with proxying(face, upstream.answers("Noted."), auth="required") as proxied:
        key = Service(proxied.manager).keyring.create()[0]
        ask(proxied.client(key))
        assert "authorization" not in proxied.provider.heads[0]


def test_where_no_key_is_needed_the_clients_own_is_passed_on(face):
    with proxying(face, upstream.answers("Noted.")) as proxied:
        ask(proxied.client("sk-my-own"))
        assert proxied.provider.heads[0]["authorization"] == "Bearer sk-my-own"
        assert _status(f"{proxied.url}/memory", {"X-API-Key": "x"}) == 401


def test_the_providers_models_are_listed(face):
    told = '{"object": "list", "data": [{"id": "m", "object": "model"}]}'
    with proxying(face, upstream.body(told)) as proxied:
        assert [model.id for model in proxied.client().models.list()] == ["m"]


def test_bodies_with_pictures_and_deep_schemas_are_taken(face):
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 2**21}}
    text = {"type": "text", "text": "What is on this picture?"}
    schema: dict[str, Any] = {"type": "object"}
    for _ in range(12):
        schema = {"type": "object", "properties": {"in": schema}}
    with proxying(face, upstream.answers("A cat.")) as proxied:
        messages = [{"role": "user", "content": [text, picture]}]
        ask(proxied.client(), messages, response_format={"type": "json_schema", "json": schema})
        assert proxied.provider.requests[0]["messages"][-1] == messages[0]
        assert proxied.turns() == [["What is on this picture?", "A cat."]]


def test_memory_that_fails_costs_memory_and_not_the_answer(face):
    """An input longer than the budget of a prompt goes to the provider without memory."""
    messages = [{"role": "user", "content": "word " * 60_000}]
    with proxying(face, upstream.answers("Long.")) as proxied:
        assert ask(proxied.client(), messages).choices[0].message.content == "Long."
        assert proxied.provider.requests[0]["messages"] == messages


@pytest.mark.parametrize(
    "body",
    [{}, {"messages": []}, {"messages": "hi"}, {"messages": [1]}, {"messages": ASKED, "user": ""}],
    ids=str,
)
def test_what_is_no_request_is_refused_here(face, body):
    told = ServiceSettings(upstream=UpstreamSettings("http://127.0.0.1:9/v1"))
    with asking(face, Service(fast_manager(), told)) as send:
        got = send("POST", "/v1/chat/completions", json=body)
        assert got.status == 422
        deep: Any = []
        for _ in range(80):
            deep = [deep]
        assert send("POST", "/chat/completions", json={"messages": [{"x": deep}]}).status == 422


def test_too_long_a_body_is_refused(face):
    told = ServiceSettings(
        upstream=UpstreamSettings("http://127.0.0.1:9/v1"), limits=Limits(proxy_bytes=1000)
    )
    with asking(face, Service(fast_manager(), told)) as send:
        body = {"messages": [{"role": "user", "content": "x" * 2000}]}
        assert send("POST", "/v1/chat/completions", json=body).status == 413


def test_without_a_provider_there_is_no_proxy(ask):
    asked = {"model": "m", "messages": ASKED}
    assert ask("POST", "/v1/chat/completions", json=asked).status == 404
    assert ask("GET", "/v1/models").status == 404
    assert "/v1/chat/completions" not in ask("GET", "/openapi.json").data["paths"]


def _status(url: str, headers: dict[str, str]) -> int:
    return httpx.get(url, headers=headers, timeout=PATIENCE).status_code


def _wait_for(true: Any) -> None:
    """Return once it is true; never part of a claim."""
    pause = threading.Event()
    for _ in range(int(PATIENCE / 0.02)):
        if true():
            return
        pause.wait(0.02)
