"""Many conversations at once in one event loop.

Each awaited method does its work in a thread of the manager, so the loop stays free while prompts
are built. Every user has a scope of their own on the same engine.
"""

import asyncio

from context_manager import AsyncContextManager

FACTS = {
    "ada": "My train to Lyon leaves from platform seven.",
    "ben": "My train to Turin leaves from platform two.",
    "cleo": "My train to Basel leaves from platform eleven.",
}


async def converse(cm: AsyncContextManager, fact: str) -> str:
    """Tell one fact, let something else be said, then ask about the fact."""
    await cm.observe_async(fact, "Have a good journey.")
    await cm.observe_async("What is the capital of Peru?", "Lima.")
    return await cm.build_context_async("Which platform do I need?")


async def main() -> None:
    async with AsyncContextManager() as engine:
        users = [engine.scoped(user_id=name) for name in FACTS]
        contexts = await asyncio.gather(*map(converse, users, FACTS.values()))
    for name, fact, context in zip(FACTS, FACTS.values(), contexts, strict=True):
        print(f"--- {name}\n{context}\n")
        others = [other for other in FACTS.values() if other != fact]
        assert fact in context
        assert not any(other in context for other in others)


if __name__ == "__main__":
    asyncio.run(main())
