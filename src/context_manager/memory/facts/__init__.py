"""Facts that change: found in what was said, kept with sources, replaced but never deleted."""

from context_manager.memory.facts.extracting import extract_facts
from context_manager.memory.facts.fact import Fact, Held
from context_manager.memory.facts.reconcile import Reconciled, reconcile

__all__ = ["Fact", "Held", "Reconciled", "extract_facts", "reconcile"]
