"""The manager's way to a language model: always behind guards, never in a caller's way.

Decides which model is asked, which limits hold, whose call it is, and when a prompt says that the
model did not do its part. How a guard works is in `llm.guarded`; what is asked is not known here.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from context_manager.config import SpendConfig
from context_manager.llm.guarded import GuardedLLM
from context_manager.llm.local import NoLLMAdapter, as_adapter
from context_manager.llm.spend import Limit, Price, SpendLimits, charged_to

if TYPE_CHECKING:
    from context_manager.manager.manager import ContextManager

SUMMARIES, FACTS = "summaries", "facts"
"""What a model is asked for."""


def model_for_summaries(cm: ContextManager) -> Any | None:
    """The summarizer's model, None if it has none."""
    return _real(getattr(cm.summarizer, "llm_adapter", None))


def model_for_facts(cm: ContextManager) -> Any | None:
    """The model that looks for facts, None if none does."""
    return _real(cm.llm_adapter) if cm.config.facts == "llm" else None


def asks_a_model(cm: ContextManager) -> bool:
    """Whether consolidation may wait for a model, so that nobody may wait for consolidation."""
    return model_for_summaries(cm) is not None or model_for_facts(cm) is not None


def guarded(cm: ContextManager, model: Any) -> GuardedLLM:
    """A model behind the guards that all scopes of this manager share.

    Args:
        cm: The manager; its limits and prices are read anew.
        model: An adapter, or a function as one.
    """
    if isinstance(model, GuardedLLM):
        return model
    governor, spend = cm.engine.governor, cm.settings().spend
    governor.limits = limits(spend)
    governor.prices = {name: Price(*price) for name, price in spend.prices.items()}
    return cm.engine.guard(
        model, lambda: GuardedLLM(as_adapter(model), cm.count, governor=governor)
    )


@contextmanager
def charged(cm: ContextManager, turn_id: str = "") -> Iterator[None]:
    """Charge the model calls made inside to the manager's user."""
    with charged_to("\0".join((cm.scope.tenant_id, cm.scope.user_id)), turn_id):
        yield


def limits(spend: SpendConfig) -> SpendLimits:
    """The limits that the settings say."""
    return SpendLimits(
        turn=Limit(spend.calls_per_turn, spend.tokens_per_turn),
        hour=Limit(spend.calls_per_hour, spend.tokens_per_hour),
        user=Limit(spend.calls_per_user, spend.tokens_per_user),
        total=Limit(spend.calls_in_total, spend.tokens_in_total),
    )


def degraded(cm: ContextManager) -> tuple[str, ...]:
    """``("llm",)`` while the model that should write does not: broken, in vain, or at its limit."""
    models = {FACTS: model_for_facts(cm)}
    if cm.config.memory.summaries:
        models[SUMMARIES] = model_for_summaries(cm)
    asked = {work: model for work, model in models.items() if model is not None}
    if not asked:
        return ()
    guards = map(cm.engine.known_guard, asked.values())
    broken = any(guard.breaker.is_open for guard in guards if guard is not None)
    return ("llm",) if broken or asked.keys() & cm.engine.troubles(cm.scope.partition) else ()


def figures(cm: ContextManager) -> dict[str, Any]:
    """The ledger and where it stands, JSON-ready, without content."""
    guards = cm.engine.guards()
    return {
        "spent": cm.engine.governor.spent(),
        "ledger": cm.engine.governor.ledger(),
        "circuit_open": any(guard.breaker.is_open for guard in guards),
        "troubles": cm.engine.troubles(cm.scope.partition),
    }


def _real(model: Any) -> Any | None:
    return None if isinstance(model, NoLLMAdapter) else model
