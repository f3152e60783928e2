"""What a model costs in the background: its tokens per token of conversation, and its cap.

    python -m bench.llm_share DATA... [--page docs/llm.md]

A scripted model answers as long as it is asked to, so that the figures are those of a model that
obeys; prompts and answers are counted by the manager's own counter. Then many threads observe
under a cap, while others ask the same guarded model directly.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bench.quality.report import table, write
from context_manager import Config, ContextManager, MemoryConfig, SpendConfig
from context_manager.errors import SpendLimitError
from context_manager.importing import ImportedTurn, read
from context_manager.llm.adapters import LLMAdapter
from context_manager.manager.guarding import guarded
from context_manager.testing.embedders import HashEmbedder

HEADROOM = 32
"""Tokens by which a request for a summary exceeds its target."""

FACTS = [
    {
        "about": "The user",
        "what": "employer",
        "value": "some company of two words",
        "sentence": "The user works at some company of two words.",
        "ended": False,
        "from": [number],
    }
    for number in (1, 2, 3)
]
"""What is answered where facts are asked for: three, none of which was said."""

THREADS = 8
CAP_SHARE = 0.1


class Obedient(LLMAdapter):
    """Answers a request for a summary with words of its source, as many as wanted."""

    bounded = True

    def __init__(self, counter: Any) -> None:
        self._counter = counter

    async def generate(self, prompt: str, **kwargs: Any) -> str:
        """The answer."""
        return self.generate_sync(prompt, **kwargs)

    def generate_sync(self, prompt: str, **kwargs: Any) -> str:
        """The answer."""
        if "JSON array" in prompt:
            return json.dumps(FACTS)
        said = prompt.rpartition("</")[0]
        target = max(24, int(kwargs.get("max_tokens", 100)) - HEADROOM)
        return str(self._counter.truncate_to_tokens(said[len(said) // 2 :], target))


@dataclass(frozen=True, slots=True)
class Setting:
    """One way to run: a name, short-term memory, and whether facts are looked for."""

    name: str
    memory: MemoryConfig
    facts: str = "off"
    one_session: bool = True


SETTINGS = (
    Setting("as they are: sessions of their own", MemoryConfig(), one_session=False),
    Setting("one long session", MemoryConfig()),
    Setting("one long session, with facts", MemoryConfig(), "llm"),
    Setting("one long session, short memory", MemoryConfig(stm_capacity=2000, chunk_size=1000)),
    Setting(
        "one long session, short memory, with facts",
        MemoryConfig(stm_capacity=2000, chunk_size=1000),
        "llm",
    ),
)


def manager(setting: Setting, spend: SpendConfig | None = None) -> ContextManager:
    """A manager with a model that obeys."""
    settings = Config(memory=setting.memory, facts=setting.facts, spend=spend or SpendConfig())  # type: ignore[arg-type]
    cm = ContextManager(settings)
    cm.embedding_provider = HashEmbedder()
    cm.llm_adapter = Obedient(cm.token_counter)
    cm.summarizer.llm_adapter = cm.llm_adapter
    return cm


def observe(cm: ContextManager, turns: Iterable[ImportedTurn], *, one_session: bool) -> int:
    """Remember a conversation turn by turn; its tokens."""
    tokens = 0
    for turn in turns:
        session = "all" if one_session else turn.session_id
        said = [replace(message, timestamp=None) for message in turn.messages]
        there = cm.scoped(session_id=session)
        tokens += there.observe_messages(said, timestamp=turn.timestamp).token_count
    cm.engine.background.drain()
    return tokens


def share(setting: Setting, chats: Sequence[list[ImportedTurn]]) -> list[str]:
    """A row: tokens said, calls, tokens asked and answered, and their share."""
    open_ended = SpendConfig(tokens_per_hour=None)
    said, lines = 0, Counter[str]()
    for chat in chats:
        cm = manager(setting, open_ended)
        said += observe(cm, chat, one_session=setting.one_session)
        for line in cm.get_stats()["llm"]["ledger"]:
            for name in ("calls", "prompt_tokens", "completion_tokens"):
                lines[name] += line[name]
    total = lines["prompt_tokens"] + lines["completion_tokens"]
    numbers = (said, lines["calls"], lines["prompt_tokens"], lines["completion_tokens"])
    return [setting.name, *(f"{number:,}" for number in numbers), f"{total / said:.2f}"]


def under_load(chats: Sequence[list[ImportedTurn]], cap: int) -> dict[str, Any]:
    """Observe all chats at once, each a user of one manager, while others ask the same model."""
    setting = SETTINGS[-1]
    cm = manager(setting, SpendConfig(tokens_per_hour=cap))
    model = guarded(cm, cm.llm_adapter)
    refused = Counter[str]()

    def ask(number: int) -> None:
        try:
            model.generate_sync(f"What about {number}?", max_tokens=100)
        except SpendLimitError:
            refused["asked directly"] += 1

    with ThreadPoolExecutor(THREADS) as pool:
        jobs = [
            pool.submit(observe, cm.scoped(user_id=str(user)), chat, one_session=True)
            for user, chat in enumerate(chats)
        ]
        jobs += [pool.submit(ask, number) for number in range(200)]
        for job in jobs:
            job.result()
    cm.engine.background.drain()
    told = cm.get_stats()["llm"]
    users = [cm.scoped(user_id=str(user)) for user in range(len(chats))]
    methods: Counter[str] = Counter()
    for user in users:
        methods.update(
            str(entry.metadata.get("method"))
            for entry in user.long_term_memory.entries
            if entry.kind == "summary"
        )
    return {
        "cap, tokens per hour": f"{cap:,}",
        "spent, tokens": f"{told['spent']['tokens']:,}",
        "calls made": f"{told['spent']['calls']:,}",
        "calls refused": f"{sum(line['refused'] for line in told['ledger']):,}",
        "summaries by the model": f"{methods['llm']:,}",
        "summaries without it": f"{methods['extractive']:,}",
        "prompts that say so": f"{sum('llm' in u.build('Hello?').degraded for u in users)} of "
        f"{len(users)}",
    }


def main() -> None:
    """Measure and print, or write into a page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", nargs="+", type=Path)
    parser.add_argument("--page", type=Path)
    given = parser.parse_args()
    chats: dict[str, list[ImportedTurn]] = {}
    for path in given.data:
        for turn in read(path):
            chats.setdefault(f"{path.name}/{turn.conversation_id}", []).append(turn)
    rows = [share(setting, list(chats.values())) for setting in SETTINGS]
    whole = sum(int(rows[-1][place].replace(",", "")) for place in (3, 4))
    load = under_load(list(chats.values()), int(whole * CAP_SHARE))
    head = ["", "tokens said", "calls", "tokens asked", "answered", "per token said"]
    text = "\n".join(
        [
            table(head, rows),
            "",
            f"{THREADS} threads, a cap of a tenth of what the last row took:",
            "",
            table(["figure", "value"], [[name, value] for name, value in load.items()]),
        ]
    )
    if given.page:
        write(given.page, text, "llm")
    else:
        print(text)


if __name__ == "__main__":
    main()
