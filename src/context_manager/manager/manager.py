"""`ContextManager`: what users hold. Each public method is a thin face over one module beside it.

Decides the surface: names and arguments. What a manager is made of stands in `parts.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Self

from context_manager.config import Config
from context_manager.manager import building, observing, saving
from context_manager.manager.asynchronous import AsyncFace
from context_manager.manager.batching import BatchFace
from context_manager.manager.branching import BranchFace
from context_manager.manager.checking import checked_path
from context_manager.manager.facts import FactFace
from context_manager.manager.parts import ManagerParts
from context_manager.manager.remembering import MemoryFace
from context_manager.manager.upkeep import UpkeepFace
from context_manager.records import Context, Message, Turn
from context_manager.records.provided import read_messages


class ContextManager(
    AsyncFace, BatchFace, BranchFace, FactFace, MemoryFace, UpkeepFace, ManagerParts
):
    """Remembers conversations and builds prompts from all of them.

    The parts `short_term_memory`, `long_term_memory`, `summarizer`, `llm_adapter`,
    `token_counter` and `embedding_provider` may be replaced by assignment; `config` is read anew
    at each call.

    Args:
        config: Settings; the defaults when left out.
        store: Where memory is kept; in process memory when left out.
        scope: Whose memory it is; one fixed default scope when left out.
        clock: Gives the present in seconds since 1970.
        reranker: ``reranker(query, hits) -> scores``: reorders what was found, for instance with a
            cross-encoder over `Hit.passage`; see `memory.hits.Reranker`.
        hooks: Are told of every operation when it has ended; see `manager.hooks.Hook`.

    Example:
        >>> cm = ContextManager()
        >>> _ = cm.observe("My sister Ana lives in Porto", "Noted")
        >>> "Porto" in cm.build_context("Where does my sister live?")
        True
    """

    @classmethod
    def load(cls, path: str | Path, config: Config | None = None, **kwargs: Any) -> Self:
        """An in-memory manager with everything that `save` wrote to ``path``."""
        manager = cls(config, **kwargs)
        saving.load(manager, checked_path(path))
        return manager

    def save(self, path: str | Path) -> None:
        """Write all memory, of all scopes, to one new file that `load` and `open` read.

        Raises:
            InputError: The file exists already.
            StoreError: It cannot be written; there is then nothing of this name.
        """
        saving.save(self, checked_path(path))

    def observe(
        self,
        user_input: str,
        assistant_response: str,
        *,
        metadata: Mapping[str, Any] | None = None,
        timestamp: float | None = None,
        priority: float = 1.0,
    ) -> Turn:
        """Remember one exchange. When it returns, the turn is as durable as the store promises.

        Args:
            user_input: What the user said; "" for nothing.
            assistant_response: What the assistant answered; "" for nothing.
            metadata: JSON-ready values to keep with the turn.
            timestamp: When it was said, seconds since 1970; now when left out.
            priority: 1.0 is neutral; more keeps the turn longer and ranks it higher.

        Raises:
            InputError: Both texts are empty, or a value cannot be stored.
        """
        messages = observing.exchange(user_input, assistant_response)
        return observing.observe(self, messages, metadata, timestamp, priority)

    def observe_messages(
        self,
        messages: Iterable[Message | Mapping[str, Any]],
        *,
        metadata: Mapping[str, Any] | None = None,
        timestamp: float | None = None,
        priority: float = 1.0,
    ) -> Turn:
        """Remember one turn made of any number of messages.

        Args:
            messages: `Message` records, or messages as OpenAI's chat completions and Anthropic's
                messages write them (dicts or the SDKs' objects, with images by reference, tool
                calls and tool results), with ``name`` and ``timestamp`` where there are any.
            metadata, timestamp, priority: As for `observe`.

        Raises:
            InputError: No message with a text, an unknown role, or a value that cannot be stored.
        """
        made = read_messages(messages)
        return observing.observe(self, made, metadata, timestamp, priority)

    def build_context(self, user_input: str) -> str:
        """The finished prompt for an input; see `build`."""
        return self.build(user_input).text

    def build(
        self,
        user_input: str,
        *,
        budget: int | None = None,
        now: float | None = None,
        as_of: float | None = None,
    ) -> Context:
        """The finished prompt for an input, with the account of it.

        Args:
            user_input: What the user says now; it is never cut silently.
            budget: Most tokens; the setting ``memory.prompt_token_budget`` when left out.
            now: The present, seconds since 1970; the clock when left out.
            as_of: Only what was known and held at that time; everything when left out.

        Raises:
            BudgetError: The input alone exceeds the budget.
            InputError: The input is no text, the budget no whole number, or a time no finite one.
        """
        with self.hooks.watch("build", self.scope, {"input": user_input}) as watch:
            self.require_user()
            epoch = self.engine.epoch(self.scope)
            context = building.build(self, user_input, budget, now, as_of, watch)
            key = (user_input, budget, now, as_of)
            self.engine.remember_built(self.scope, key, epoch, context)
        return context

    def explain(
        self, user_input: str, *, budget: int | None = None, now: float | None = None
    ) -> Context:
        """The context that `build` gave last for this input, or a new one: its slots say why."""
        self.require_user()
        context = self.engine.last_built(self.scope, (user_input, budget, now, None))
        return context or self.build(user_input, budget=budget, now=now)
