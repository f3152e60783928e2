"""What calls leave behind goes at once: nothing waits for a collection of garbage."""

from __future__ import annotations

import subprocess
import sys

TURNS = """
import asyncio, gc, sys
from context_manager import AsyncContextManager, Config
from context_manager.config import EmbeddingConfig, MemoryConfig

config = Config(
    embedding=EmbeddingConfig("hash"), memory=MemoryConfig(stm_capacity=60, chunk_size=40)
)

def is_ours(left):
    return str(getattr(left, "__module__", "")).startswith("context_manager")

async def converse(cm, number):
    for day in range(6):
        await cm.observe_async(f"My locker on day {day} is number {number}.", "I wrote that down.")
        await cm.build_context_async("Which locker is mine?")
        await cm.query_memory_async("locker")
    await cm.forget_async(await cm.add_memory_async("The key is under the mat."))

async def main():
    async with AsyncContextManager.open(sys.argv[1], config) as cm:
        await converse(cm, 0)  # what is made once may be made in any way
        users = [cm.scoped(user_id=f"user-{number}") for number in range(5)]
        gc.collect()
        gc.disable()
        gc.set_debug(gc.DEBUG_SAVEALL)
        await asyncio.gather(*map(converse, users, range(5)))
        await cm.run_async(cm.engine.background.drain)
        assert any(entry.kind == "summary" for entry in users[0].long_term_memory.entries)
        gc.collect()
        gc.set_debug(0)
        ours = {f"{left!r:.200}" for left in gc.garbage if is_ours(left)}
        print(*ours, sep="\\n")

asyncio.run(main())
"""


def test_turns_leave_nothing_in_cycles(tmp_path):
    command = [sys.executable, "-c", TURNS, str(tmp_path / "memory.db")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == ""
