"""Plain = awaited = batched, over random conversations."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from context_manager import Config, ContextManager
from context_manager.config import EmbeddingConfig, MemoryConfig
from context_manager.testing.clock import ManualClock
from support.faces import remembered
from support.histories import Said, histories, texts

SMALL = {"stm_capacity": 300, "chunk_size": 10_000, "prompt_token_budget": 4000}


def manager() -> ContextManager:
    config = Config(embedding=EmbeddingConfig("hash"), memory=MemoryConfig(**SMALL))
    return ContextManager(config, clock=ManualClock())


@given(histories, st.lists(texts, min_size=1, max_size=4))
def test_a_conversation_gives_the_same_memory_and_prompts_by_every_face(history, questions):
    said = [step for step in history if isinstance(step, Said)]
    pairs = [(step.user_input, step.assistant_response) for step in said]
    plain, awaited, batched = manager(), manager(), manager()

    async def by_awaiting():
        for pair in pairs:
            await asyncio.gather(awaited.observe_async(*pair), return_exceptions=True)
        return [
            (await asyncio.gather(awaited.build_context_async(text), return_exceptions=True))[0]
            for text in questions
        ]

    for pair in pairs:
        outcome(plain.observe, *pair)
    expected = [outcome(plain.build_context, text) for text in questions]
    assert shown(asyncio.run(by_awaiting())) == shown(expected)
    batched.observe_batch(pairs, return_exceptions=True)
    built = batched.build_context_batch(questions, return_exceptions=True)
    assert shown(built) == shown(expected)
    assert remembered(awaited) == remembered(plain)
    assert remembered(batched) == remembered(plain)
    for cm in (plain, awaited, batched):
        cm.close()


def outcome(function, *arguments):
    try:
        return function(*arguments)
    except Exception as error:  # noqa: BLE001 - what it was is compared
        return error


def shown(results):
    return [(type(result).__name__, str(result)) for result in results]
