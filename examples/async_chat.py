"""Many conversations at once in one event loop.

A manager may be used from any thread, so `asyncio.to_thread` keeps the loop free while a prompt is
built. Every user has a scope of their own on the same engine.
"""

import asyncio

from context_manager import ContextManager

FACTS = {
    "ada": "My train to Lyon leaves from platform seven.",
    "ben": "My train to Turin leaves from platform two.",
    "cleo": "My train to Basel leaves from platform eleven.",
}


async def converse(cm: ContextManager, fact: str) -> str:
    """Tell one fact, let something else be said, then ask about the fact."""
    await asyncio.to_thread(cm.observe, fact, "Have a good journey.")
    await asyncio.to_thread(cm.observe, "What is the capital of Peru?", "Lima.")
    return await asyncio.to_thread(cm.build_context, "Which platform do I need?")


async def main() -> None:
    engine = ContextManager()
    users = [engine.scoped(user_id=name) for name in FACTS]
    contexts = await asyncio.gather(*map(converse, users, FACTS.values()))
    for name, fact, context in zip(FACTS, FACTS.values(), contexts, strict=True):
        print(f"--- {name}\n{context}\n")
        others = [other for other in FACTS.values() if other != fact]
        assert fact in context
        assert not any(other in context for other in others)


if __name__ == "__main__":
    asyncio.run(main())
