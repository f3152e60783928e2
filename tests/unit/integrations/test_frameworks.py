"""Each integration against its framework's own package: what goes in comes back, and is shown."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from typing import Any

import pytest

from context_manager import ContextManager
from context_manager.errors import InputError
from context_manager.integrations import with_memory
from context_manager.testing.embedders import HashEmbedder


@pytest.fixture
def cm() -> ContextManager:
    manager = ContextManager()
    manager.embedding_provider = HashEmbedder()
    manager.scoped(session_id="earlier").observe("My sister Ana lives in Porto.", "Noted.")
    return manager


# --- any function --------------------------------------------------------------------------------


@pytest.mark.parametrize("give", ["text", "openai", "anthropic", "context"])
def test_a_function_gets_memory_and_its_answer_is_observed(cm: ContextManager, give: Any) -> None:
    @with_memory(cm, give=give)
    def agent(prompt: Any, mood: str) -> str:
        return f"{mood}: {'Porto' in str(prompt)}"

    assert agent("Where does Ana live?", mood="calm") == "calm: True"
    (turn,) = cm.short_term_memory.turns
    assert (turn.user_input, turn.assistant_response) == ("Where does Ana live?", "calm: True")


def test_an_async_function_does_too(cm: ContextManager) -> None:
    @with_memory(cm)
    async def agent(prompt: str) -> str:
        return "Porto" if "Porto" in prompt else "?"

    assert asyncio.run(agent("Where does Ana live?")) == "Porto"
    assert len(cm.short_term_memory.turns) == 1
    with pytest.raises(InputError, match="give must be one of"):
        with_memory(cm, give="smoke")  # type: ignore[arg-type]


# --- LangChain -----------------------------------------------------------------------------------


def test_a_langchain_history_gives_back_what_it_was_given(cm: ContextManager) -> None:
    from langchain_core.chat_history import BaseChatMessageHistory
    from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage

    from context_manager.integrations.langchain import MemoryHistory

    history = MemoryHistory(cm)
    assert isinstance(history, BaseChatMessageHistory)
    call = {"name": "look", "args": {"q": "tea"}, "id": "c1", "type": "tool_call"}
    given = [
        SystemMessage("Be brief."),
        HumanMessage("Is there tea?"),
        AIMessage("", tool_calls=[call]),
        ToolMessage("none left", tool_call_id="c1"),
        AIMessage("No tea."),
    ]
    history.add_messages(given[:3])
    for message in given[3:]:
        history.add_message(message)
    again = MemoryHistory(cm).messages
    assert [(type(m), m.content) for m in again] == [(type(m), m.content) for m in given]
    assert again[2].tool_calls == given[2].tool_calls  # type: ignore[attr-defined]
    assert again[3].tool_call_id == "c1"  # type: ignore[attr-defined]
    assert "none left" in cm.build_context("tea?")
    history.clear()
    assert history.messages == []
    assert "Porto" in cm.build_context("Where does Ana live?")


def test_a_langchain_retriever_gives_documents_with_their_scores(cm: ContextManager) -> None:
    from context_manager.integrations.langchain import MemoryRetriever

    retriever = MemoryRetriever(manager=cm, k=1)
    (found,) = retriever.invoke("Where does my sister Ana live?")
    assert found.page_content == "My sister Ana lives in Porto."
    assert 0 <= found.metadata["score"] <= 1
    (again,) = asyncio.run(retriever.ainvoke("Where does my sister Ana live?"))
    assert again.id == found.id


# --- LangGraph -----------------------------------------------------------------------------------


def test_a_langgraph_store_answers_like_the_one_in_memory(cm: ContextManager) -> None:
    """Whatever is put, deleted, listed and filtered, in any order, both stores say the same."""
    from langgraph.store.memory import InMemoryStore

    from context_manager.integrations.langgraph import MemoryStore

    ours, theirs = MemoryStore(cm), InMemoryStore()
    spaces = [("users",), ("users", "ada"), ("users", "bo", "notes"), ("docs",)]
    rng = random.Random(7)
    for step in range(60):
        space, key = rng.choice(spaces), rng.choice("abc")
        value = {"n": rng.randrange(5), "tag": rng.choice(["x", "y"]), "in": {"deep": step % 3}}
        for store in (ours, theirs):
            if step % 4:
                store.put(space, key, value)
            else:
                store.delete(space, key)
        for ask in ASKED:
            assert ask(ours, space) == ask(theirs, space)


def told(items: Any) -> Any:
    return sorted((i.namespace, i.key, sorted(i.value.items(), key=str)) for i in items)


ASKED: tuple[Callable[[Any, tuple[str, ...]], Any], ...] = (
    lambda s, ns: (item := s.get(ns, "a")) and (item.namespace, item.key, item.value),
    lambda s, ns: told(s.search(ns[:1], limit=100)),
    lambda s, ns: told(s.search(ns, filter={"tag": "x"}, limit=100)),
    lambda s, ns: told(s.search((), filter={"n": {"$gte": 2}}, limit=100)),
    lambda s, ns: told(s.search((), filter={"n": {"$lt": 4, "$ne": 1}}, limit=100)),
    lambda s, ns: len(s.search((), limit=2, offset=1)),
    # The store in memory also lists namespaces that became empty; ours does not.
    lambda s, ns: [n for n in s.list_namespaces(prefix=ns[:1]) if s.search(n)],
    lambda s, ns: [n for n in s.list_namespaces(suffix=("notes",)) if s.search(n)],
)


def test_a_langgraph_store_is_searched_by_meaning_and_remembers_when(cm: ContextManager) -> None:
    from langgraph.store.base import InvalidNamespaceError, PutOp

    from context_manager.integrations.langgraph import MemoryStore

    store = MemoryStore(cm)
    store.put(("facts",), "bike", {"text": "the bicycle lock opens with 4719"})
    store.put(("facts",), "soup", {"text": "soup needs salt"})
    store.put(("facts",), "hidden", {"text": "bicycle lock bicycle lock"}, index=False)
    first = store.get(("facts",), "bike")
    found = store.search(("facts",), query="how to open the bicycle lock")
    assert found[0].key == "bike"
    assert 0 < found[0].score <= 1
    assert {item.key for item in found if item.score is None} >= {"hidden"}
    store.put(("facts",), "bike", {"text": "sold"})
    second = asyncio.run(store.aget(("facts",), "bike"))
    assert (second.created_at, second.value) == (first.created_at, {"text": "sold"})
    assert second.updated_at >= second.created_at
    with pytest.raises(InvalidNamespaceError):
        store.batch([PutOp(("a.b",), "k", {"x": 1})])
    assert store.get(("facts",), "none") is None
    stranger = MemoryStore(cm.scoped(user_id="stranger"))
    assert stranger.search(()) == []


def test_a_langgraph_hook_puts_memory_before_the_last_message(cm: ContextManager) -> None:
    from langchain_core.messages import AIMessage, HumanMessage, ToolMessage

    from context_manager.integrations.langgraph import pre_model_hook

    call = {"name": "look", "args": {}, "id": "c1"}
    asked = HumanMessage("Where does Ana live?")
    state = {
        "messages": [asked, AIMessage("", tool_calls=[call]), ToolMessage("?", tool_call_id="c1")]
    }
    given = pre_model_hook(cm)(state)["llm_input_messages"]
    assert "Porto" in given[0].text
    assert given[1:] == state["messages"]
    assert len(state["messages"]) == 3
    assert pre_model_hook(cm)({"messages": []}) == {"llm_input_messages": []}


def test_a_graph_runs_with_the_store_and_the_hook(cm: ContextManager) -> None:
    from langchain_core.messages import AIMessage, HumanMessage
    from langgraph.graph import END, START, MessagesState, StateGraph
    from langgraph.store.base import BaseStore

    from context_manager.integrations.langgraph import MemoryStore, pre_model_hook

    hook = pre_model_hook(cm)

    def model(state: MessagesState, *, store: BaseStore) -> dict[str, Any]:
        shown = hook(state)["llm_input_messages"]
        store.put(("asked",), "last", {"text": shown[-1].text})
        return {"messages": [AIMessage("Porto" if "Porto" in shown[0].text else "?")]}

    graph = StateGraph(MessagesState).add_node("model", model)
    graph.add_edge(START, "model").add_edge("model", END)
    store = MemoryStore(cm)
    answer = graph.compile(store=store).invoke({"messages": [HumanMessage("Where is Ana?")]})
    assert answer["messages"][-1].text == "Porto"
    assert store.get(("asked",), "last").value == {"text": "Where is Ana?"}


# --- LlamaIndex ----------------------------------------------------------------------------------


def test_a_llama_index_block_remembers_and_reminds(cm: ContextManager) -> None:
    from llama_index.core.llms import ChatMessage
    from llama_index.core.memory import BaseMemoryBlock

    from context_manager.integrations.llama_index import ContextManagerBlock

    block = ContextManagerBlock(manager=cm)
    assert isinstance(block, BaseMemoryBlock)

    async def run() -> tuple[str, str]:
        await block.aput(
            [ChatMessage("Bo plays the cello.", role="user"), ChatMessage("", role="assistant")]
        )
        asked = ChatMessage("Who plays the cello? And where does Ana live?", role="user")
        reminded = await block.aget([asked])
        return reminded, await block.aget([])

    reminded, nothing = asyncio.run(run())
    assert "Bo plays the cello." in reminded
    assert "Porto" in reminded
    assert nothing == ""
    shorter = asyncio.run(block.atruncate(reminded, 10))
    assert cm.count(shorter or "") <= cm.count(reminded) - 10
    assert asyncio.run(block.atruncate(reminded, 10**6)) is None


# --- OpenAI Agents SDK ---------------------------------------------------------------------------

ITEMS: list[Any] = [
    {"role": "user", "content": "Is there tea?"},
    {"type": "reasoning", "id": "rs_1", "summary": []},
    {"type": "function_call", "call_id": "c1", "name": "look", "arguments": '{"q": "tea"}'},
    {"type": "function_call_output", "call_id": "c1", "output": "none left " * 3000},
    {
        "type": "message",
        "id": "msg_1",
        "role": "assistant",
        "status": "completed",
        "content": [{"type": "output_text", "text": "No tea.", "annotations": []}],
    },
]


def test_a_session_of_the_agents_sdk_gives_back_its_items_exactly(cm: ContextManager) -> None:
    from agents.memory import Session

    from context_manager.integrations.openai_agents import MemorySession

    session = MemorySession(cm.scoped(session_id="chat"))
    assert isinstance(session, Session)

    async def run() -> None:
        await session.add_items(ITEMS)
        assert await session.get_items() == ITEMS
        assert await session.get_items(2) == ITEMS[-2:]
        assert await session.get_items(0) == []
        assert await session.pop_item() == ITEMS[-1]
        assert await session.get_items() == ITEMS[:-1]
        assert "none left" in cm.build_context("Is there tea left?")
        await session.clear_session()
        assert await session.get_items() == []
        assert await session.pop_item() is None

    asyncio.run(run())


# --- Pydantic AI ---------------------------------------------------------------------------------


def test_a_pydantic_agent_gets_memory_once_and_its_run_is_remembered(cm: ContextManager) -> None:
    from pydantic_ai import Agent
    from pydantic_ai.capabilities import ProcessHistory
    from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart, ToolCallPart
    from pydantic_ai.models.function import AgentInfo, FunctionModel

    from context_manager.integrations.pydantic_ai import history_processor, remember

    seen: list[list[ModelMessage]] = []

    def model(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        seen.append(list(messages))
        if len(seen) == 1:
            return ModelResponse(parts=[ToolCallPart("look", {}, tool_call_id="c1")])
        return ModelResponse(parts=[TextPart("In Porto.")])

    agent = Agent(FunctionModel(model), capabilities=[ProcessHistory(history_processor(cm))])

    @agent.tool_plain
    def look() -> str:
        return "a map"

    async def run() -> Any:
        first = await agent.run("Where does Ana live?")
        await agent.run("And what is there?", message_history=first.all_messages())
        return first

    result = asyncio.run(run())
    for messages in seen:
        memory = [part for m in messages for part in m.parts if "Relevant previous" in str(part)]
        assert len(memory) == 1
    remember(cm, result.new_messages())
    (turn,) = cm.short_term_memory.turns
    assert [(m.role, m.text) for m in turn.messages] == [
        ("user", "Where does Ana live?"),
        ("assistant", "[calls look({})]"),
        ("tool", "a map"),
        ("assistant", "In Porto."),
    ]
    assert remember(cm, []) is None
