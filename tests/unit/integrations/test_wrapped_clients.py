"""Unchanged calls of the providers' real clients get memory, streams and early leavers included."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable
from typing import Any

import anthropic
import openai
import pytest

from context_manager import ContextManager
from context_manager.integrations import wrap_anthropic, wrap_openai
from context_manager.integrations.dialects import RESPONSES
from context_manager.records.parts import parts_of
from support import fault_server as server
from support.fault_server import Act, FaultServer, serve

FACT = "My locker at the station is number 4711."


@pytest.fixture
def cm() -> ContextManager:
    """A manager that knows one fact, from another session."""
    manager = ContextManager()
    manager.scoped(session_id="yesterday").observe(FACT, "I keep it in mind.")
    return manager


class Kind:
    """One way to call one client: how it is made, called, and read."""

    def __init__(self, name: str, *, awaited: bool, streamed: bool) -> None:
        self.name, self.awaited, self.streamed = name, awaited, streamed

    def __repr__(self) -> str:
        forms = [self.name, "async" * self.awaited, "stream" * self.streamed]
        return "-".join(form for form in forms if form)

    def client(self, at: FaultServer) -> Any:
        module = anthropic if self.name in ("messages", "messages.stream") else openai
        name = ("Async" if self.awaited else "") + ("OpenAI", "Anthropic")[module is anthropic]
        url = at.url if module is anthropic else f"{at.url}/v1"
        return getattr(module, name)(api_key="k", base_url=url, max_retries=0)

    def wrap(self, client: Any, manager: ContextManager) -> Any:
        wrap = wrap_anthropic if isinstance(client, _ANTHROPIC) else wrap_openai
        return wrap(client, manager)

    def call(self, client: Any, messages: Any) -> Any:
        if self.name == "messages.stream":
            return client.messages.stream(model="m", max_tokens=9, messages=messages)
        form = {"stream": True} if self.streamed else {}
        if self.name == "responses":
            return client.responses.create(model="m", input=messages, **form)
        if self.name == "chat":
            return client.chat.completions.create(model="m", messages=messages, **form)
        return client.messages.create(model="m", max_tokens=9, messages=messages, **form)

    def ask(self, client: Any, messages: Any) -> None:
        """Call and read all of the answer."""
        if self.awaited:
            asyncio.run(self._ask_async(client, messages))
        elif self.name == "messages.stream":
            with self.call(client, messages) as stream:
                list(stream.text_stream)
        elif self.streamed:
            list(self.call(client, messages))
        else:
            self.call(client, messages)

    async def _ask_async(self, client: Any, messages: Any) -> None:
        if self.name == "messages.stream":
            async with self.call(client, messages) as stream:
                [piece async for piece in stream.text_stream]
        elif self.streamed:
            [event async for event in await self.call(client, messages)]
        else:
            await self.call(client, messages)
        await client.close()


_ANTHROPIC = (anthropic.Anthropic, anthropic.AsyncAnthropic)
KINDS = [
    Kind(name, awaited=awaited, streamed=streamed)
    for name in ("chat", "responses", "messages", "messages.stream")
    for awaited in (False, True)
    for streamed in ((True,) if name == "messages.stream" else (False, True))
]
WITH_TOOLS = [kind for kind in KINDS if kind.name in ("chat", "messages", "messages.stream")]
Asking = Callable[..., FaultServer]


@pytest.fixture
def asking(cm: ContextManager) -> Asking:
    """Asks through a wrapped client; the server's record is what the provider saw."""

    def ask(kind: Kind, messages: Any, act: Act | None = None) -> FaultServer:
        with serve(act or server.answers("It is 4711.")) as at:
            client = kind.client(at)
            wrapped = kind.wrap(client, cm)
            assert type(wrapped) is type(client)
            try:
                kind.ask(wrapped, messages)
            finally:
                if not kind.awaited:
                    client.close()
            return at

    return ask


def turns(cm: ContextManager) -> list[str]:
    return cm.short_term_memory.get_recent_texts(10)


def sent(at: FaultServer) -> list[Any]:
    (request,) = at.requests
    given = request.get("messages", request.get("input"))
    assert isinstance(given, list)
    return given


def in_words(message: Any) -> str:
    content = message["content"]
    return content if isinstance(content, str) else " | ".join(part["text"] for part in content)


QUESTION = [{"role": "user", "content": "Which number has my locker?"}]


@pytest.mark.parametrize("kind", KINDS, ids=repr)
def test_the_model_is_told_what_is_known_and_the_exchange_is_remembered(
    asking: Asking, cm: ContextManager, kind: Kind
) -> None:
    messages = sent(asking(kind, QUESTION))
    everything = " ".join(map(in_words, messages))
    assert FACT in everything
    assert "Current user input" not in everything
    assert in_words(messages[-1]).endswith("Which number has my locker?")
    assert turns(cm) == ["User: Which number has my locker?\nAssistant: It is 4711."]


@pytest.mark.parametrize("kind", KINDS, ids=repr)
def test_memory_stands_right_before_the_users_last_message(asking: Asking, kind: Kind) -> None:
    """So everything before it is the same in the next call, and cached by the provider."""
    history = [
        {"role": "user", "content": "Hello there."},
        {"role": "assistant", "content": "Good morning."},
        *QUESTION,
    ]
    messages = sent(asking(kind, history))
    assert messages[:2] == history[:2]
    assert [FACT in in_words(message) for message in messages[:2]] == [False, False]
    assert FACT in " ".join(map(in_words, messages[2:]))


@pytest.mark.parametrize("kind", KINDS, ids=repr)
def test_what_the_request_holds_already_is_not_said_twice(
    asking: Asking, cm: ContextManager, kind: Kind
) -> None:
    cm.observe("My train leaves at 7:15.", "That is early.")
    cm.observe("And the platform is six.", "Noted.")
    history = [
        {"role": "user", "content": "My train leaves at 7:15."},
        {"role": "assistant", "content": "That is early."},
        *QUESTION,
    ]
    everything = " ".join(map(in_words, sent(asking(kind, history))))
    assert everything.count("7:15") == 1
    assert everything.count("platform is six") == 1
    assert everything.count("Recent conversation:") == 1


@pytest.mark.parametrize("kind", KINDS, ids=repr)
def test_the_clients_own_messages_are_left_as_they_were(asking: Asking, kind: Kind) -> None:
    messages = [dict(message) for message in QUESTION]
    asking(kind, iter(messages))
    assert messages == QUESTION


@pytest.mark.parametrize("kind", KINDS, ids=repr)
def test_the_client_that_was_wrapped_stays_as_it_is(cm: ContextManager, kind: Kind) -> None:
    with serve(server.answers("Fine.")) as at:
        client = kind.client(at)
        kind.wrap(client, cm)
        kind.ask(client, QUESTION)
        if not kind.awaited:
            client.close()
    assert sent(at) == QUESTION
    assert turns(cm) == []


@pytest.mark.parametrize("kind", WITH_TOOLS, ids=repr)
def test_an_answer_that_calls_a_tool_is_remembered_with_its_result(
    asking: Asking, cm: ContextManager, kind: Kind
) -> None:
    asking(kind, QUESTION, server.calls_a_tool)
    assert turns(cm) == [], "not the last word yet"
    if kind.name == "chat":
        call = {"id": "t1", "type": "function", "function": {"name": "w", "arguments": "{}"}}
        further = [
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "t1", "content": "locker 4711"},
        ]
    else:
        use = {"type": "tool_use", "id": "t1", "name": "w", "input": {}}
        result = {
            "type": "tool_result",
            "tool_use_id": "t1",
            "content": [{"type": "text", "text": "locker 4711"}],
        }
        further = [{"role": "assistant", "content": [use]}, {"role": "user", "content": [result]}]
    asking(kind, [*QUESTION, *further])
    assert turns(cm) == [
        "User: Which number has my locker?\nAssistant: [calls w({})]\nTool: locker 4711\n"
        "Assistant: It is 4711."
    ]
    listed = cm.build("Thanks").messages("openai")
    assert listed[1]["tool_calls"][0]["id"] == listed[2]["tool_call_id"] == "t1"


@pytest.mark.parametrize("kind", KINDS, ids=repr)
def test_a_failing_memory_never_fails_the_call(
    asking: Asking, cm: ContextManager, kind: Kind
) -> None:
    cm.config.multi_user = True  # from now on every call without a user is an error
    assert sent(asking(kind, QUESTION)) == (QUESTION)


@pytest.mark.parametrize("kind", KINDS, ids=repr)
def test_a_failing_call_is_the_clients_own_error_and_remembers_nothing(
    asking: Asking, cm: ContextManager, kind: Kind
) -> None:
    with pytest.raises((openai.APIStatusError, anthropic.APIStatusError)):
        asking(kind, QUESTION, server.status(500))
    assert turns(cm) == []


@pytest.mark.parametrize("kind", KINDS, ids=repr)
@pytest.mark.parametrize(
    "messages", [[], [{"role": "user", "content": ""}], [{"role": "assistant", "content": "x"}]]
)
def test_a_request_without_words_passes_unchanged(
    asking: Asking, cm: ContextManager, kind: Kind, messages: Any
) -> None:
    assert sent(asking(kind, messages)) == messages
    assert turns(cm) == []


PARTIAL = "User: Which number has my locker?\nAssistant: One"
SYNC_STREAMS = [
    kind for kind in KINDS if kind.streamed and not kind.awaited and kind.name != "messages.stream"
]


def leave_by_close(stream: Any) -> None:
    stream.close()


def leave_by_with(stream: Any) -> None:
    with stream:
        pass


def leave_by_dropping(stream: Any) -> None:
    del stream


@pytest.mark.parametrize("kind", SYNC_STREAMS, ids=repr)
@pytest.mark.parametrize("leave", [leave_by_close, leave_by_with, leave_by_dropping])
def test_memory_survives_a_reader_who_stops_in_the_middle(
    cm: ContextManager, kind: Kind, leave: Callable[[Any], None]
) -> None:
    with serve(server.hang_mid_stream) as at:
        client = kind.client(at)
        leave(_first_words(kind.call(kind.wrap(client, cm), QUESTION)))
        gc.collect()
        client.close()
    (turn,) = cm.short_term_memory.turns
    assert turn.text.strip() == PARTIAL
    assert turn.metadata["complete"] is False


def _first_words(stream: Any) -> Any:
    """Read until the first words arrived."""
    for event in stream:
        if "One" in str(event):
            break
    return stream


@pytest.mark.parametrize(
    "kind", [kind for kind in KINDS if kind.streamed and kind.awaited], ids=repr
)
def test_memory_survives_an_async_reader_who_stops_in_the_middle(
    cm: ContextManager, kind: Kind
) -> None:
    async def leave(client: Any) -> None:
        called = kind.call(kind.wrap(client, cm), QUESTION)
        opened = called if kind.name == "messages.stream" else await called
        async with opened as stream:
            async for event in stream:
                if "One" in str(event):
                    break
        await client.close()

    with serve(server.hang_mid_stream) as at:
        asyncio.run(leave(kind.client(at)))
    (turn,) = cm.short_term_memory.turns
    assert turn.text.strip() == PARTIAL


@pytest.mark.parametrize("kind", SYNC_STREAMS, ids=repr)
def test_what_arrived_before_a_broken_stream_is_remembered(
    asking: Asking, cm: ContextManager, kind: Kind
) -> None:
    with pytest.raises(Exception, match=r"(?i)connection"):  # each SDK has its own
        asking(kind, QUESTION, server.reset_mid_body)
    assert [text.strip() for text in turns(cm)] in ([], [PARTIAL])


def test_each_user_has_a_client_of_their_own(cm: ContextManager) -> None:
    with (
        serve(server.answers("I do not know.")) as at,
        openai.OpenAI(api_key="k", base_url=f"{at.url}/v1", max_retries=0) as client,
    ):
        stranger = wrap_openai(client, cm.scoped(user_id="somebody else"))
        stranger.chat.completions.create(model="m", messages=QUESTION)  # type: ignore[arg-type]
        assert "4711" not in str(at.requests)


def test_calls_in_a_request_of_the_responses_interface_stay_beside_their_results() -> None:
    items = [
        {"role": "user", "content": "Which number has my locker?"},
        {"type": "reasoning", "id": "r1", "summary": []},
        {"type": "function_call", "call_id": "t1", "name": "w", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "t1", "output": "locker 4711"},
    ]
    asked = RESPONSES.asked({"input": items})
    assert asked is not None
    assert [message.text for message in asked.since] == ["[calls w({})]", "locker 4711"]
    assert parts_of(asked.since[0]).calls[0].id == parts_of(asked.since[1]).answers == "t1"
